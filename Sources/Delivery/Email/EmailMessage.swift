import Alerts
import Samples
import Text

/// One mail: headers and the text and HTML parts, lines ended by CRLF.
/// Sources: RFC 5322 (message), RFC 2045–2047 (MIME), RFC 3834 (automatic mail).
struct EmailMessage {
    let options: EmailOptions
    let draft: Draft
    let from: Mailbox
    let to: [Mailbox]
    /// The root of the incident's thread, if one is under way.
    let thread: String?
    private var notification: Notification { draft.notification }

    init(options: EmailOptions, draft: Draft, from: Mailbox, to: [Mailbox], thread: String? = nil) {
        self.options = options
        self.draft = draft
        self.from = from
        self.to = to
        self.thread = thread
    }

    private static let columns = 72

    /// Headers that the message sets itself, and a configuration can't replace.
    private static let ours: Set<String> = ["mime-version", "content-type", "content-transfer-encoding"]
    private static let addressed: Set<String> = ["from", "to", "cc", "reply-to", "sender"]
    private static let copied: Set<String> = ["cc", "bcc"]
    private static let identifiers: Set<String> = ["message-id", "references", "in-reply-to"]

    /// Recipients in the configuration's Cc and Bcc headers, who get the mail too.
    var copies: [Mailbox] {
        options.headers.sorted { $0.key < $1.key }.filter { EmailMessage.copied.contains($0.key.lowercased()) }
            .flatMap { Mailbox.list(draft.content($0.value)) }
    }

    var bytes: [UInt8] {
        var out = headers.map(\.text).joined()
        // The boundary can't occur in a part: there `=` is always followed by hex digits or a line's end.
        let boundary = "=_vaultwatch_" + identity.prefix(24)
        out += "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"\(boundary)\"\r\n\r\n"
        func part(_ type: String, _ content: String) {
            out +=
                "--\(boundary)\r\nContent-Type: \(type); charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            out += QuotedPrintable.encode(content) + "\r\n"
        }
        if !options.text.isEmpty {
            let text = draft.content(options.text, else: EmailOptions.defaultText)
            // A user's own text is left as it is.
            let isOwn = options.text != EmailOptions.defaultText || draft.redefined.contains("email.default.text")
            part("text/plain", isOwn ? text : PlainText.wrapped(text, columns: EmailMessage.columns))
        }
        // Without both parts, as for SMS gateways, the mail has an empty text: a multipart needs a part.
        if options.text.isEmpty, options.html.isEmpty { part("text/plain", "") }
        if !options.html.isEmpty {
            part("text/html", draft.markup(options.html, else: #"{{ template "email.default.html" . }}"#))
        }
        return Array((out + "--\(boundary)--\r\n").utf8)
    }

    /// The same for each attempt to send one message, so that a mail program recognises a second copy.
    private var identity: String {
        Digest.sha256(
            "\(notification.receiver)\n\(notification.integration)\n\(notification.groupKey)\n\(notification.decidedAt.milliseconds)\n\(notification.reason.rawValue)"
        )
    }

    private struct Field {
        var name: String
        var text: String
    }

    private var headers: [Field] {
        var fields: [Field] = [
            Field(name: "from", text: EmailHeaders.field("From", parts: [from.headerText])),
            Field(name: "to", text: EmailHeaders.field("To", parts: to.map(\.headerText), separator: ",")),
            Field(name: "subject", text: EmailHeaders.field("Subject", text: subject(EmailOptions.defaultSubject))),
            Field(name: "date", text: EmailHeaders.field("Date", parts: [notification.decidedAt.mailDate])),
            Field(
                name: "message-id",
                text: EmailHeaders.field("Message-Id", parts: ["<\(identity.prefix(32))@\(domain)>"])),
        ]
        if let root = threadRoot {
            fields.append(Field(name: "in-reply-to", text: EmailHeaders.field("In-Reply-To", parts: [root])))
            fields.append(Field(name: "references", text: EmailHeaders.field("References", parts: [root])))
        }
        fields.append(
            Field(name: "auto-submitted", text: EmailHeaders.field("Auto-Submitted", parts: ["auto-generated"])))
        fields.append(Field(name: "list-id", text: EmailHeaders.field("List-Id", parts: ["<\(listID)>"])))
        fields.append(
            Field(
                name: "x-vaultwatch-status",
                text: EmailHeaders.field("X-Vaultwatch-Status", parts: [notification.status.rawValue])))
        if notification.severity == .critical, notification.status == .firing {
            fields.append(Field(name: "importance", text: EmailHeaders.field("Importance", parts: ["high"])))
        }
        for (name, template) in options.headers.sorted(by: { $0.key < $1.key }) {
            let lower = name.lowercased()
            // The recipients of a Bcc are not shown: RFC 5322, 3.6.3.
            guard EmailHeaders.isFieldName(name), !EmailMessage.ours.contains(lower), lower != "bcc",
                let text = own(name, lower, template)
            else { continue }
            let field = Field(name: lower, text: text)
            if let index = fields.firstIndex(where: { $0.name == lower }) {
                fields[index] = field
            } else {
                fields.append(field)
            }
        }
        return fields
    }

    /// A header of the configuration; nil if its value is unusable.
    private func own(_ name: String, _ lower: String, _ template: String) -> String? {
        if lower == "subject" { return EmailHeaders.field("Subject", text: subject(template)) }
        let value = draft.content(template)
        if EmailMessage.addressed.contains(lower) {
            let mailboxes = Mailbox.list(value)
            return mailboxes.isEmpty
                ? nil : EmailHeaders.field(name, parts: mailboxes.map(\.headerText), separator: ",")
        }
        if EmailMessage.identifiers.contains(lower) { return EmailHeaders.field(name, parts: [value]) }
        return EmailHeaders.field(name, text: value)
    }

    private func subject(_ template: String) -> String {
        let text = EmailHeaders.oneLine(draft.content(template, else: EmailOptions.defaultSubject))
        // Mail programs show less than this, and some servers refuse more.
        return (text.isEmpty ? draft.plainText : text).truncated(toRunes: 240)
    }

    /// `team.vaultwatch.example.org`, by which mail programs sort the mails to a receiver. Source: RFC 2919.
    private var listID: String {
        let label = notification.receiver.lowercased().unicodeScalars.prefix(60).map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                ? String(scalar) : "-"
        }.joined()
        return "\(label.isEmpty ? "receiver" : label).vaultwatch.\(domain)"
    }

    /// A stable root for all mails of an incident or a group (and day), so that mail programs show them as one thread.
    var threadRoot: String? {
        let key = Digest.sha256(notification.receiver + "\n" + notification.groupKey).prefix(32)
        switch options.threading {
        case .off: return nil
        // It begins with the time, since of too many threads the smallest root is forgotten first.
        case .incident: return thread ?? "<\(notification.decidedAt.milliseconds).\(key)@\(domain)>"
        case .group: return "<\(key)@\(domain)>"
        case .daily: return "<\(key).\(notification.decidedAt.rfc3339.prefix(10))@\(domain)>"
        }
    }

    private var domain: String {
        let domain = from.domain
        let isPlain =
            !domain.isEmpty
            && domain.utf8.allSatisfy {
                ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || $0 == 0x2d || $0 == 0x2e
            }
        return isPlain ? domain : "localhost"
    }
}
