import Alerts
import GoTemplate
import Samples
import Text

/// One notification as a Slack message: the title as its text, which phones and clients without blocks show, and below
/// it a coloured attachment with the alerts.
/// Sources: api.slack.com/reference/block-kit/blocks, api.slack.com/reference/messaging/attachments.
struct SlackMessage {
    let options: SlackOptions
    let draft: Draft
    private var notification: Notification { draft.notification }

    init(options: SlackOptions, draft: Draft) {
        self.options = options
        self.draft = draft
    }

    private static let titleRunes = 1024
    /// Slack's limit on a section's text.
    private static let sectionRunes = 3000
    private static let fieldRunes = 2000
    private static let contextRunes = 2000
    private static let classicTextRunes = 8000
    /// An attachment may have 50 blocks; each alert takes two.
    private static let maxAlerts = 20
    private static let maxFields = 10
    static let maxActions = 5
    private static let urlRunes = 3000

    func payload(thread: String?) throws(DeliveryError) -> JSON {
        let title = draft.content(options.title, else: SlackMessage.defaultTitle).truncated(
            toRunes: SlackMessage.titleRunes)
        let fallback = draft.content(options.fallback, else: SlackMessage.defaultTitle).truncated(
            toRunes: SlackMessage.titleRunes)
        let pretext = draft.content(options.pretext).truncated(toRunes: SlackMessage.classicTextRunes)
        var attachment: [(String, JSON?)] = [("color", .string(color)), ("fallback", .string(fallback))]
        attachment.append(("callback_id", optional(options.callbackID)))
        if options.blocks {
            attachment.append(("blocks", .array(blocks())))
        } else {
            attachment += classic(title, pretext)
        }
        var text = fallback
        if options.blocks {
            text = "*\(SlackText.link(draft.content(options.titleLink), title, limit: SlackMessage.titleRunes))*"
            if !pretext.isEmpty { text = pretext + "\n" + text }
        }
        let own = draft.content(options.messageText).truncated(toRunes: SlackMessage.classicTextRunes)
        if !own.isEmpty { text = own }
        return .object([
            ("channel", nonEmpty(try draft.address(options.channel))), ("username", optional(options.username)),
            ("icon_emoji", optional(options.iconEmoji)), ("icon_url", optional(options.iconURL)),
            ("link_names", options.linkNames ? .bool(true) : nil), ("thread_ts", thread.map { .string($0) }),
            ("text", .string(text)),
            ("attachments", .array([.object(attachment)])),
        ])
    }

    private static let defaultTitle = #"{{ template "slack.default.title" . }}"#
    private static let defaultColor = #"{{ template "slack.default.color" . }}"#

    private var color: String {
        draft.content(options.color, else: SlackMessage.defaultColor).filter { !$0.isWhitespace }
    }

    func nonEmpty(_ text: String) -> JSON? { text.isEmpty ? nil : .string(text) }
    func optional(_ template: String) -> JSON? {
        nonEmpty(draft.content(template).truncated(toRunes: SlackMessage.urlRunes))
    }

    // MARK: Alertmanager's attachment

    private func classic(_ title: String, _ pretext: String) -> [(String, JSON?)] {
        var members: [(String, JSON?)] = [
            ("title", .string(title)), ("title_link", optional(options.titleLink)), ("pretext", nonEmpty(pretext)),
            (
                "text",
                .string(
                    draft.content(options.text, else: #"{{ template "slack.default.text" . }}"#).truncated(
                        toRunes: SlackMessage.classicTextRunes))
            ),
            ("image_url", optional(options.imageURL)), ("thumb_url", optional(options.thumbURL)),
            ("footer", optional(options.footer)),
            ("mrkdwn_in", .array(options.markdownIn.map { .string($0) })),
        ]
        let fields = options.fields.prefix(100).map { field in
            JSON.object([
                ("title", .string(draft.content(field.title).truncated(toRunes: SlackMessage.fieldRunes))),
                ("value", .string(draft.content(field.value).truncated(toRunes: SlackMessage.fieldRunes))),
                ("short", .bool(field.short ?? options.shortFields)),
            ])
        }
        if !fields.isEmpty { members.append(("fields", .array(fields))) }
        if !options.actions.isEmpty { members.append(("actions", .array(classicActions()))) }
        return members
    }

    // MARK: Blocks

    private func blocks() -> [JSON] {
        var blocks = hasOwnText ? textBlocks() : alertBlocks()
        if let first = blocks.first, let image = thumbnail { blocks[0] = first.adding("accessory", image) }
        let fields = options.fields.prefix(SlackMessage.maxFields).map { field in
            let title = SlackText.markup(draft.content(field.title), limit: 200)
            return SlackMessage.markdown(
                SlackText.markup("*\(title)*\n" + draft.content(field.value), limit: SlackMessage.fieldRunes))
        }
        if !fields.isEmpty { blocks.append(.object([("type", .string("section")), ("fields", .array(fields))])) }
        let image = draft.content(options.imageURL)
        if SlackText.isLink(image) {
            blocks.append(
                .object([
                    ("type", .string("image")), ("image_url", .string(image)), ("alt_text", .string(draft.plainText)),
                ]))
        }
        blocks += dutyBlocks() + actionBlocks()
        let footer = SlackText.markup(draft.content(options.footer), limit: SlackMessage.contextRunes)
        if !footer.isEmpty { blocks.append(SlackMessage.context(footer)) }
        return blocks
    }

    /// Whether the text is the user's own, from the configuration or from a template file.
    private var hasOwnText: Bool {
        options.text != SlackOptions.defaultText || draft.redefined.contains("slack.default.text")
    }

