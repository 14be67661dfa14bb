import Foundation
import Lab
import Platform
import Samples
import Simulation
import Synchronization
import TestServers
import Testing

@testable import Transport

struct MailTests {
    let transport = CurlTransport.test()
    private static let message = Array("Subject: t\r\nFrom: a@example.org\r\n\r\nfirst\r\n.\r\n..dots\r\n.end\r\n".utf8)

    private func mail(_ port: Int, to recipients: [String] = ["one@example.org", "two@example.org"]) -> MailRequest {
        var mail = MailRequest(
            host: "127.0.0.1", port: port, from: "a@example.org", recipients: recipients, message: MailTests.message)
        mail.security = .none
        return mail
    }

    @Test func carriesTheMessageWholeToSeveral() async throws {
        let sink = try await SMTPSink.start()
        #expect(try await transport.send(mail(Int(sink.port))).code == 250)
        let mails = sink.mails()
        #expect(mails.count == 1)
        #expect(mails.first?.sender == "a@example.org")
        #expect(mails.first?.recipients == ["one@example.org", "two@example.org"])
        #expect(mails.first?.data == MailTests.message)
        await sink.stop()
    }

    @Test(arguments: ["451 4.3.0 try later", "554 5.7.1 spam"]) func givesTheServersReply(_ reply: String) async throws
    {
        let sink = try await SMTPSink.start(SMTPSink.Options(dataReply: reply))
        #expect(try await transport.send(mail(Int(sink.port))).code == Int(reply.prefix(3)))
        await sink.stop()
        let choosy = try await SMTPSink.start(SMTPSink.Options(recipientReply: reply))
        #expect(try await transport.send(mail(Int(choosy.port))).code == Int(reply.prefix(3)))
        #expect(choosy.mails().isEmpty)
        await choosy.stop()
    }

