import Alerts
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
    /// Slack's limit on the blocks of an attachment.
    private static let maxBlocks = 50
    /// So many of the message's incidents and alerts are shown with all that is known; the others in two blocks each.
    private static let maxFull = 3
    private static let maxFields = 10
    static let maxActions = 5
    private static let urlRunes = 3000

    func payload(thread: String?) throws(DeliveryError) -> JSON {
        let (text, attachment) = content
        return .object([
            ("channel", nonEmpty(try draft.address(options.channel))), ("username", optional(options.username)),
            ("icon_emoji", optional(options.iconEmoji)), ("icon_url", optional(options.iconURL)),
            ("link_names", options.linkNames ? .bool(true) : nil), ("thread_ts", thread.map { .string($0) }),
            ("text", .string(text)), ("attachments", .array([attachment])),
        ])
    }

    /// The payload that gives an earlier message this one's content.
    func edited(channel: String, message: String) -> JSON {
        let (text, attachment) = content
        return .object([
            ("channel", .string(channel)), ("ts", .string(message)), ("text", .string(text)),
            ("attachments", .array([attachment])),
        ])
    }

    private var content: (text: String, attachment: JSON) {
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
        return (text, .object(attachment))
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
        var tail: [JSON] = []
        let fields = options.fields.prefix(SlackMessage.maxFields).map { field in
            let title = SlackText.markup(draft.content(field.title), limit: 200)
            return SlackMessage.markdown(
                SlackText.markup("*\(title)*\n" + draft.content(field.value), limit: SlackMessage.fieldRunes))
        }
        if !fields.isEmpty { tail.append(.object([("type", .string("section")), ("fields", .array(fields))])) }
        let image = draft.content(options.imageURL)
        if SlackText.isLink(image) {
            tail.append(
                .object([
                    ("type", .string("image")), ("image_url", .string(image)), ("alt_text", .string(draft.plainText)),
                ]))
        }
        tail += dutyBlocks() + actionBlocks()
        let footer = SlackText.markup(draft.content(options.footer), limit: SlackMessage.contextRunes)
        if !footer.isEmpty { tail.append(SlackMessage.context(footer)) }
        var blocks = hasOwnText ? textBlocks() : alertBlocks(limit: SlackMessage.maxBlocks - tail.count)
        if let first = blocks.first, let image = thumbnail { blocks[0] = first.adding("accessory", image) }
        return blocks + tail
    }

    /// Whether the text is the user's own, from the configuration or from a template file.
    var hasOwnText: Bool {
        options.text != SlackOptions.defaultText || draft.redefined.contains("slack.default.text")
    }

    /// The message's incidents and alerts in the order of `Draft.tellings`, and what else is to be said.
    private func alertBlocks(limit: Int) -> [JSON] {
        var rest: [JSON] = []
        if !stillLines.isEmpty { rest.append(SlackMessage.section(stillLines.joined(separator: "\n"))) }
        let answering = TemplateData.answering(notification)
        if !answering.isEmpty {
            let names = SlackText.escaped(answering.joined(separator: ", "), limit: 600)
            rest.append(SlackMessage.context("Responding, so not the cause: \(names)"))
        }
        var blocks: [JSON] = []
        var shown = 0
        // One more for the number of those left out.
        let room = limit - rest.count - 1
        for telling in draft.tellings {
            let next = shown < SlackMessage.maxFull ? fullBlocks(telling) : shortBlocks(telling)
            if blocks.count + next.count > room { break }
            blocks += next
            shown += 1
        }
        let left =
            Telling.untold(notification, draft.incidentTexts, draft.tellings) + draft.tellings.count - shown
        if left > 0 { blocks.append(SlackMessage.context("… and \(left) more")) }
        return blocks + rest
    }

    /// The alerts that still fire beside resolved ones.
    var stillLines: [String] {
        zip(notification.stillFiring, draft.stillLines).map { alert, line in
            "\(SlackMessage.sign(alert.severity)) Still firing: \(SlackText.escaped(line, limit: 300))"
        }
    }

    static func summary(_ alert: Alert) -> String {
        alert.annotations["summary"] ?? alert.annotations["title"] ?? alert.name
    }

    /// The alert's end and duration.
    static func end(_ alert: Alert) -> String { "\(alert.name) is \(MessageTitle.end(alert))" }

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

    static func markdown(_ text: String) -> JSON {
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
