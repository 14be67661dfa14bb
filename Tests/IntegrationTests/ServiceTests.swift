import Foundation
import Lab
import Platform
import Simulation
import Synchronization
import TestServers
import Testing

/// Services, each a real server, watched by the real daemon with the shipped rules: all as expected, then each goes
/// wrong in its own way and is told of with its reason.
@Suite(.serialized) struct ServiceTests {
    /// The servers, and what of them goes wrong.
    private final class Servers: Sendable {
        let folder: TemporaryDirectory
        let authority: CertificateAuthority
        let mail: SMTPSink
        let website: LabServer
        /// Says whether a test mail has arrived.
        let hook: LabServer
        let port: RawServer
        let names: LabNameServer
        let websiteStatus: Box<Int>
        let hidesMail: Box<Bool>

        final class Box<Value: Sendable>: Sendable {
            let value: Mutex<Value>
            init(_ value: Value) { self.value = Mutex(value) }
            func set(_ value: Value) { self.value.withLock { $0 = value } }
        }

        init() async throws {
            folder = try TemporaryDirectory()
            authority = try await CertificateAuthority()
            let sink = try await SMTPSink.start(
                SMTPSink.Options(
                    security: .startTLS, certificate: try await authority.issue("mail"),
                    login: ("watch", Secret(value: "hunter2right"))))
            mail = sink
            _ = try folder.write("password", "hunter2right\n")
            let status = Box(200)
            websiteStatus = status
            website = try LabServer(certificate: try await authority.issue("www")) { request in
                let isKnown = request.headers["x-key"] == "opensesame"
                return .response(
                    LabResponse(isKnown ? status.value.withLock { $0 } : 403, type: "text/plain", "all ready\n"))
            }
            let hides = Box(false)
            hidesMail = hides
            hook = try LabServer { request in
                let token = String(request.path.split(separator: "/").last ?? "")
                let isThere = !hides.value.withLock { $0 } && sink.mails().contains { $0.text.contains(token) }
                return .response(LabResponse(isThere ? 200 : 404, type: "text/plain", token))
            }
            port = try RawServer { connection in
                connection.write("220 ready\r\n")
                if String(decoding: connection.read(), as: UTF8.self) == "QUIT\r\n" { connection.write("221 bye\r\n") }
            }
            names = try LabNameServer([
                .init("example.org", "MX"): ["10 mail.example.org"],
                .init("example.org", "TXT"): ["v=spf1 mx -all", "unrelated"],
            ])
            try await website.start()
            try await hook.start()
            try await names.start()
            _ = try folder.write("key", "opensesame\n")
            _ = try folder.write(
                "look", "#!/bin/sh\ncurl -sf --max-time 5 \(hook.url)/mail/$1 >/dev/null || exit 1\n", mode: 0o755)
        }

        var configuration: String {
            """
            services:
              - name: mail
                poll_interval: 2s
                severity: critical
                smtp:
                  address: 127.0.0.1:\(mail.port)
                  ca_file: \(authority.certificateFile)
                  username: watch
                  password_file: \(folder.path)/password
                  test_mail:
                    {from: a@example.org, to: b@example.org, command: ["\(folder.path)/look", "{token}"], every: 6s, within: 5s, poll_interval: 1s}
              - name: website
                poll_interval: 2s
                http:
                  url: \(website.url)/health
                  ca_file: \(authority.certificateFile)
                  expect_text: ready
                  http_headers: {X-Key: {files: [\(folder.path)/key]}}
              - name: port
                poll_interval: 2s
                tcp: {address: "127.0.0.1:\(port.port)", dialogue: [{expect: "^220 "}, {send: "QUIT\\r\\n"}, {expect: "^221"}]}
              - name: zone
                poll_interval: 2s
                dns:
                  name_servers: ["127.0.0.1:\(names.port)"]
                  records:
                    - {name: example.org, type: MX, expect: [10 mail.example.org]}
                    - {name: example.org, type: TXT, expect: [v=spf1 mx -all]}
            """
        }

        func stop() async {
            await mail.stop()
            await website.close()
            await hook.close()
            port.stop()
            await names.close()
            folder.remove()
        }
    }

    /// The shipped rules, without the two minutes that a changed zone has.
    private static func rules() throws -> String {
        try String(contentsOfFile: Binary.root + "/rules/services.yml", encoding: .utf8)
            .replacingOccurrences(of: "for: 2m", with: "for: 1s")
    }

    private static let names = ["mail": "smtp", "website": "http", "port": "tcp", "zone": "dns"]

