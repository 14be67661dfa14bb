import Alerts
import Foundation
import Lab
import Logging
import Platform
import Samples
import Synchronization
import TestServers
import Testing
import Text
import Transport

@testable import Delivery

struct EmailIntegrationTests {
    private func settings(_ change: (inout EmailOptions) -> Void = { _ in }) -> IntegrationOptions.Settings {
        var options = EmailOptions(
            to: "On call <oncall@example.org>, team@example.org", from: "vaultwatch@example.org",
            host: "mail.example.org", port: 587)
        change(&options)
        return .email(options)
    }

    /// A mail as Python's email package reads it: a reader written by others.
    private struct Read: Decodable {
        struct Part: Decodable {
            let type: String
            let text: String
        }

        let headers: [[String]]
        let parts: [Part]
        /// Bare addresses of From and To.
        let from: [String]
        let to: [String]
        let defects: [String]
        func all(_ name: String) -> [String] {
            headers.filter { $0[0].lowercased() == name.lowercased() }.map { $0[1] }
        }
        subscript(name: String) -> String? { all(name).first }
    }

    private static let reader = """
        import email, email.policy, json, sys
        m = email.message_from_bytes(open(sys.argv[1], "rb").read(), policy=email.policy.default)
        parts = [p for p in m.walk() if not p.is_multipart()]
        print(json.dumps({
            "headers": [[k, str(v)] for k, v in m.items()],
            "parts": [{"type": p.get_content_type(), "text": p.get_content().replace(chr(13), "")} for p in parts],
            "from": [a.addr_spec for a in m["From"].addresses], "to": [a.addr_spec for a in m["To"].addresses],
            "defects": [repr(d) for x in [m] + parts for d in x.defects] + [repr(d) for v in m.values() for d in v.defects]}))
        """

    private func read(_ message: [UInt8]) async throws -> Read {
        let directory = try TemporaryDirectory()
        try Data(message).write(to: URL(fileURLWithPath: directory.file("mail.eml")))
        return try JSONDecoder().decode(
            Read.self,
            from: Data(
                try await ChildProcess.run("python3", ["-c", EmailIntegrationTests.reader, directory.file("mail.eml")]))
        )
    }

    private func sent(
        _ settings: IntegrationOptions.Settings, _ make: @escaping @Sendable (IntegrationID) -> Alerts.Notification
    ) async throws -> MailRequest {
        let mail = ScriptedMail()
        let outcome = try await Notifier.test(settings, mail: mail).outcome(make)
        #expect(outcome?.isAccepted == true)
        return try #require(mail.mails.first)
    }

