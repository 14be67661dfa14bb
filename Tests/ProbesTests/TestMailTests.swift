import Foundation
import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Transport

@testable import Probes

/// A test mail that comes back, is lost, or can't be looked for.
struct TestMailTests {
    private static var options: TestMailOptions {
        TestMailOptions(
            from: "watch@example.org", to: "echo@example.net", hook: .command(["/bin/look", "{token}", "in{token}"]))
    }

    private static func at(_ seconds: Int) -> Instant { Instant(nanoseconds: Int64(seconds) * 1_000_000_000) }
    private static func moment(_ seconds: Int) -> Moment {
        Moment(monotonic: at(seconds), wall: Timestamp(milliseconds: 1_800_000_000_000 + Int64(seconds) * 1000))
    }

    // MARK: The state

    @Test func mailsFollowTheirPace() {
        var state = TestMailState(Self.options, start: Self.at(0))
        // Not at the start: a program that restarts all the time would send one each time.
        #expect(state.action(Self.at(0)) == .nothing && state.action(Self.at(30)) == .send)
        state.accepted(token: "a", at: Self.moment(30))
        #expect(state.action(Self.at(60)) == .ask(token: "a") && state.hasReturned == nil)
        state.awaited(token: "a")
        state.returned(token: "other", at: Self.moment(61))
        #expect(state.hasReturned == nil)
        state.returned(token: "a", at: Self.moment(62))
        #expect(state.hasReturned == true && state.lastReturn?.after == .seconds(32))
        #expect(state.action(Self.at(3629)) == .nothing && state.action(Self.at(3630)) == .send)
    }

    @Test func aLostMailIsFollowedAtOnce() {
        var state = TestMailState(Self.options, start: Self.at(0))
        state.accepted(token: "a", at: Self.moment(30))
        state.awaited(token: "a")
        #expect(state.action(Self.at(630)) == .ask(token: "a"))
        #expect(state.action(Self.at(631)) == .send && state.hasReturned == false && state.lost == 1)
        state.accepted(token: "b", at: Self.moment(631))
        // Too late for the old one; the new one ends the alert.
        state.returned(token: "a", at: Self.moment(632))
        #expect(state.hasReturned == false)
        state.returned(token: "b", at: Self.moment(640))
        #expect(state.hasReturned == true && state.lost == 1 && state.sent == 2)
    }

    /// Whether a mail came back is not known where nobody could look.
    @Test func aHookThatNeverAnswersLosesNoMail() {
        var state = TestMailState(Self.options, start: Self.at(0))
        state.accepted(token: "a", at: Self.moment(30))
        #expect(state.action(Self.at(631)) == .nothing && state.hasReturned == nil && state.lost == 0)
        #expect(state.action(Self.at(3630)) == .send)
    }

    // MARK: The probe

    private func probe(
        _ options: TestMailOptions, _ time: VirtualTime, hook: ScriptedHook,
        http: @escaping @Sendable (HTTPRequest) -> Result<HTTPResponse, TransportError> = { _ in
            .failure(TransportError(.connect, "refused"))
        }, mail: @escaping @Sendable (MailRequest) -> Result<MailReply, TransportError>
    ) throws -> any RunnableProbe {
        var service = SMTPServiceOptions(server: SMTPServerOptions(host: "smtp.example.org"))
        service.testMail = options
        var services = ScriptedServices()
        services.mail = mail
        let network = services.network(http)
        let set = ProbeSet(
            services: [ServiceOptions(name: "relay", check: .smtp(service))], network: network, hooks: hook,
            http: network.http, database: network.database, platform: testPlatform(time))
        #expect(set.targets == [ProbeTarget(.service, "relay"), ProbeTarget(.serviceMail, "relay")])
        #expect(set.targets.map(\.isAwaited) == [true, false])
        return try #require(set.probes.last)
    }

