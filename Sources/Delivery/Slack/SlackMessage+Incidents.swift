import Alerts
import Samples
import Text

/// One incident, or one alert that belongs to none, as blocks.
extension SlackMessage {
    private static let lineRunes = 250
    private static let textRunes = 1400
    private static let headRunes = 300
    private static let nameRunes = 120
    private static let toldRunes = 700
    /// Three steps with a command each stay below a section's limit.
    private static let stepRunes = 400

    /// The message's alerts that belong to no incident shown, the firing ones first.
    var otherAlerts: [Alert] {
        IncidentText.alerts(draft.notification.firing + draft.notification.resolved, outside: draft.incidentTexts)
    }

    /// Up to eight blocks: the facts, what to do, the consequences, what was seen, who was told, links as buttons,
    /// fields, labels.
    func fullBlocks(_ telling: Telling) -> [JSON] {
        var blocks = [SlackMessage.section((head(telling) + facts(telling)).joined(separator: "\n"))]
        if !telling.steps.isEmpty {
            blocks.append(SlackMessage.list("What to do:", telling.steps.enumerated().map(SlackMessage.step)))
        }
        if !telling.consequences.isEmpty {
            blocks.append(
                SlackMessage.list(
                    telling.isOver ? "It led to:" : "Therefore:",
                    telling.consequences.map { "• " + SlackMessage.line($0) }))
        }
        if !telling.timeline.isEmpty {
            blocks.append(
                SlackMessage.list("What was seen (\(telling.zone)):", telling.timeline.map(SlackMessage.line)))
        }
        if !telling.told.isEmpty {
            let lines = telling.told.map { SlackText.escaped($0, limit: SlackMessage.toldRunes) }
            blocks.append(SlackMessage.section(lines.joined(separator: "\n")))
        }
        let buttons = linkButtons(telling)
        if !buttons.isEmpty {
            blocks.append(.object([("type", .string("actions")), ("elements", .array(buttons))]))
        }
        blocks.append(.object([("type", .string("section")), ("fields", .array(SlackMessage.fields(telling)))]))
        blocks.append(SlackMessage.context(SlackMessage.identity(telling)))
        return blocks
    }

    /// Two blocks, for those beyond the first.
    func shortBlocks(_ telling: Telling) -> [JSON] {
        let lines = head(telling) + telling.steps.prefix(1).enumerated().map(SlackMessage.step)
        return [
            SlackMessage.section(lines.joined(separator: "\n")),
            SlackMessage.context(SlackMessage.identity(telling)),
        ]
    }

    private func head(_ telling: Telling) -> [String] {
        if telling.isOver {
            // No check mark while others still fire: it would read as the all-clear.
            let sign = draft.notification.stillFiring.isEmpty ? ":white_check_mark: " : ""
            let ending = telling.ending.prefix(1).uppercased() + telling.ending.dropFirst()
            return [
                "\(sign)*\(SlackText.escaped(ending, limit: SlackMessage.headRunes))*",
                "It said: \(SlackText.escaped(telling.what, limit: SlackMessage.headRunes))",
            ]
        }
        let what = SlackText.escaped(telling.what, limit: SlackMessage.headRunes)
        let impact = SlackText.escaped(telling.impact, limit: SlackMessage.headRunes)
        let because = SlackText.escaped(telling.because, limit: SlackMessage.textRunes)
        let title = "\(SlackMessage.sign(telling.severity)) *\(what)*"
        return [title, impact.isEmpty ? "" : "*\(impact)*", because].filter { !$0.isEmpty }
    }

    private func facts(_ telling: Telling) -> [String] {
        [SlackMessage.line(telling.since)] + telling.changed.map { "*\(SlackMessage.line($0))*" }
    }

    private static func step(_ index: Int, _ step: ActionStep) -> String {
        let commands = step.commands.map { "\n```\(SlackText.escaped($0, limit: stepRunes))```" }
        let title = SlackText.escaped(step.title, limit: stepRunes)
        return "\(index + 1). \(title)\(commands.isEmpty ? "" : ":")\(commands.joined())"
    }

    /// The links as buttons; those that buttons of our own stand for are left out.
    private func linkButtons(_ telling: Telling) -> [JSON] {
        let isOwn = options.socketToken != nil
        return telling.links.filter { !isOwn || $0.purpose != .acknowledge && $0.purpose != .silence }.map { link in
            .object([
                ("type", .string("button")),
                ("text", .object([("type", .string("plain_text")), ("text", .string(link.text))])),
                ("style", link.purpose == .acknowledge ? .string("primary") : nil), ("url", .string(link.href)),
            ])
        }
    }

    private static func fields(_ telling: Telling) -> [JSON] {
        var fields = [("Severity", telling.severity.rawValue)]
        if let cluster = telling.cause.labels["cluster"], !cluster.isEmpty { fields.append(("Cluster", cluster)) }
        if let endsAt = telling.endsAt {
            fields.append(("Lasted", IncidentText.duration(endsAt - telling.startsAt)))
        } else {
            fields.append(("On it", telling.owner.isEmpty ? "nobody yet" : telling.owner))
        }
        return fields.map { name, value in
            markdown("*\(name)*\n\(SlackText.escaped(value, limit: nameRunes))")
        }
    }

    private static func list(_ title: String, _ lines: [String]) -> JSON {
        section((["*\(title)*"] + lines).joined(separator: "\n"))
    }

    private static func line(_ text: String) -> String { SlackText.escaped(text, limit: lineRunes) }

    private static func identity(_ telling: Telling) -> String {
        let labels = telling.labels.map { "\($0.name)=\($0.value)" }
        let severity = telling.cause.labels["severity"] ?? telling.severity.rawValue
        let since = "since \(date(telling.startsAt))"
        let span = telling.endsAt.map { "\(since), until \(date($0))" } ?? since
        let words = ([telling.cause.name, severity] + labels).joined(separator: " · ")
        return SlackText.escaped(words, limit: 1500) + " · " + span
    }

    /// For a message whose form Slack has rejected.
    func incidentLines() -> [String] {
        draft.incidentTexts.flatMap { incidentText in
            ["• \(SlackMessage.line(incidentText.summary))"]
                + incidentText.effects.map { "   • \(SlackMessage.line($0))" }
        }
    }
}
