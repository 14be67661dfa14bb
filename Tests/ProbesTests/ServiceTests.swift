import Foundation
import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Transport

@testable import Probes

/// A network for services, as scripted by the test.
struct ScriptedServices: MailSender, DialogueClient, DNSClient {
    var mail: @Sendable (MailRequest) -> Result<MailReply, TransportError> = { _ in
        .failure(TransportError(.connect, "not scripted"))
    }
    var dialogue: @Sendable (DialogueRequest) -> Result<DialogueReply, TransportError> = { _ in
        .failure(TransportError(.connect, "not scripted"))
    }
    var names: @Sendable (DNSQuestion, DNSServer) -> Result<DNSAnswer, TransportError> = { _, _ in
        .failure(TransportError(.timeout, "not scripted"))
    }

    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply { try self.mail(mail).get() }
    func converse(_ request: DialogueRequest) async throws(TransportError) -> DialogueReply {
        try dialogue(request).get()
    }
    func ask(_ question: DNSQuestion, _ server: DNSServer, timeout: Duration) async throws(TransportError) -> DNSAnswer
    {
        try names(question, server).get()
    }

    func network(
        _ http: @escaping @Sendable (HTTPRequest) -> Result<HTTPResponse, TransportError> = { _ in
            .failure(TransportError(.connect, "not scripted"))
        }
    ) -> Network {
        Network(
            http: ScriptedHTTP(http), mail: self, dialogues: self, nameServers: self,
            database: ScriptedPostgres { _ in .failure(PostgresError(.connect, "none")) })
    }
}

/// A service's answers, through its probe.
struct ServiceTests {
    private let platform = testPlatform()

    private func probes(_ options: ServiceOptions, _ network: Network, hooks: any HookRunner = ScriptedHook { _ in 0 })
        -> [any RunnableProbe]
    {
        ProbeSet(
            services: [options], network: network, hooks: hooks, http: network.http, database: network.database,
            platform: platform
        ).probes
    }

    private func report(_ check: ServiceOptions.Check, _ network: Network) async throws -> ProbeReport {
        try await #require(probes(ServiceOptions(name: "s", check: check), network).first).run()
    }

    // MARK: Mail submission

    private static func smtp(_ change: (inout SMTPServerOptions) -> Void = { _ in }) -> ServiceOptions.Check {
        var server = SMTPServerOptions(host: "smtp.example.org")
        change(&server)
        return .smtp(SMTPServiceOptions(server: server))
    }

