import FoundationEssentials

/// The state of an SMTP session: takes lines, returns replies. Accepts any sender, recipient and login.
/// Source: RFC 5321; AUTH by RFC 4954, STARTTLS by RFC 3207.
struct SMTPSession: Sendable {
    enum Action: Hashable, Sendable {
        case reply(String)
        /// Reply, then begin TLS.
        case startTLS(String)
        case accept(sender: String, recipients: [String], data: [UInt8])
        case close(String)
    }

    private enum Phase: Sendable {
        case commands
        case data
        case password(remaining: Int)
    }

    static let greeting = "220 lab.vaultwatch ESMTP"
    private static let mailLimit = 8 << 20
    private static let recipientLimit = 100

    private let offersTLS: Bool
    private var isSecure = false
    private var phase = Phase.commands
    private var sender: String?
    private var recipients: [String] = []
    private var data: [UInt8] = []
    private var isTooLarge = false

    init(offersTLS: Bool) { self.offersTLS = offersTLS }

    /// Processes a line.
    /// - Parameter line: without its end.
    mutating func read(_ line: [UInt8]) -> Action? {
        switch phase {
        case .data: return readData(line)
        case .password(let remaining):
            phase = remaining > 1 ? .password(remaining: remaining - 1) : .commands
            return .reply(remaining > 1 ? "334 UGFzc3dvcmQ6" : "235 2.7.0 Authentication successful")
        case .commands: break
        }
        let text = String(decoding: line, as: UTF8.self)
        let words = text.split(separator: " ")
        let verb = words.first?.uppercased() ?? ""
        switch verb {
        case "HELO": return .reply("250 lab.vaultwatch")
        case "EHLO":
            var lines = ["lab.vaultwatch", "SIZE \(Self.mailLimit)", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN"]
            if offersTLS, !isSecure { lines.append("STARTTLS") }
            return .reply(
                lines.enumerated().map { "250\($0.offset == lines.count - 1 ? " " : "-")\($0.element)" }.joined(
                    separator: "\r\n"))
        case "STARTTLS":
            guard offersTLS, !isSecure else { return .reply("502 5.5.1 TLS not available") }
            isSecure = true
            clear()
            return .startTLS("220 2.0.0 Ready to start TLS")
        case "AUTH":
            let mechanism = words.count > 1 ? words[1].uppercased() : ""
            switch (mechanism, words.count) {
            case ("PLAIN", 3...): return .reply("235 2.7.0 Authentication successful")
            case ("PLAIN", _):
                phase = .password(remaining: 1)
                return .reply("334 ")
            case ("LOGIN", _):
                phase = .password(remaining: words.count > 2 ? 1 : 2)
                return .reply(words.count > 2 ? "334 UGFzc3dvcmQ6" : "334 VXNlcm5hbWU6")
            default: return .reply("504 5.5.4 Unrecognized authentication type")
            }
        case "MAIL":
            clear()
            sender = address(text)
            return .reply(sender == nil ? "501 5.5.4 Syntax: MAIL FROM:<address>" : "250 2.1.0 OK")
        case "RCPT":
            guard sender != nil else { return .reply("503 5.5.1 MAIL first") }
            guard let recipient = address(text) else { return .reply("501 5.5.4 Syntax: RCPT TO:<address>") }
            guard recipients.count < Self.recipientLimit else { return .reply("452 4.5.3 Too many recipients") }
            recipients.append(recipient)
            return .reply("250 2.1.5 OK")
        case "DATA":
            guard !recipients.isEmpty else { return .reply("503 5.5.1 RCPT first") }
            phase = .data
            return .reply("354 End data with <CR><LF>.<CR><LF>")
        case "RSET":
            clear()
            return .reply("250 2.0.0 OK")
        case "NOOP": return .reply("250 2.0.0 OK")
        case "QUIT": return .close("221 2.0.0 Bye")
        default: return .reply("500 5.5.2 Command not recognized")
        }
    }

    private mutating func readData(_ line: [UInt8]) -> Action? {
        if line == [UInt8(ascii: ".")] {
            phase = .commands
            defer { clear() }
            return isTooLarge
                ? .reply("552 5.3.4 Message too big")
                : .accept(sender: sender ?? "", recipients: recipients, data: data)
        }
        // Removes dot-stuffing; RFC 5321 §4.5.2.
        let content = line.first == UInt8(ascii: ".") ? line.dropFirst() : line[...]
        guard data.count + content.count + 2 <= Self.mailLimit else {
            isTooLarge = true
            return nil
        }
        data += content
        data += [13, 10]
        return nil
    }

    private mutating func clear() {
        sender = nil
        recipients = []
        data = []
        isTooLarge = false
    }

    private func address(_ line: String) -> String? {
        guard let open = line.firstIndex(of: "<"), let close = line[open...].firstIndex(of: ">") else { return nil }
        return String(line[line.index(after: open)..<close])
    }
}
