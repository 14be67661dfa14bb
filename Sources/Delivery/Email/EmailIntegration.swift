import Alerts
import Platform
import Samples
import Transport

/// Mail over SMTP: text and HTML, threaded by group.
/// Sources: RFC 5322 (message), RFC 2045–2047 (MIME).
struct EmailIntegration: Integration {
    let options: EmailOptions
    let mail: any MailSender
    let composer: Composer
    let random: any RandomSource

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            var request = MailRequest(host: options.host, port: options.port, from: "", recipients: [], message: [])
            let from = try composer.expand(options.from, notification)
            let to = try composer.expand(options.to, notification)
            request.recipients = EmailIntegration.addresses(to)
            request.from = EmailIntegration.addresses(from).first ?? from
            guard !request.recipients.isEmpty else { throw DeliveryError(.clientError, retryable: false, "no recipient in \"to\"") }
            request.message = try message(notification, from: from, to: to)
            request.security = options.security
            request.tls = options.tls
            request.credentials = options.credentials
            request.hello = options.hello
            request.timeout = options.timeout
            return try await hand(request)
        } catch {
            return .failed(error)
        }
    }

    private func hand(_ request: MailRequest) async throws(DeliveryError) -> DeliveryOutcome {
        let reply: MailReply
        do {
            reply = try await mail.send(request)
        } catch {
            throw DeliveryError(error)
        }
        switch reply.code {
        case 200..<400: return .accepted("SMTP \(reply.code)")
        case 421, 450, 451, 452: throw DeliveryError(.serverError, retryable: true, "SMTP \(reply.code)")
        case 400..<500: throw DeliveryError(.serverError, retryable: true, "SMTP \(reply.code)")
        case 530, 534, 535, 538: throw DeliveryError(.authError, retryable: false, "SMTP \(reply.code)")
        default: throw DeliveryError(.clientError, retryable: false, "SMTP \(reply.code)")
        }
    }

    /// The whole message, lines ended by CRLF.
    func message(_ notification: Notification, from: String, to: String) throws(DeliveryError) -> [UInt8] {
        func text(_ template: String) throws(DeliveryError) -> String { try composer.expand(template, notification) }
        var fields: [(String, String)] = []
        var own = options.headers
        func take(_ name: String) -> String? {
            guard let key = own.keys.first(where: { $0.lowercased() == name.lowercased() }) else { return nil }
            return own.removeValue(forKey: key)
        }
        let subject = try text(take("Subject") ?? EmailOptions.defaultSubject)
        fields.append(("From", try text(take("From") ?? from)))
        fields.append(("To", try text(take("To") ?? to)))
        fields.append(("Subject", subject))
        fields.append(("Date", HTTPDate.mail(notification.decidedAt)))
        let domain = EmailIntegration.domain(of: from)
        fields.append(("Message-Id", "<\(hex(random.next()))\(hex(random.next()))@\(domain)>"))
        if let root = threadRoot(notification, domain) {
            fields.append(("In-Reply-To", root))
            fields.append(("References", root))
        }
        fields.append(("Auto-Submitted", "auto-generated"))
        fields.append(("X-Vaultwatch-Status", notification.status.rawValue))
        fields.append(("MIME-Version", "1.0"))
        for (name, template) in own.sorted(by: { $0.key < $1.key }) where EmailHeaders.isFieldName(name) { fields.append((name, try text(template))) }

        var parts: [(type: String, content: String)] = []
        if !options.text.isEmpty { parts.append(("text/plain", try text(options.text))) }
        if !options.html.isEmpty { parts.append(("text/html", try composer.expandHTML(options.html, notification))) }
        let boundary = "=_vaultwatch_\(hex(random.next()))\(hex(random.next()))"
        var out = ""
        for (name, value) in fields {
            // Addresses and ids are taken as they are; everything else is text that may need encoding.
            let isStructured = ["From", "To", "Cc", "Reply-To", "Date", "Message-Id", "In-Reply-To", "References"].contains(name)
            let ascii = value.utf8.allSatisfy { $0 < 0x80 }
            out += isStructured && ascii ? EmailHeaders.field(name, parts: [value]) : EmailHeaders.field(name, text: value)
        }
        out += "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\r\n\r\n"
        for part in parts {
            out += "--\(boundary)\r\nContent-Type: \(part.type); charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            out += QuotedPrintable.encode(part.content) + "\r\n"
        }
        out += "--\(boundary)--\r\n"
        return Array(out.utf8)
    }

    /// One stable root for all mails of a group (and day), so that mail programs put them together.
    private func threadRoot(_ notification: Notification, _ domain: String) -> String? {
        let key = notification.receiver + notification.groupKey
        switch options.threading {
        case .off: return nil
        case .group: return "<\(PagerDutyIntegration.dedupKey(key).prefix(32))@\(domain)>"
        case .daily:
            let start = notification.alerts.map(\.startsAt).min() ?? notification.decidedAt
            let day = start.rfc3339.prefix(10)
            return "<\(PagerDutyIntegration.dedupKey(key).prefix(32)).\(day)@\(domain)>"
        }
    }

    private func hex(_ number: UInt64) -> String { String(number, radix: 16) }

    private static func domain(of address: String) -> String {
        let domain = (addresses(address).first ?? "").split(separator: "@").last.map(String.init) ?? ""
        let isPlain = !domain.isEmpty && domain.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || $0 == 0x2d || $0 == 0x2e }
        return isPlain ? domain : "localhost"
    }

    /// The bare addresses of `On call <oncall@example.org>, team@example.org`; what has a line's end in it is none.
    static func addresses(_ list: String) -> [String] {
        list.split(separator: ",").compactMap { part in
            var address = part[...]
            if let open = part.lastIndex(of: "<"), let close = part[open...].firstIndex(of: ">") { address = part[part.index(after: open)..<close] }
            let bare = address.filter { $0 != " " && $0 != "\t" }
            let isSafe = bare.contains("@") && bare.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
            return isSafe ? String(bare) : nil
        }
    }
}

/// Source: RFC 2045, 6.7.
enum QuotedPrintable {
    static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if index > 0 { out += [0x0d, 0x0a] }
            let bytes = line.last == 0x0d ? line.dropLast() : line
            var width = 0
            for (place, byte) in bytes.enumerated() {
                let isLast = place == bytes.count - 1
                let isPlain = (byte >= 0x21 && byte <= 0x7e && byte != UInt8(ascii: "=")) || (byte == 0x20 && !isLast)
                // A soft break before the line grows over 76, its own `=` counted.
                if width + (isPlain ? 1 : 3) > 75 {
                    out += [UInt8(ascii: "="), 0x0d, 0x0a]
                    width = 0
                }
                if isPlain {
                    out.append(byte)
                    width += 1
                } else {
                    out += [UInt8(ascii: "="), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
                    width += 3
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