    @Test func aMailServerIsGreetedAndNotUsed() async throws {
        let seen = Mutex<[MailRequest]>([])
        var services = ScriptedServices()
        services.mail = { mail in
            seen.withLock { $0.append(mail) }
            var reply = MailReply(code: 250)
            reply.timing.total = 0.2
            reply.timing.tls = 0.1
            reply.certificateExpiry = Timestamp(milliseconds: 1_900_000_000_000)
            return .success(reply)
        }
        let check = Self.smtp {
            $0.credentials = .password(username: "u", password: Secret(value: "p"), mechanisms: [])
        }
        let report = try await report(check, services.network())
        let request = try #require(seen.withLock { $0 }.first)
        #expect(request.isGreetingOnly && request.port == 587 && request.security == .startTLSRequired)
        #expect(report.failure == nil && report.status.state == "answers" && report.status.health == .ok)
        #expect(report.status.detail == "SMTP 250, STARTTLS, login accepted")
        let samples = report.samples
        #expect(samples.value("service_up") == 1 && samples.value("service_as_expected") == 1)
        #expect(
            samples.value("service_smtp_reply_code") == 250 && samples.value("service_last_duration_seconds") == 0.2)
        #expect(samples.value("service_probe_duration_seconds", ["phase": "tls"]) == 0.1)
        #expect(samples.value("service_certificate_expiry_timestamp_seconds") == 1_900_000_000)
        #expect(
            samples.value("service_info", ["address": "smtp.example.org:587", "severity": "high", "kind": "smtp"]) == 1)
    }

    /// A refused login is an answer, a failed handshake is none.
    @Test(arguments: [
        (TransportError(.auth, "denied"), true, "auth"), (TransportError(.tls, "expired"), false, "tls"),
        (TransportError(.connect, "refused"), false, "connect"),
    ])
    func mailServersThatRefuse(_ error: TransportError, _ isUp: Bool, _ reason: String) async throws {
        var services = ScriptedServices()
        services.mail = { _ in .failure(error) }
        let report = try await report(Self.smtp(), services.network())
        #expect(report.samples.value("service_up") == (isUp ? 1 : 0))
        #expect(report.samples.value("service_as_expected") == (isUp ? 0 : nil))
        #expect(report.samples.value("service_failure", ["reason": reason]) == 1)
        #expect(report.status.state == (isUp ? "wrong answer" : "down") && report.status.health == .critical)
        services.mail = { _ in .success(MailReply(code: 421)) }
        #expect(try await self.report(Self.smtp(), services.network()).failure?.reason == "status")
    }

    // MARK: HTTP

    private static func http(_ change: (inout HTTPServiceOptions) -> Void = { _ in }) -> ServiceOptions.Check {
        var options = HTTPServiceOptions(endpoint: HTTPEndpointOptions(url: "https://www.example.org/health"))
        change(&options)
        return .http(options)
    }

    @Test func aWebsiteAnswersAsExpected() async throws {
        let seen = Mutex<[HTTPRequest]>([])
        let check = Self.http {
            $0.endpoint.url += "?key=hunter2"
            $0.text = "ready"
            $0.statuses = [200...200, 300...399]
            $0.endpoint.user = "ann"
            $0.endpoint.password = Secret(value: "pass")
            $0.endpoint.headers = [.init(name: "X-Key", value: Secret(value: "k"))]
        }
        let network = ScriptedServices().network { request in
            seen.withLock { $0.append(request) }
            return .success(json(200, "all ready\n"))
        }
        let report = try await report(check, network)
        #expect(report.failure == nil && report.samples.value("service_http_status") == 200)
        let headers = try #require(seen.withLock { $0 }.first).headers.map { "\($0.name): \($0.value)" }
        #expect(report.samples.value("service_info", ["address": "https://www.example.org/health"]) == 1)
        #expect(headers == ["Connection: close", "X-Key: k", "Authorization: Basic YW5uOnBhc3M="])
    }

    @Test func aWrongPageIsToldApartFromNone() async throws {
        let text = Self.http { $0.text = "ready" }
        for (check, body, status, reason, words) in [
            (text, "ready", 503, "status", "status 503; expected 200 to 299"),
            (text, "parked", 200, "text", "status 200, and the body lacks the text that is expected"),
        ] {
            let network = ScriptedServices().network { _ in .success(json(status, body)) }
            let report = try await report(check, network)
            #expect(report.failure == ProbeFailure(reason, words))
            #expect(
                report.samples.value("service_up") == 1 && report.samples.value("service_as_expected") == 0
                    && report.samples.value("service_http_status") == Double(status))
        }
        var hung = TransportError(.timeout, "silent")
        hung.isTaken = true
        let network = ScriptedServices().network { [hung] _ in .failure(hung) }
        let report = try await report(text, network)
        #expect(report.failure?.reason == "hung" && !report.samples.has("service_as_expected"))
    }

    @Test func aMissingPasswordIsNoOutageOfOurs() async throws {
        let check = Self.http {
            $0.endpoint.user = "ann"
            $0.endpoint.password = Secret(file: "/nonexistent/password")
        }
        let report = try await report(check, ScriptedServices().network())
        #expect(report.failure?.reason == "configuration")
    }

    // MARK: TCP

    @Test func aConversationIsHeld() async throws {
        var options = TCPServiceOptions(host: "::1", port: 636)
        options.steps = [.expect("^220 "), .send("QUIT\r\n")]
        var services = ScriptedServices()
        services.dialogue = { request in
            var reply = DialogueReply()
            reply.lastLine = "220 \u{1b}[31mready"
            if request.steps.count != 2 { reply.unmet = .init(step: 0, cause: .closed) }
            return .success(reply)
        }
        let good = try await report(.tcp(options), services.network())
        #expect(good.failure == nil && good.status.detail == "220  [31mready")
        #expect(good.samples.value("service_info", ["address": "[::1]:636"]) == 1)
        services.dialogue = { _ in
            var reply = DialogueReply()
            reply.lastLine = "554 no"
            reply.unmet = .init(step: 0, cause: .timeout)
            return .success(reply)
        }
        let bad = try await report(.tcp(options), services.network())
        #expect(
            bad.failure
                == ProbeFailure(
                    "text", "no line with \"^220 \": nothing more came; the last line is \"554 no\""))
        #expect(bad.samples.value("service_up") == 1)
    }

    // MARK: Turns

    /// What fails is asked again at once until it has failed three times, and never more.
    @Test func aFailureIsConfirmedAtOnce() async throws {
        let isGood = Mutex(false)
        let network = ScriptedServices().network { _ in
            isGood.withLock { $0 } ? .success(json(200, "")) : .failure(TransportError(.connect, "refused"))
        }
        let probe = try #require(probes(ServiceOptions(name: "s", check: Self.http()), network).first)
        for count in 1...4 {
            let report = await probe.run()
            #expect(report.samples.value("service_consecutive_failures") == Double(count))
            #expect(report.confirm == (count < 3 ? [ProbeTarget(.service, "s")] : []))
        }
        #expect(probe.timedOut().failure?.reason == "timeout")
        isGood.withLock { $0 = true }
        let report = await probe.run()
        #expect(report.samples.value("service_consecutive_failures") == 0 && report.confirm.isEmpty)
        #expect(probe.interval == .seconds(30) && probe.timeout == .seconds(11))
    }

    @Test func anEndingCertificateIsAWarning() async throws {
        let end = platform.time.wall() + .seconds(5 * 86400)
        let network = ScriptedServices().network { _ in
            var answer = json(200, "")
            answer.certificateExpiry = end
            return .success(answer)
        }
        let report = try await report(Self.http(), network)
        #expect(report.status.health == .warning && report.status.warnings == ["the certificate ends \(end.rfc3339)"])
        #expect(report.failure == nil)
    }
}

/// Runs nothing, and answers as scripted.
struct ScriptedHook: HookRunner {
    let answer: @Sendable ([String]) -> Int32?

    init(_ answer: @escaping @Sendable ([String]) -> Int32?) { self.answer = answer }

    func run(_ command: [String], timeout: Duration) async throws(HookError) -> Int32 {
        guard let status = answer(command) else { throw HookError("the command can't be started: no such file") }
        return status
    }
}