    /// With TLS and credentials as for a mail, and nothing delivered.
    @Test func aGreetingSendsNothing() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("mail")
        let sink = try await SMTPSink.start(
            SMTPSink.Options(security: .startTLS, certificate: certificate, login: ("me", Secret(value: "p w"))))
        var greeting = mail(Int(sink.port), to: [])
        greeting.isGreetingOnly = true
        greeting.security = .startTLSRequired
        greeting.tls.caFile = authority.certificateFile
        greeting.credentials = .password(username: "me", password: Secret(value: "p w"), mechanisms: [])
        let reply = try await transport.send(greeting)
        #expect(reply.code == 250)
        // The certificate's facts, as of HTTPS; it is one of 90 days.
        let left = try #require(reply.certificateExpiry) - SystemTime().wall()
        #expect(left > .seconds(89 * 86400) && left < .seconds(91 * 86400))
        #expect(reply.timing.tls > 0 && reply.timing.total >= reply.timing.tls)
        greeting.credentials = .password(username: "me", password: Secret(value: "wrong"), mechanisms: [])
        let wrong = greeting
        #expect(await reason { () async throws(TransportError) in try await transport.send(wrong) } == .auth)
        #expect(sink.mails().isEmpty)
        await sink.stop()
    }

    @Test func encryptsAndAuthenticates() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("mail")
        let expired = try await authority.issue("old", validity: .expired)
        for security in [SMTPSink.Options.Security.startTLS, .implicit] {
            let sink = try await SMTPSink.start(
                SMTPSink.Options(security: security, certificate: certificate, login: ("me", Secret(value: "p w"))))
            var mail = mail(Int(sink.port))
            mail.security = security == .startTLS ? .startTLSRequired : .implicitTLS
            mail.tls.caFile = authority.certificateFile
            for mechanism in [nil, "PLAIN", "login"] {
                mail.credentials = .password(
                    username: "me", password: Secret(value: "p w"), mechanisms: mechanism.map { [$0] } ?? [])
                #expect(try await transport.send(mail).code == 250)
            }
            mail.credentials = .password(username: "me", password: Secret(value: "hunter2"), mechanisms: [])
            let wrong = mail
            #expect(await reason { () async throws(TransportError) in try await transport.send(wrong) } == .auth)
            // The system's authorities have not signed our certificate.
            mail.tls.caFile = nil
            let strange = mail
            #expect(await reason { () async throws(TransportError) in try await transport.send(strange) } == .tls)
            mail.tls.caFile = authority.certificateFile
            // The authority as text.
            mail.tls.ca = try String(contentsOfFile: authority.certificateFile, encoding: .utf8)
            mail.tls.caFile = nil
            mail.credentials = .none
            mail.isGreetingOnly = true
            #expect(try await transport.send(mail).code == 250)
            mail.isGreetingOnly = false
            mail.tls.serverName = "elsewhere.example"
            let other = mail
            #expect(await reason { () async throws(TransportError) in try await transport.send(other) } == .tls)
            mail.tls.serverName = "localhost"
            mail.credentials = .password(username: "me", password: Secret(value: "p w"), mechanisms: [])
            #expect(try await transport.send(mail).code == 250)
            #expect(sink.mails().count == 4)
            await sink.stop()
        }
        let sink = try await SMTPSink.start(SMTPSink.Options(security: .implicit, certificate: expired))
        var late = mail(Int(sink.port))
        late.security = .implicitTLS
        late.tls.caFile = authority.certificateFile
        let request = late
        #expect(await reason { () async throws(TransportError) in try await transport.send(request) } == .tls)
        await sink.stop()
    }

    /// A server without STARTTLS gets no mail where TLS is required, and gets it in full where TLS is optional.
    @Test func requiredMeansRequired() async throws {
        let sink = try await SMTPSink.start()
        var mail = mail(Int(sink.port))
        mail.security = .startTLSRequired
        let strict = mail
        #expect(await reason { () async throws(TransportError) in try await transport.send(strict) } == .tls)
        #expect(sink.mails().isEmpty)
        mail.security = .startTLSOptional
        #expect(try await transport.send(mail).code == 250)
        await sink.stop()
    }

    /// A scripted server: the greeting, then an answer to each command by its verb.
    private func scripted(_ answers: [String: String], log: Log = Log()) throws -> RawServer {
        try RawServer { connection in
            connection.write("220 x\r\n")
            var inData = false
            var buffer = ""
            while true {
                let bytes = connection.read()
                if bytes.isEmpty { return }
                buffer += String(decoding: bytes, as: UTF8.self)
                while let end = buffer.range(of: "\r\n") {
                    let line = String(buffer[..<end.lowerBound])
                    buffer.removeSubrange(..<end.upperBound)
                    if inData {
                        guard line == "." else { continue }
                        inData = false
                        connection.write(answers["."] ?? "250 ok\r\n")
                        continue
                    }
                    log.lines.withLock { $0.append(line) }
                    let word = String(line.prefix { $0 != " " }).uppercased()
                    inData = word == "DATA"
                    connection.write(answers[line] ?? answers[word] ?? (inData ? "354 go\r\n" : "250 ok\r\n"))
                }
            }
        }
    }

    private final class Log: Sendable {
        let lines = Mutex<[String]>([])
    }

    /// A mail is sent to all recipients or none, unless rejected recipients may be left out.
    @Test func leavesOutRefusedRecipientsWhereToldTo() async throws {
        let log = Log()
        let server = try scripted(["RCPT TO:<two@example.org>": "550 5.1.1 gone\r\n"], log: log)
        var mail = mail(server.port, to: ["one@example.org", "two@example.org", "three@example.org"])
        #expect(try await transport.send(mail).code == 550)
        #expect(!log.lines.withLock { $0.contains("DATA") })
        mail.allowsRefusedRecipients = true
        #expect(try await transport.send(mail).code == 250)
        let lines = log.lines.withLock { $0 }
        #expect(lines.contains("RCPT TO:<three@example.org>") && lines.contains("DATA"))
        let nobody = try scripted(["RCPT": "550 5.1.1 gone\r\n"])
        mail.port = nobody.port
        #expect(try await transport.send(mail).code == 550)
    }

    @Test func answersAChallenge() async throws {
        let log = Log()
        // RFC 2195, section 2: the challenge, and HMAC-MD5 of it with the password `tanstaaftanstaaf`.
        let challenge = Data("<1896.697170952@postoffice.reston.mci.net>".utf8).base64EncodedString()
        let server = try scripted(
            [
                "EHLO": "250-x\r\n250 AUTH LOGIN PLAIN CRAM-MD5\r\n", "AUTH": "334 \(challenge)\r\n",
                "DGLTIGI5MTNHNJAYYZDLZGE3YTQ5NWI0ZTZLNZMZNGQZODKW": "235 ok\r\n",
            ], log: log)
        var mail = mail(server.port)
        mail.credentials = .password(username: "tim", password: Secret(value: "tanstaaftanstaaf"), mechanisms: [])
        #expect(try await transport.send(mail).code == 250)
        let lines = log.lines.withLock { $0 }
        #expect(lines.contains("AUTH CRAM-MD5"))
        #expect(lines.contains("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"))
    }

    /// RFC 4616: whom to act as, the user, the password.
    @Test func actsAsAnother() async throws {
        let log = Log()
        let server = try scripted(["EHLO": "250-x\r\n250 AUTH PLAIN\r\n", "AUTH": "334 \r\n"], log: log)
        var mail = mail(server.port)
        mail.credentials = .password(username: "me", password: Secret(value: "p w"), mechanisms: ["PLAIN", "LOGIN"])
        mail.identity = "alerts"
        _ = try? await transport.send(mail)
        #expect(log.lines.withLock { $0 }.contains(Data("alerts\u{0}me\u{0}p w".utf8).base64EncodedString()))
    }

    @Test func givesAnOAuthToken() async throws {
        let log = Log()
        let server = try scripted(["EHLO": "250-x\r\n250 AUTH PLAIN XOAUTH2\r\n", "AUTH": "334 \r\n"], log: log)
        var mail = mail(server.port)
        mail.credentials = .oauthToken(username: "me@example.org", token: Secret(value: "ya29"))
        _ = try? await transport.send(mail)
        let lines = log.lines.withLock { $0 }
        #expect(lines.contains("AUTH XOAUTH2"))
        let expected = Data("user=me@example.org\u{1}auth=Bearer ya29\u{1}\u{1}".utf8).base64EncodedString()
        #expect(lines.contains(expected))
    }

    @Test func aLoginRefusedForNowIsTryLater() async throws {
        let server = try scripted(["EHLO": "250-x\r\n250 AUTH PLAIN\r\n", "AUTH": "454 4.7.0 later\r\n"])
        var mail = mail(server.port)
        mail.credentials = .password(username: "me", password: Secret(value: "p"), mechanisms: [])
        #expect(try await transport.send(mail).code == 454)
    }

    /// The server accepts the mail and never answers QUIT: the mail counts as sent, and polls are not delayed.
    @Test func aServerThatNeverSaysGoodbyeDelaysNoPoll() async throws {
        let server = try scripted(["QUIT": ""])
        let healthy = try RawServer.http { _ in RawServer.ok("x") }
        async let sent = transport.send(mail(server.port))
        for _ in 0..<20 { #expect(try await transport.send(HTTPRequest(url: healthy.url)).status == 200) }
        #expect(try await sent.code == 250)
    }

    /// Slow servers delay neither the mails to others, however many they have, nor the shutdown.
    @Test func aServerThatNeverAnswersAMessageDelaysNoMail() async throws {
        let log = Log()
        let silent = try scripted([".": ""], log: log)
        let sink = try await SMTPSink.start()
        let (transport, hanging) = (transport, mail(silent.port))
        let stuck = (0..<12).map { _ in
            Task { await reason { () async throws(TransportError) in try await transport.send(hanging) } }
        }
        #expect(await waitUntil { log.lines.withLock { $0.count { $0 == "DATA" } } >= 8 })
        for _ in 0..<3 { #expect(try await transport.send(mail(Int(sink.port))).code == 250) }
        for task in stuck { task.cancel() }
        for task in stuck { #expect(await task.value == .cancelled) }
        await sink.stop()
    }

    @Test func namesAServerThatIsNotThereOrIsSilent() async throws {
        let port = try freePort()
        let gone = mail(Int(port))
        #expect(await reason { () async throws(TransportError) in try await transport.send(gone) } == .connect)
        let silent = try RawServer { connection in while !connection.read().isEmpty {} }
        var mail = mail(silent.port)
        mail.timeout = .milliseconds(200)
        let hanging = mail
        #expect(await reason { () async throws(TransportError) in try await transport.send(hanging) } == .timeout)
    }

    @Test(arguments: ["a b@c", "a@c>\r\nRCPT TO:<x@y", ""]) func refusesAnAddressThatIsNone(_ address: String)
        async throws
    {
        let request = mail(1, to: [address])
        #expect(await reason { () async throws(TransportError) in try await transport.send(request) } == .other)
    }
}