    /// Lines end in CRLF alone and are as short as SMTP wants them.
    private func expectLines(_ message: [UInt8]) {
        let text = String(decoding: message, as: UTF8.self)
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.last?.isEmpty == true)
        #expect(
            lines.dropLast().allSatisfy { $0.last == "\r" && $0.filter { $0 == "\r" }.count == 1 && $0.count <= 999 })
        #expect(message.allSatisfy { $0 < 0x80 })
    }

    @Test func isAWholeMail() async throws {
        let mail = try await sent(settings()) {
            .test($0, annotations: ["action": "Unseal it", "description": "2 < 3 & \"so on\""], alerts: 2)
        }
        #expect(mail.host == "mail.example.org")
        #expect(mail.port == 587)
        #expect(mail.security == .startTLSRequired)
        #expect(mail.from == "vaultwatch@example.org")
        #expect(mail.recipients == ["oncall@example.org", "team@example.org"])
        expectLines(mail.message)
        let read = try await read(mail.message)
        #expect(read.defects.isEmpty)
        #expect(read["Subject"] == "CRIT Vault is sealed (also vault-1)")
        #expect(read.from == ["vaultwatch@example.org"])
        #expect(read.to == ["oncall@example.org", "team@example.org"])
        #expect(read["Date"] == "Wed, 26 Nov 2025 02:00:00 +0000")
        #expect(read["Auto-Submitted"] == "auto-generated")
        #expect(read["Message-Id"]?.hasSuffix("@example.org>") == true)
        #expect(read.parts.map(\.type) == ["text/plain", "text/html"])
        for node in ["vault-0", "vault-1"] { #expect(read.parts.allSatisfy { $0.text.contains(node) }) }
        #expect(read.parts[0].text.contains("2 < 3 & \"so on\""))
        #expect(read.parts[1].text.contains("2 &lt; 3 &amp; "))
    }

    @Test(arguments: [
        "Évêque 🔒 versiegelt – 密封", String(repeating: "é🔒", count: 100), "=?utf-8?q?looks_encoded?=",
        "naïve  two spaces", String(repeating: "x", count: 240),
    ]) func carriesAnySubject(_ summary: String) async throws {
        let mail = try await sent(settings { $0.headers = ["Subject": "{{ .CommonAnnotations.summary }}"] }) {
            .test($0, summary: summary)
        }
        expectLines(mail.message)
        let read = try await read(mail.message)
        #expect(read.all("Subject").count == 1)
        let blanks = { (text: String) in text.split(separator: " ").joined(separator: " ") }
        #expect(read["Subject"] == blanks(summary))
    }

    @Test func cutsASubjectThatNobodyReads() async throws {
        let mail = try await sent(settings()) { .test($0, summary: String(repeating: "é", count: 5000)) }
        expectLines(mail.message)
        let subject = try #require(try await read(mail.message)["Subject"])
        #expect(subject.unicodeScalars.count == 240)
        #expect(subject.hasSuffix("é…"))
    }

    @Test(arguments: ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{b}", "\u{0}\r\n"]) func letsNoTextBeginAHeader(
        _ end: String
    ) async throws {
        let evil = "sealed\(end)Bcc: victim@example.com\(end)\(end)--x\(end).\(end)MAIL FROM:<a@b>"
        let mail = try await sent(
            settings {
                $0.headers = [
                    "X-Note": "{{ .CommonAnnotations.summary }}", "Reply-To": "{{ .CommonAnnotations.summary }}",
                    "Bad Name": "x", "Evil:\r\nBcc": "y",
                ]
            }
        ) { .test($0, summary: evil) }
        #expect(mail.recipients == ["oncall@example.org", "team@example.org"])
        expectLines(mail.message)
        let read = try await read(mail.message)
        #expect(read.all("Bcc").isEmpty)
        #expect(read.all("Bad Name").isEmpty)
        #expect(read["Subject"]?.contains("Bcc: victim@example.com") == true)
        #expect(read.parts.count == 2)
    }

    @Test func letsNoTemplateAddARecipientByALineEnd() async throws {
        let mail = try await sent(settings { $0.to = "{{ .CommonAnnotations.to }}" }) {
            .test($0, annotations: ["to": "team@example.org, evil@example.com>\r\nRCPT TO:<victim@example.com"])
        }
        #expect(!mail.recipients.contains { $0.utf8.contains { $0 <= 0x20 } })
        #expect(!mail.recipients.contains { $0.contains("RCPT") })
        #expect(mail.recipients.contains("team@example.org"))
        expectLines(mail.message)
    }

    @Test func writesANonASCIIDisplayNameBesideItsAddress() async throws {
        let mail = try await sent(
            settings {
                $0.from = "Wächter <watch@example.org>"
                $0.to = "Zoë <zoe@example.org>, Björn <bjorn@example.org>"
            }
        ) { .test($0) }
        #expect(mail.from == "watch@example.org")
        #expect(mail.recipients == ["zoe@example.org", "bjorn@example.org"])
        expectLines(mail.message)
        let read = try await read(mail.message)
        #expect(read.from == ["watch@example.org"])
        #expect(read.to == ["zoe@example.org", "bjorn@example.org"])
        #expect(read["From"]?.contains("Wächter") == true)
        #expect(read["To"]?.contains("Björn") == true)
    }

    /// Who is in Cc or Bcc gets the mail; those of a Bcc are shown to nobody. Source: RFC 5322, 3.6.3.
    @Test(arguments: ["Cc", "cc", "Bcc", "BCC"]) func reachesThoseInCopy(_ header: String) async throws {
        let mail = try await sent(
            settings {
                $0.to = "a@example.org"
                $0.headers = [header: "Boss <b@example.org>, {{ .CommonAnnotations.more }}, a@example.org"]
            }
        ) { .test($0, annotations: ["more": "c@example.org"]) }
        #expect(mail.recipients == ["a@example.org", "b@example.org", "c@example.org"])
        let read = try await read(mail.message)
        #expect(read.to == ["a@example.org"])
        let isBlind = header.lowercased() == "bcc"
        #expect(read.all(header).isEmpty == isBlind)
        #expect(String(decoding: mail.message, as: UTF8.self).contains("b@example.org") == !isBlind)
    }

    @Test func hasEachOfItsOwnHeadersOnce() async throws {
        let mail = try await sent(
            settings {
                $0.headers = [
                    "date": "x", "message-id": "<x@y>", "MIME-VERSION": "2", "content-type": "text/evil",
                    "Content-Transfer-Encoding": "base64", "subject": "mine",
                ]
            }
        ) { .test($0) }
        let read = try await read(mail.message)
        for name in ["Date", "Message-Id", "MIME-Version", "Content-Type", "Subject", "From", "To"] {
            #expect(read.all(name).count == 1, "\(name)")
        }
        #expect(read["Subject"] == "mine")
        #expect(read["Content-Type"]?.hasPrefix("multipart/alternative") == true)
        #expect(read.all("Content-Transfer-Encoding").isEmpty)
    }

    @Test(arguments: [
        "plain", "tail space ", "tail tab\t", "a\r\nb\n\nc", "=3D = ==", ".\n..\n.end",
        String(repeating: "long ", count: 500), String(repeating: "é", count: 300),
        String(repeating: "🔒=", count: 100), "\u{0}\u{1f}\u{7f}", String(repeating: "x", count: 75) + " ",
        String(repeating: "x", count: 76) + "=",
    ]) func quotedPrintableReadsBack(_ text: String) async throws {
        let encoded = QuotedPrintable.encode(text)
        let lines = encoded.components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 76 && !$0.hasSuffix(" ") && !$0.hasSuffix("\t") })
        #expect(encoded.utf8.allSatisfy { ($0 >= 0x20 && $0 < 0x7f) || $0 == 0x0d || $0 == 0x0a })
        let directory = try TemporaryDirectory()
        let path = try directory.write("text", encoded)
        let decoded = try await ChildProcess.run(
            "python3",
            [
                "-c", "import quopri,sys; sys.stdout.buffer.write(quopri.decodestring(open(sys.argv[1],'rb').read()))",
                path,
            ])
        let wanted = text.replacingOccurrences(of: "\r\n", with: "\n").replacingOccurrences(of: "\n", with: "\r\n")
        #expect(String(decoding: decoded, as: UTF8.self) == wanted)
    }

    @Test func threadsTheMailsOfAGroup() async throws {
        func reference(
            _ threading: EmailOptions.Threading, _ make: @escaping @Sendable (IntegrationID) -> Alerts.Notification
        )
            async throws -> String?
        {
            try await read(sent(settings { $0.threading = threading }, make).message)["References"]
        }
        for threading in [EmailOptions.Threading.daily, .group] {
            let first = try #require(try await reference(threading) { .test($0) })
            #expect(try await reference(threading) { .test($0, resolved: true) } == first)
            #expect(try await reference(threading) { .test($0, groupKey: "{}:{other}") } != first)
        }
        #expect(try await reference(.off) { .test($0) } == nil)
    }

    /// A thread lasts from the first message to the end, whatever the day; the next incident of the group has another.
    @Test func threadsTheMailsOfAnIncident() async throws {
        let mail = ScriptedMail()
        let service = try Notifier.test(settings(), mail: mail)
        let course: [(Alerts.Notification.Reason, days: Int)] = [
            (.first, 0), (.repeat, 1), (.changed, 2), (.resolved, 3), (.first, 4), (.repeat, 4),
        ]
        for (reason, days) in course {
            let outcome = await service.outcome {
                var notification = Alerts.Notification.test($0, resolved: reason == .resolved, reason: reason)
                notification.decidedAt = notification.decidedAt + .seconds(days * 86_400)
                return notification
            }
            #expect(outcome?.isAccepted == true)
        }
        var roots: [String?] = []
        for sent in mail.mails { roots.append(try await read(sent.message)["References"]) }
        #expect(roots.count == 6 && !roots.contains(nil))
        #expect(Set(roots.prefix(4)).count == 1 && Set(roots.suffix(2)).count == 1 && roots[0] != roots[4])
        // The group's thread ended with its incident, and another is under way.
        #expect(service.threads.count == 1)
    }

    @Test(arguments: [
        ("team", "<team.vaultwatch.example.org>"), ("Vault Ops/é", "<vault-ops--.vaultwatch.example.org>"),
        ("a@b>\r\nBcc: x", "<a-b---bcc--x.vaultwatch.example.org>"),
    ]) func namesItsList(_ receiver: String, _ id: String) async throws {
        let composer = try Composer(externalURL: "", files: SystemFiles())
        let from = try #require(Mailbox.list("vaultwatch@example.org").first)
        let message = EmailMessage(
            options: EmailOptions(to: "a@example.org", from: "b@example.org", host: "h", port: 25),
            draft: composer.draft(.test(.init(.email, 0), receiver: receiver)), from: from, to: [from])
        #expect(try await read(message.bytes)["List-Id"] == id)
    }

    /// Only what would not work in two lines is longer: a link, and a command.
    @Test func isWrappedAt72Columns() async throws {
        let long = String(repeating: "nobody can read a secret, ", count: 20)
        let mail = try await sent(settings()) {
            .test(
                $0, summary: "Vault is sealed: " + long,
                annotations: [
                    "description": long, "impact": long,
                    "action": "Look at it: ssh vault-0 'journalctl -u vault \(long)'. Then unseal it, and \(long).",
                ], alerts: 2)
        }
        let text = try #require(try await read(mail.message).parts.first?.text)
        let lines = text.split(separator: "\n")
        for line in lines where line.unicodeScalars.count > 72 && !line.hasPrefix("     ssh ") {
            #expect(!line.drop { $0 == " " }.contains(" "), "\(line)")
        }
        #expect(lines.contains { $0.hasPrefix("     ssh ") && $0.unicodeScalars.count > 72 })
        #expect(lines.contains { $0.hasPrefix("   secret, nobody can read a secret") }, "\(text)")
        // Text of the user's own is left as it is.
        let own = try await sent(settings { $0.text = "{{ .CommonAnnotations.description }}" }) {
            .test($0, annotations: ["description": long])
        }
        #expect(try await read(own.message).parts.first?.text.split(separator: "\n").first.map(String.init) == long)
    }

    @Test(arguments: [
        ("short", "short"), ("a bb ccc", "a bb\nccc"), ("* aa bb cc", "* aa\n  bb\n  cc"),
        ("12. a b c", "12. a\n    b\n    c"),
        ("  aa bb cc", "  aa\n  bb\n  cc"), ("Link: https://x", "Link:\nhttps://x"), ("* https://x", "* https://x"),
        ("     a b c", "     a b c"), ("a\n\nb  c d e", "a\n\nb c d\ne"), ("", ""),
    ]) func wrapsLines(_ text: String, _ wrapped: String) {
        #expect(PlainText.wrapped(text, columns: 5) == wrapped)
    }

    @Test(
        arguments: [
            (250, nil, nil), (421, DeliveryError.Reason.serverError, true), (451, .serverError, true),
            (452, .serverError, true), (454, .authError, true),
            (535, .authError, false), (550, .clientError, false), (554, .clientError, false),
        ] as [(Int, DeliveryError.Reason?, Bool?)]) func readsTheReply(
            _ code: Int, _ reason: DeliveryError.Reason?, _ retryable: Bool?
        ) async throws
    {
        let outcome = try await Notifier.test(settings(), mail: ScriptedMail(.success(MailReply(code: code))))
            .outcome { .test($0) }
        #expect(outcome?.error?.reason == reason)
        #expect(outcome?.error?.isRetryable == retryable)
    }

    /// Refuses one recipient for good, and with him the mail, unless told to leave him out.
    private final class Choosy: MailSender {
        let code: Int
        let asked = Mutex<[Bool]>([])
        init(_ code: Int) { self.code = code }
        func send(_ mail: MailRequest) async throws(TransportError) -> MailReply {
            asked.withLock { $0.append(mail.allowsRefusedRecipients) }
            return MailReply(code: mail.allowsRefusedRecipients ? 250 : code)
        }
    }

    @Test func oneWhoHasLeftDoesNotKeepThePageFromTheOthers() async throws {
        let server = Choosy(550)
        let outcome = try await Notifier.test(settings(), mail: server).outcome { .test($0) }
        #expect(outcome?.detail == "SMTP 250, refused for some of the recipients: SMTP 550")
        #expect(server.asked.withLock { $0 } == [false, true])
        // Refused for now, the mail is tried again for all, but not for ever.
        let busy = Choosy(451)
        #expect(
            try await Notifier.test(settings(), mail: busy).outcome { .test($0) }?.error?.isRetryable == true)
        #expect(busy.asked.withLock { $0 } == [false])
        let late = try await Notifier.test(settings(), mail: busy).outcome {
            var notification = Alerts.Notification.test($0)
            notification.decidedAt = .init(milliseconds: notification.decidedAt.milliseconds - 60_000)
            return notification
        }
        #expect(late?.detail == "SMTP 250, refused for some of the recipients: SMTP 451")
        let alone = Choosy(550)
        #expect(
            try await Notifier.test(settings { $0.to = "one@example.org" }, mail: alone).outcome { .test($0) }?
                .error?.isRetryable == false)
        #expect(alone.asked.withLock { $0 } == [false])
    }

    @Test func sendsNothingWithoutARecipient() async throws {
        let mail = ScriptedMail()
        let error = try await Notifier.test(settings { $0.to = "{{ .CommonLabels.nobody }}" }, mail: mail)
            .outcome { .test($0) }?.error
        #expect(error?.isRetryable == false)
        #expect(mail.mails.isEmpty)
    }

    @Test func reachesAServerWrittenByOthers() async throws {
        let sink = try await SMTPSink.start()
        let transport = CurlTransport(
            platform: .real(log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        let settings = settings {
            $0.host = "127.0.0.1"
            $0.port = Int(sink.port)
            $0.security = .none
        }
        let outcome = try await Notifier.test(settings, mail: transport).outcome {
            .test($0, summary: "Évêque", annotations: ["description": ".\n..\nFrom here"])
        }
        #expect(outcome?.detail == "SMTP 250")
        let mail = try #require(sink.mails().first)
        #expect(mail.sender == "vaultwatch@example.org")
        #expect(mail.recipients == ["oncall@example.org", "team@example.org"])
        let read = try await read(mail.data)
        #expect(read.defects.isEmpty)
        #expect(read["Subject"] == "CRIT Évêque")
        #expect(read.parts.first?.text.contains(".\n..\nFrom here") == true)
        transport.close()
        await sink.stop()
    }
}
