import Alerts
import Samples
import Text

/// Incidents with consequences, above the alerts that belong to none.
extension SlackMessage {
    private static let effectRunes = 200
    private static let textRunes = 1400

    /// The message's alerts that no incident tells, the firing ones first.
    var otherAlerts: [Alert] {
        (draft.notification.firing + draft.notification.resolved).filter { alert in
            !draft.stories.contains { $0.tells(alert) }
        }
    }

    /// Up to six blocks for each of at most five incidents.
    func storyBlocks() -> [JSON] {
        draft.stories.flatMap { story in
            var blocks = [SlackMessage.section(head(story).joined(separator: "\n"))]
            blocks.append(
                SlackMessage.list(
                    story.isOver ? "It led to:" : "Therefore:", story.effects.map { "• " + SlackMessage.effect($0) }))
            if !story.actions.isEmpty {
                blocks.append(
                    SlackMessage.list(
                        "What to do:", story.actions.map { SlackText.escaped($0, limit: SlackMessage.textRunes) }))
            }
            blocks.append(SlackMessage.list("What was seen (UTC):", story.timeline.map(SlackMessage.effect)))
            let links = story.links.filter { $0.href.utf8.count < 400 }.map {
                SlackText.link($0.href, $0.text, limit: 20)
            }
            if !links.isEmpty { blocks.append(SlackMessage.section(links.joined(separator: " · "))) }
            blocks.append(SlackMessage.context(SlackMessage.identity(story)))
            return blocks
        }
    }

    private func head(_ story: IncidentStory) -> [String] {
        if story.isOver {
            // No tick where others still fire: it would read as the all-clear.
            let sign = draft.notification.stillFiring.isEmpty ? ":white_check_mark:" : ""
            let ending = story.ending.prefix(1).uppercased() + story.ending.dropFirst()
            return [
                "\(sign) *\(SlackText.escaped(ending, limit: 300))*",
                "It said: \(SlackText.escaped(story.summary, limit: 300))",
            ]
        }
        let sign = SlackMessage.sign(story.incident.severity)
        let title = "\(sign) *\(SlackText.escaped(story.summary, limit: 300))*"
        return story.description.isEmpty
            ? [title] : [title, SlackText.escaped(story.description, limit: SlackMessage.textRunes)]
    }

    private static func list(_ title: String, _ lines: [String]) -> JSON {
        section((["*\(title)*"] + lines).joined(separator: "\n"))
    }

    private static func effect(_ text: String) -> String { SlackText.escaped(text, limit: effectRunes) }

    private static func identity(_ story: IncidentStory) -> String {
        let labels = story.cause.labels.pairs.filter { $0.name != "alertname" && $0.name != "severity" }.map {
            "\($0.name)=\($0.value)"
        }
        let words = [story.cause.name, story.incident.severity.rawValue] + labels
        let since = "since \(date(story.incident.startsAt))"
        let span = story.endsAt.map { "\(since), until \(date($0))" } ?? since
        return SlackText.escaped(words.joined(separator: " · "), limit: 1500) + " · " + span
    }

    /// For a message whose form Slack has refused.
    func storyLines() -> [String] {
        draft.stories.flatMap { story in
            ["• \(SlackText.escaped(story.summary, limit: SlackMessage.effectRunes))"]
                + story.effects.map { "   • \(SlackMessage.effect($0))" }
        }
    }
}
