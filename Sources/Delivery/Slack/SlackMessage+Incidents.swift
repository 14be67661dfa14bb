import Alerts
import Samples
import Text

/// Incidents with consequences, shown above the alerts that belong to none.
extension SlackMessage {
    private static let effectRunes = 200
    private static let textRunes = 1400

    /// The message's alerts that belong to no incident shown, the firing ones first.
    var otherAlerts: [Alert] {
        IncidentText.alerts(draft.notification.firing + draft.notification.resolved, outside: draft.incidentTexts)
    }

    /// Up to six blocks for each of at most five incidents.
    func incidentBlocks() -> [JSON] {
        draft.incidentTexts.flatMap { incidentText in
            var blocks = [SlackMessage.section(head(incidentText).joined(separator: "\n"))]
            blocks.append(
                SlackMessage.list(
                    incidentText.isOver ? "It led to:" : "Therefore:",
                    incidentText.effects.map { "• " + SlackMessage.effect($0) }))
            if !incidentText.actions.isEmpty {
                blocks.append(
                    SlackMessage.list(
                        "What to do:", incidentText.actions.map { SlackText.escaped($0, limit: SlackMessage.textRunes) }
                    ))
            }
            blocks.append(SlackMessage.list("What was seen (UTC):", incidentText.timeline.map(SlackMessage.effect)))
            let links = incidentText.links.filter { $0.href.utf8.count < 400 }.map {
                SlackText.link($0.href, $0.text, limit: 20)
            }
            if !links.isEmpty { blocks.append(SlackMessage.section(links.joined(separator: " · "))) }
            blocks.append(SlackMessage.context(SlackMessage.identity(incidentText)))
            return blocks
        }
    }

    private func head(_ incidentText: IncidentText) -> [String] {
        if incidentText.isOver {
            // No check mark while others still fire: it would read as the all-clear.
            let sign = draft.notification.stillFiring.isEmpty ? ":white_check_mark:" : ""
            let ending = incidentText.ending.prefix(1).uppercased() + incidentText.ending.dropFirst()
            return [
                "\(sign) *\(SlackText.escaped(ending, limit: 300))*",
                "It said: \(SlackText.escaped(incidentText.summary, limit: 300))",
            ]
        }
        let sign = SlackMessage.sign(incidentText.incident.severity)
        let title = "\(sign) *\(SlackText.escaped(incidentText.summary, limit: 300))*"
        return incidentText.description.isEmpty
            ? [title] : [title, SlackText.escaped(incidentText.description, limit: SlackMessage.textRunes)]
    }

    private static func list(_ title: String, _ lines: [String]) -> JSON {
        section((["*\(title)*"] + lines).joined(separator: "\n"))
    }

    private static func effect(_ text: String) -> String { SlackText.escaped(text, limit: effectRunes) }

    private static func identity(_ incidentText: IncidentText) -> String {
        let labels = incidentText.cause.labels.pairs.filter { $0.name != "alertname" && $0.name != "severity" }.map {
            "\($0.name)=\($0.value)"
        }
        let words = [incidentText.cause.name, incidentText.incident.severity.rawValue] + labels
        let since = "since \(date(incidentText.incident.startsAt))"
        let span = incidentText.endsAt.map { "\(since), until \(date($0))" } ?? since
        return SlackText.escaped(words.joined(separator: " · "), limit: 1500) + " · " + span
    }

    /// For a message whose form Slack has rejected.
    func incidentLines() -> [String] {
        draft.incidentTexts.flatMap { incidentText in
            ["• \(SlackText.escaped(incidentText.summary, limit: SlackMessage.effectRunes))"]
                + incidentText.effects.map { "   • \(SlackMessage.effect($0))" }
        }
    }
}