    @Test func eachIsToldOfWithItsReason() async throws {
        let servers = try await Servers()
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: ops, group_by: [alertname, service], group_wait: 0s, group_interval: 1s}
                receivers: [{name: ops, webhook_configs: [{url: "\(sink.url)/ops"}]}]
                """, rules: try Self.rules(), targets: servers.configuration)
        func isExpected(_ name: String, _ value: Double) async -> Bool {
            let labels = #"{kind="\#(Self.names[name] ?? "")",service="\#(name)"}"#
            return (try? await agent.metric("service_as_expected" + labels)) == value
        }
        /// Whether this was told, with these words.
        func isTold(_ alert: String, _ service: String, _ words: String) -> Bool {
            sink.heard("/ops").contains { body in
                body.contains(#""alertname":"\#(alert)""#) && body.contains(#""service":"\#(service)""#)
                    && body.contains(words)
            }
        }

        // All as expected, with certificates and a mail that comes back.
        for name in Self.names.keys { #expect(await waitUntil { await isExpected(name, 1) }, "\(name): \(agent.log)") }
        let isBack = await waitUntil { (try? await agent.metric(#"service_mail_returned{service="mail"}"#)) == 1 }
        let series = try await agent.get("/metrics").split(separator: "\n").filter { $0.contains("service_mail") }
        #expect(isBack, "\(series)")
        for labels in [#"{kind="smtp",service="mail"}"#, #"{kind="http",service="website"}"#] {
            let end = try await agent.metric("service_certificate_expiry_timestamp_seconds" + labels) ?? 0
            #expect(end > Date().timeIntervalSince1970 + 80 * 86400, "\(labels)")
        }
        #expect(try await agent.command("status").output.contains("Services"))
        #expect(sink.heard("/ops").isEmpty, "\(sink.heard("/ops"))")
        #expect(!agent.log.contains("opensesame") && !agent.log.contains("hunter2"))

        servers.websiteStatus.set(503)
        #expect(await waitUntil { isTold("ServiceAnswerWrong", "website", "it answers 503") }, "\(agent.log)")
        servers.port.stop()
        #expect(await waitUntil { isTold("ServiceDown", "port", "its port refuses connections") }, "\(agent.log)")
        servers.names.set(.init("example.org", "MX"), ["10 mx.elsewhere.example"])
        #expect(
            await waitUntil { isTold("ServiceRecordWrong", "zone", "The MX records of example.org") }, "\(agent.log)")
        servers.names.set(.init("example.org", "TXT"), ["v=spf1 mx -all", "v=spf1 +all"])
        #expect(
            await waitUntil { isTold("ServiceRecordWrong", "zone", "The TXT records of example.org") }, "\(agent.log)")

        // A mail that is accepted and does not arrive, and then a login that is refused.
        servers.hidesMail.set(true)
        #expect(await waitUntil { isTold("ServiceMailLost", "mail", "does not come back") }, "\(agent.log)")
        _ = try servers.folder.write("password", "hunter2wrong\n")
        #expect(await waitUntil { isTold("ServiceAnswerWrong", "mail", "the login is refused") }, "\(agent.log)")
        #expect(try await agent.get("/estate").contains("not as expected"))
        #expect(try await agent.get("/estate/service/website").contains("status 503"))

        // What is mended is told, too.
        servers.websiteStatus.set(200)
        _ = try servers.folder.write("password", "hunter2right\n")
        servers.hidesMail.set(false)
        for name in ["website", "mail"] { #expect(await waitUntil { await isExpected(name, 1) }, "\(name)") }
        #expect(
            await waitUntil {
                sink.heard("/ops").contains {
                    $0.contains(#""status":"resolved""#) && $0.contains(#""service":"website""#)
                }
            })
        #expect(await waitUntil { (try? await agent.metric(#"service_mail_returned{service="mail"}"#)) == 1 })
        await agent.stop()
        await sink.stop()
        await servers.stop()
    }

    /// A mail server that is down, whose certificate nobody trusts, and name servers that are silent.
    @Test func whatIsDownIsToldApart() async throws {
        let servers = try await Servers()
        let sink = try await Sink.start()
        servers.names.silence(true)
        let stranger = try await CertificateAuthority()
        let untrusted = servers.configuration.replacingOccurrences(
            of: servers.authority.certificateFile, with: stranger.certificateFile)
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: ops, group_by: [alertname, service], group_wait: 0s, group_interval: 1s}
                receivers: [{name: ops, webhook_configs: [{url: "\(sink.url)/ops"}]}]
                """, rules: try Self.rules(), targets: untrusted)
        for (name, kind, reason) in [("mail", "smtp", "tls"), ("website", "http", "tls"), ("zone", "dns", "timeout")] {
            let series = #"service_failure{kind="\#(kind)",reason="\#(reason)",service="\#(name)"}"#
            #expect(await waitUntil { (try? await agent.metric(series)) == 1 }, "\(name): \(agent.log)")
        }
        #expect(
            await waitUntil {
                sink.heard("/ops").contains {
                    $0.contains(#""alertname":"ServiceDown""#) && $0.contains(#""service":"mail""#)
                        && $0.contains(#""severity":"critical""#)
                }
            })
        // What is down has no series of what it answers.
        let page = try await agent.get("/metrics")
        #expect(
            !page.contains("service_as_expected{kind=\"smtp\"") && page.contains("service_as_expected{kind=\"tcp\""))
        await agent.stop()
        await sink.stop()
        await servers.stop()
    }
}