    private func alertBlocks() -> [JSON] {
        let alerts = otherAlerts
        var blocks = incidentBlocks()
        // Each takes two blocks, of the 40 that are available for alerts and incidents.
        let limit = max(0, SlackMessage.maxAlerts - (blocks.count + 1) / 2)
        for alert in alerts.prefix(limit) {
            let isResolved = alert.status(at: notification.decidedAt) == .resolved
            let lines = isResolved ? endLines(alert) : SlackMessage.lines(alert)
            blocks.append(SlackMessage.section(lines.joined(separator: "\n")))
            let since = "since \(SlackMessage.date(alert.startsAt))"
            let span = isResolved ? "\(since), until \(alert.endsAt.map(SlackMessage.date) ?? "now")" : since
            let identity = alert.labels.pairs.filter { $0.name != "alertname" && $0.name != "severity" }.map {
                "\($0.name)=\($0.value)"
            }
            let words = ([alert.name, alert.labels["severity"] ?? alert.severity.rawValue] + identity).joined(
                separator: " · ")
            blocks.append(SlackMessage.context(SlackText.escaped(words, limit: 1500) + " · " + span))
        }
        let left = max(0, alerts.count - limit) + notification.truncatedAlerts
        if left > 0 { blocks.append(SlackMessage.context("… and \(left) more")) }
        if !stillLines.isEmpty { blocks.append(SlackMessage.section(stillLines.joined(separator: "\n"))) }
        let answering = TemplateData.answering(notification)
        if !answering.isEmpty {
            let names = SlackText.escaped(answering.joined(separator: ", "), limit: 600)
            blocks.append(SlackMessage.context("Responding, so not the cause: \(names)"))
        }
        let acknowledgements = TemplateData.acknowledgements(notification).map { SlackText.escaped($0, limit: 300) }
        if !acknowledgements.isEmpty { blocks.append(SlackMessage.section(acknowledgements.joined(separator: "\n"))) }
        return blocks
    }

    private static func lines(_ alert: Alert) -> [String] {
        var lines = ["\(sign(alert.severity)) *\(SlackText.escaped(SlackMessage.summary(alert), limit: 300))*"]
        if let text = alert.annotations["description"] ?? alert.annotations["message"] {
            lines.append(SlackText.escaped(text, limit: 1500))
        }
        if let action = alert.annotations["action"] {
            lines.append("*Action:* " + SlackText.escaped(action, limit: 600))
        }
        if let runbook = alert.annotations["runbook_url"], SlackText.isLink(runbook), runbook.utf8.count < 400 {
            lines.append(SlackText.link(runbook, "Runbook", limit: 20))
        }
        return lines
    }

    /// No check mark while others still fire: it would read as the all-clear.
    private func endLines(_ alert: Alert) -> [String] {
        let sign = notification.stillFiring.isEmpty ? ":white_check_mark: " : ""
        let end = "\(sign)*\(SlackText.escaped(SlackMessage.end(alert), limit: 300))*"
        let summary = SlackMessage.summary(alert)
        return summary == alert.name ? [end] : [end, "It said: \(SlackText.escaped(summary, limit: 300))"]
    }

    /// The alerts that still fire beside resolved ones.
    var stillLines: [String] {
        notification.stillFiring.map {
            "\(SlackMessage.sign($0.severity)) Still firing: \(SlackText.escaped(SlackMessage.summary($0), limit: 300))"
        }
    }

    static func summary(_ alert: Alert) -> String {
        alert.annotations["summary"] ?? alert.annotations["title"] ?? alert.name
    }

    /// The alert's end and duration.
    static func end(_ alert: Alert) -> String {
        guard let endsAt = alert.endsAt else { return "\(alert.name) is over" }
        return "\(alert.name) is over after \(Humanize.duration((endsAt - alert.startsAt).seconds))"
    }

    /// A user's own text, in as many sections as needed.
    private func textBlocks() -> [JSON] {
        let text = Array(
            draft.content(options.text, else: SlackOptions.defaultText).unicodeScalars.prefix(
                4 * SlackMessage.sectionRunes))
        return stride(from: 0, to: text.count, by: SlackMessage.sectionRunes).compactMap { start in
            var piece = String.UnicodeScalarView()
            piece.append(contentsOf: text[start..<min(start + SlackMessage.sectionRunes, text.count)])
            let section = String(piece)
            // Slack rejects a message with an empty section.
            return section.allSatisfy(\.isWhitespace) ? nil : SlackMessage.section(section)
        }
    }

    private var thumbnail: JSON? {
        let url = draft.content(options.thumbURL)
        guard SlackText.isLink(url) else { return nil }
        return .object([("type", .string("image")), ("image_url", .string(url)), ("alt_text", .string("thumbnail"))])
    }

    private static func markdown(_ text: String) -> JSON {
        .object([("type", .string("mrkdwn")), ("text", .string(text.truncated(toRunes: sectionRunes)))])
    }
    static func section(_ text: String) -> JSON {
        .object([("type", .string("section")), ("text", markdown(text))])
    }
    static func context(_ text: String) -> JSON {
        .object([("type", .string("context")), ("elements", .array([markdown(text)]))])
    }

    /// Shown in the reader's time zone; in UTC if a client can't.
    static func date(_ time: Timestamp) -> String {
        "<!date^\(time.milliseconds / 1000)^{date_short_pretty} {time_secs}|\(Timestamp(milliseconds: time.milliseconds / 1000 * 1000).rfc3339)>"
    }

    static func sign(_ severity: Severity) -> String {
        switch severity {
        case .critical: ":red_circle:"
        case .high: ":large_orange_circle:"
        case .medium: ":large_yellow_circle:"
        case .low, .unknown: ":large_blue_circle:"
        }
    }
}