    @Test func aMailGoesOutAndComesBack() async throws {
        let time = VirtualTime()
        let sent = Mutex<[MailRequest]>([])
        let asked = Mutex<[[String]]>([])
        let probe = try probe(
            Self.options, time,
            hook: ScriptedHook { command in
                asked.withLock { asked in
                    asked.append(command)
                    return asked.count > 1 ? 0 : 1
                }
            }
        ) { mail in
            sent.withLock { $0.append(mail) }
            return .success(MailReply(code: 250))
        }
        #expect(await probe.run().samples.isEmpty == false && sent.withLock { $0.isEmpty })
        time.move(to: Instant(nanoseconds: 30_000_000_000))
        let first = await probe.run()
        #expect(first.samples.value("service_mail_sent_total") == 1 && !first.samples.has("service_mail_returned"))
        let mail = try #require(sent.withLock { $0.first })
        let text = String(decoding: mail.message, as: UTF8.self)
        let token = try #require(
            text.split(separator: "\r\n").first { $0.hasPrefix("X-Vaultwatch-Token: ") }?.dropFirst(20))
        #expect(mail.from == "watch@example.org" && mail.recipients == ["echo@example.net"] && !mail.isGreetingOnly)
        #expect(text.contains("Subject: vaultwatch test mail \(token)\r\n") && text.contains("\r\n\r\n"))
        #expect(
            text.contains("Auto-Submitted: auto-generated\r\n") && text.contains("Message-ID: <\(token)@example.org>"))
        #expect(text.split(separator: "\r\n").allSatisfy { !$0.contains("\n") && $0.utf8.count < 998 })

        time.move(to: Instant(nanoseconds: 60_000_000_000))
        let waiting = await probe.run()
        #expect(waiting.samples.value("service_mail_hook_up") == 1 && !waiting.samples.has("service_mail_returned"))
        time.move(to: Instant(nanoseconds: 90_000_000_000))
        let back = await probe.run()
        #expect(back.samples.value("service_mail_returned") == 1)
        #expect(back.samples.value("service_mail_last_return_duration_seconds") == 60)
        #expect(back.status.state == "comes back" && back.status.health == .ok && back.failure == nil)
        #expect(asked.withLock { $0.last } == ["/bin/look", String(token), "in\(token)"])
    }

    @Test func aRefusedMailIsLost() async throws {
        let time = VirtualTime()
        let probe = try probe(Self.options, time, hook: ScriptedHook { _ in 0 }) { _ in .success(MailReply(code: 550)) }
        time.move(to: Instant(nanoseconds: 30_000_000_000))
        let report = await probe.run()
        #expect(report.samples.value("service_mail_returned") == 0 && report.status.state == "lost")
        #expect(report.failure == ProbeFailure("status", "the mail server answers 550 to the test mail"))
    }

    @Test func aHookThatFailsIsSaid() async throws {
        for (status, words) in [
            (Int32(2), "hook: the command ends with status 2"),
            (nil, "hook: the command can't be started: no such file"),
        ] {
            let time = VirtualTime()
            let probe = try probe(Self.options, time, hook: ScriptedHook { _ in status }) { _ in
                .success(MailReply(code: 250))
            }
            time.move(to: Instant(nanoseconds: 30_000_000_000))
            _ = await probe.run()
            let report = await probe.run()
            #expect(report.failure == ProbeFailure("other", words))
            #expect(report.samples.value("service_mail_hook_up") == 0 && !report.samples.has("service_mail_returned"))
        }
    }

    @Test func aURLMayBeTheHook() async throws {
        let time = VirtualTime()
        let answers = Mutex<[Result<HTTPResponse, TransportError>]>([])
        let urls = Mutex<[String]>([])
        var options = Self.options
        options.hook = .url(HTTPEndpointOptions(url: "https://hooks.example.net/mail/{token}"))
        let probe = try probe(
            options, time, hook: ScriptedHook { _ in nil },
            http: { request in
                urls.withLock { $0.append(request.url) }
                return answers.withLock { $0.removeFirst() }
            }
        ) { _ in .success(MailReply(code: 250)) }
        time.move(to: Instant(nanoseconds: 30_000_000_000))
        _ = await probe.run()
        for (answer, isUp) in [(json(404, ""), 1.0), (json(200, "[]"), 1), (json(500, ""), 0)] {
            answers.withLock { $0 = [.success(answer)] }
            let report = await probe.run()
            #expect(
                report.samples.value("service_mail_hook_up") == isUp && !report.samples.has("service_mail_returned"))
        }
        let url = try #require(urls.withLock { $0.first })
        let token = try #require(url.split(separator: "/").last)
        #expect(url == "https://hooks.example.net/mail/\(token)" && token.hasPrefix("vaultwatch-"))
        answers.withLock { $0 = [.success(json(200, "{\"found\":\"\(token)\"}"))] }
        #expect(await probe.run().samples.value("service_mail_returned") == 1)
    }

    // MARK: Programs

    @Test func programsAreRunAndEnded() async throws {
        let runner = ChildHookRunner()
        #expect(try await runner.run(["/bin/sh", "-c", "exit 0"], timeout: .seconds(30)) == 0)
        #expect(
            try await runner.run(["/bin/sh", "-c", "test \"$1\" = token", "sh", "token"], timeout: .seconds(30)) == 0)
        #expect(try await runner.run(["/bin/sh", "-c", "exit 1"], timeout: .seconds(30)) == 1)
        // Of the environment it has what it needs, and none of the secrets.
        setenv("VAULTWATCH_TEST_SECRET", "hunter2", 1)
        defer { unsetenv("VAULTWATCH_TEST_SECRET") }
        let check = "test -n \"$PATH\" && test -z \"$VAULTWATCH_TEST_SECRET\""
        #expect(try await runner.run(["/bin/sh", "-c", check], timeout: .seconds(30)) == 0)
        let late = await #expect(throws: HookError.self) {
            try await runner.run(["/bin/sleep", "600"], timeout: .milliseconds(50))
        }
        #expect(late?.isTimeout == true)
    }
}
