import Alerts
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Testing
import Transport

@testable import Delivery

@Suite(.timeLimit(.minutes(2))) struct NotifierTests {
    /// The dispatcher's side: what it was asked and told, and when.
    private final class Owner: Sendable {
        struct Event: Equatable {
            let what: String
            let at: Instant
        }

        let time: VirtualTime
        private let recorded = Mutex<[Event]>([])
        private let withdrawn = Mutex<Set<UInt64>>([])
        /// All messages that were decided, whether accepted or not.
        let outbox = Mutex<[Outgoing]>([])
        init(_ time: VirtualTime = VirtualTime()) { self.time = time }

        var events: [String] { recorded.withLock { $0.map(\.what) } }
        func times(_ prefix: String) -> [Instant] {
            recorded.withLock { $0.filter { $0.what.hasPrefix(prefix) }.map(\.at) }
        }
        func record(_ what: String) { recorded.withLock { $0.append(Event(what: what, at: time.monotonic())) } }
        func withdraw(_ id: UInt64) { withdrawn.withLock { _ = $0.insert(id) } }

        var notifierEvents: NotifierEvents {
            NotifierEvents(
                beginAttempt: { message in
                    if self.withdrawn.withLock({ $0.contains(message.id) }) { return nil }
                    self.record("begin \(message.id)")
                    return message.notification
                },
                accepted: { message, detail, threads in
                    self.record("accepted \(message.id) \(detail)")
                    for (key, id) in threads { self.record("thread \(key) \(id ?? "ended")") }
                    self.withdraw(message.id)
                },
                failed: { message, error, attempt in
                    self.record("failed \(message.id) \(error.reason.rawValue) \(attempt)")
                },
                refused: { message, detail in self.record("refused \(message.id) \(detail)") },
                pending: { _, _ in
                    self.record("refill")
                    let gone = self.withdrawn.withLock { $0 }
                    return self.outbox.withLock { $0.filter { !gone.contains($0.id) } }
                })
        }
    }

    private final class Counted: Sendable {
        private let left: Mutex<Int>
        init(_ count: Int) { left = Mutex(count) }
        func take() -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }
    }

    private static func options(_ names: String..., limit: Int = 100) -> DeliveryOptions {
        var options = DeliveryOptions()
        options.queueLimit = limit
        options.receivers = names.map { name in
            var receiver = ReceiverOptions(name: name)
            receiver.integrations = [
                IntegrationOptions(.webhook(WebhookOptions(url: Secret(value: "https://\(name).example.org/"))))
            ]
            return receiver
        }
        return options
    }

    private func notifier(_ owner: Owner, _ http: ScriptedHTTP, _ options: DeliveryOptions? = nil) throws -> Notifier {
        try Notifier(
            options ?? NotifierTests.options("team"), http: http, mail: ScriptedMail(), platform: .test(owner.time),
            registry: Registry(), events: owner.notifierEvents)
    }

    private func message(_ id: UInt64, _ receiver: String = "team") -> Outgoing {
        Outgoing(id: id, notification: .test(.init(.webhook, 0), receiver: receiver, groupKey: "\(id)"))
    }

    /// Answers so many times with a failure, then with 200.
    private func failing(_ times: Int, _ status: Int, retryAfter: String? = nil) -> ScriptedHTTP {
        let left = Counted(times)
        return ScriptedHTTP { (_, _) throws(TransportError) in
            left.take()
                ? HTTPResponse(status: status, headers: retryAfter.map { [("retry-after", $0)] } ?? [])
                : HTTPResponse(status: 200)
        }
    }

    /// Moves time to the notifier's next alarm, the only one that sleeps.
    private func ring(_ time: VirtualTime) async {
        await until { time.sleeperCount == 1 }
        await time.advance(through: time.monotonic() + .seconds(7200), settle: 1)
    }

    private func waiting(_ notifier: Notifier) -> Int { notifier.statuses.reduce(0) { $0 + $1.waiting } }

    @Test func triesUntilAccepted() async throws {
        let owner = Owner()
        let notifier = try notifier(owner, failing(12, 503))
        notifier.enqueue([message(1)])
        for attempt in 1...12 {
            await until { owner.times("failed").count == attempt }
            await ring(owner.time)
        }
        await until { owner.times("accepted").count == 1 }
        #expect(owner.events.suffix(4) == ["begin 1", "failed 1 serverError 12", "begin 1", "accepted 1 HTTP 200"])
        let begins = owner.times("begin")
        let delays = zip(begins.dropFirst(), begins).map { $0 - $1 }
        #expect(delays.count == 12)
        for (delay, longest) in zip(delays, [1, 2, 4, 8, 16, 32] + Array(repeating: 60, count: 6)) {
            #expect(delay >= .seconds(longest) / 2 && delay <= .seconds(longest))
        }
        await until { self.waiting(notifier) == 0 }
        #expect(notifier.statuses.map(\.lastError) == [nil])
        #expect(notifier.statuses.map(\.lastAccepted) == [owner.time.wall()])
    }

    /// A message says which other integration has refused its own, and when that is tried again.
    @Test func saysWhichOthersHaveRefusedAndWhenTheyAreTriedAgain() async throws {
        let owner = Owner()
        let mail = ScriptedMail()
        var options = NotifierTests.options("hook", "calm")
        var receiver = ReceiverOptions(name: "team")
        receiver.integrations = [
            IntegrationOptions(
                .email(EmailOptions(to: "a@example.org", from: "b@example.org", host: "h.example.org", port: 25)))
        ]
        options.receivers.append(receiver)
        let notifier = try Notifier(
            options, http: failing(1, 503, retryAfter: "600"), mail: mail, platform: .test(owner.time),
            registry: Registry(), events: owner.notifierEvents)
        notifier.enqueue([message(1, "hook")])
        await until { owner.times("failed").count == 1 }
        await until { owner.time.sleeperCount == 1 }
        var notification = IncidentFixture.firing(.init(.email, 0))
        notification.incidents[0].told = ["hook", "calm", "gone"].map { name in
            IncidentTold(
                receiver: name, integration: .init(.webhook, 0), state: .waiting, waitingSince: owner.time.wall())
        }
        notifier.enqueue([Outgoing(id: 2, notification: notification)])
        await until { owner.events.contains { $0.hasPrefix("accepted 2") } }
        let text = String(decoding: try #require(mail.mails.first?.message), as: UTF8.self)
        #expect(text.contains("\r\nAlso told: Webhook hook refused, next try 02:10:00\r\n"), "\(text)")
        await ring(owner.time)
        await until { owner.events.contains { $0.hasPrefix("accepted 1") } }
    }

    @Test func leavesAReceiverAloneAsLongAsItAsked() async throws {
        let owner = Owner()
        let notifier = try notifier(owner, failing(1, 503, retryAfter: "600"))
        notifier.enqueue([message(1)])
        await until { owner.times("failed").count == 1 }
        await ring(owner.time)
        await until { owner.times("accepted").count == 1 }
        #expect(owner.times("accepted").first == owner.times("failed").first.map { $0 + .seconds(600) })
    }

    @Test func aRateLimitHoldsAllMessagesOfItsIntegration() async throws {
        let owner = Owner()
        let left = Counted(1)
        let http = ScriptedHTTP { (request, _) throws(TransportError) in
            request.url.contains("team") && left.take()
                ? HTTPResponse(status: 429, headers: [("retry-after", "90")]) : HTTPResponse(status: 200)
        }
        let notifier = try notifier(owner, http, NotifierTests.options("team", "other"))
        notifier.enqueue([message(1)])
        await until { owner.times("failed").count == 1 }
        notifier.enqueue([message(2), message(3, "other")])
        await until { owner.times("accepted 3").count == 1 }
        #expect(owner.times("begin 2").isEmpty)
        await ring(owner.time)
        await until { owner.times("accepted").count == 3 }
        #expect(
            owner.times("accepted 1") + owner.times("accepted 2") == Array(repeating: owner.time.monotonic(), count: 2))
        #expect(owner.time.monotonic() == Instant(nanoseconds: 0) + .seconds(90))
    }

    @Test func doesNotRepeatWhatIsRefusedForGood() async throws {
        let owner = Owner()
        let notifier = try notifier(owner, failing(1, 400))
        notifier.enqueue([message(1)])
        await until { owner.times("refused").count == 1 }
        await until { self.waiting(notifier) == 0 }
        #expect(owner.time.sleeperCount == 0)
        #expect(owner.events == ["begin 1", "refused 1 clientError: HTTP 400"])
        #expect(notifier.statuses.map(\.lastError) == ["clientError: HTTP 400"])
        notifier.enqueue([message(2)])
        await until { owner.times("accepted").count == 1 }
        #expect(notifier.statuses.map(\.lastError) == [nil])
    }

    @Test func aHungMessageDelaysNoOther() async throws {
        let owner = Owner()
        let gate = Gate()
        let http = ScriptedHTTP { (_, turn) throws(TransportError) in
            if turn == 0 { await gate.pass() }
            return HTTPResponse(status: 200)
        }
        let notifier = try notifier(owner, http)
        notifier.enqueue([message(1)])
        await until { http.requests.count == 1 }
        notifier.enqueue((2...40).map { message($0) })
        await until { owner.times("accepted").count == 39 }
        await until { self.waiting(notifier) == 1 }
        gate.open()
        await until { owner.times("accepted").count == 40 }
    }

    @Test func aHungIntegrationDelaysNoOther() async throws {
        let owner = Owner()
        let gate = Gate()
        let http = ScriptedHTTP { (request, _) throws(TransportError) in
            if request.url.contains("hung") { await gate.pass() }
            return HTTPResponse(status: 200)
        }
        let notifier = try notifier(owner, http, NotifierTests.options("hung", "well"))
        notifier.enqueue((1...50).map { message($0, "hung") } + (101...150).map { message($0, "well") })
        await until { owner.times("accepted").count == 50 }
        #expect(owner.times("accepted 1").count == 50)
        #expect(notifier.statuses.map(\.receiver) == ["hung", "well"])
        #expect(notifier.statuses.first?.waiting == 50)
        gate.open()
        await until { owner.times("accepted").count == 100 }
    }

    @Test func aMessageForNoConfiguredReceiverIsRefused() async throws {
        let owner = Owner()
        let notifier = try notifier(owner, ScriptedHTTP(200))
        notifier.enqueue([message(1, "nobody")])
        await until { !owner.events.isEmpty }
        #expect(owner.events == ["refused 1 its receiver is not configured any more"])
    }

    @Test func sendsNothingThatWasWithdrawn() async throws {
        let owner = Owner()
        let notifier = try notifier(owner, failing(1, 503))
        notifier.enqueue([message(1)])
        await until { owner.times("failed").count == 1 }
        await until { owner.time.sleeperCount == 1 }
        notifier.withdraw([1])
        #expect(waiting(notifier) == 0)
        // The dispatcher may withdraw it at the last moment, too.
        owner.withdraw(2)
        notifier.enqueue([message(2), message(3)])
        await until { owner.times("accepted 3").count == 1 }
        await owner.time.run(for: .seconds(600))
        await until { self.waiting(notifier) == 0 }
        #expect(owner.events == ["begin 1", "failed 1 serverError 1", "begin 3", "accepted 3 HTTP 200"])
    }

    @Test func takesAMessageOnce() async throws {
        let owner = Owner()
        let gate = Gate()
        let http = ScriptedHTTP { (_, _) throws(TransportError) in
            await gate.pass()
            return HTTPResponse(status: 200)
        }
        let notifier = try notifier(owner, http)
        for _ in 0..<5 { notifier.enqueue([message(1)]) }
        gate.open()
        await until { self.waiting(notifier) == 0 }
        #expect(owner.events == ["begin 1", "accepted 1 HTTP 200"])
    }

    /// What finds no room in the queue is fetched from the outbox when there is some: nothing is lost, and nothing sent
    /// twice.
    @Test func holdsNoMoreThanItsLimitAndLosesNothing() async throws {
        let owner = Owner()
        owner.outbox.withLock { $0 = (1...400).map { message($0) } }
        let gate = Gate()
        let http = ScriptedHTTP { (_, _) throws(TransportError) in
            await gate.pass()
            return HTTPResponse(status: 200)
        }
        let notifier = try notifier(owner, http, NotifierTests.options("team", limit: 5))
        for id: UInt64 in 1...400 { notifier.enqueue([message(id)]) }
        #expect(waiting(notifier) == NotifierQueue.inFlightLimitToMachines + 5)
        gate.open()
        await until { owner.times("accepted").count == 400 }
        await until { self.waiting(notifier) == 0 }
        #expect(Set(owner.events.filter { $0.hasPrefix("accepted") }).count == 400)
        // A refill brings as many as there is room for, not one at a time.
        #expect(owner.times("refill").count <= 60)
    }

    /// The conversation that a message began is reported with its acceptance, to be stored in the same transaction.
    @Test func reportsTheConversationWithTheAcceptance() async throws {
        let owner = Owner()
        let http = ScriptedHTTP(200, #"{"ok":true,"ts":"17.1"}"#)
        var options = DeliveryOptions()
        options.receivers = [ReceiverOptions(name: "team")]
        var slack = SlackOptions(
            .api(url: SlackOptions.apiURL, token: Secret(value: "xoxb-token-1")))
        slack.channel = "#vault"
        slack.sendResolved = true
        options.receivers[0].integrations = [IntegrationOptions(.slack(slack))]
        let notifier = try notifier(owner, http, options)
        notifier.restore(threads: ["slack/team/slack/0/b": "9.9"])
        for (id, key, resolved) in [(1, "a", false), (2, "b", true)] {
            notifier.enqueue([
                Outgoing(
                    id: UInt64(id), notification: .test(.init(.slack, 0), resolved: resolved, groupKey: key))
            ])
            await until { owner.times("accepted").count == id }
        }
        await until { self.waiting(notifier) == 0 }
        #expect(
            owner.events.filter { $0.hasPrefix("thread") } == [
                "thread slack/team/slack/0/a 17.1", "thread slack/team/slack/0/b ended",
            ])
        #expect(http.requests.map { $0.json["thread_ts"] as? String } == [nil, "9.9"])
        #expect(notifier.threads == ["slack/team/slack/0/a": "17.1"])
    }

    // MARK: Reload

    /// What waits for a receiver that fails is tried at once: perhaps the reload has mended it. What is under way is
    /// not sent twice.
    @Test func aReloadTriesWhatWaitsAtOnce() async throws {
        let owner = Owner()
        let gate = Gate()
        let http = ScriptedHTTP { (request, _) throws(TransportError) in
            if request.url.contains("hung") { await gate.pass() }
            return HTTPResponse(status: request.url.contains("mended") ? 200 : 503)
        }
        var options = NotifierTests.options("team", "hung")
        let notifier = try notifier(owner, http, options)
        notifier.enqueue([message(1), message(2, "hung")])
        await until { owner.times("failed").count == 1 && http.requests.count == 2 }
        await until { owner.time.sleeperCount == 1 }
        options.receivers[0].integrations = [
            IntegrationOptions(.webhook(WebhookOptions(url: Secret(value: "https://mended.example.org/"))))
        ]
        try await notifier.reload(options) { owner.record("reroute") }
        await until { owner.times("accepted 1").count == 1 }
        #expect(owner.time.monotonic() == Instant(nanoseconds: 0))
        gate.open()
        await until { owner.times("failed 2").count == 1 }
        #expect(owner.times("begin 2").count == 1)
    }

    /// A message decided for one address must not go to another that a reload puts in its place.
    @Test func noAttemptBeginsWhileRoutingChanges() async throws {
        let owner = Owner()
        let http = ScriptedHTTP(200)
        let notifier = try notifier(owner, http)
        let gate = Gate()
        let reloading = Task {
            try await notifier.reload(NotifierTests.options("team")) {
                owner.record("reroute")
                await gate.pass()
            }
        }
        await until { owner.times("reroute").count == 1 }
        notifier.enqueue([message(1), message(2)])
        owner.withdraw(1)
        #expect(http.requests.isEmpty)
        gate.open()
        try await reloading.value
        await until { owner.times("accepted 2").count == 1 }
        #expect(owner.times("begin").count == 1)
        #expect(owner.times("begin 1").isEmpty)
    }

    @Test func aReloadThatFailsChangesNothing() async throws {
        let owner = Owner()
        let notifier = try notifier(owner, ScriptedHTTP(200))
        var broken = NotifierTests.options("other")
        let folder = try TemplateFolder("{{ define \"a\" }}{{ if }}{{ end }}")
        broken.templates = [folder.pattern]
        await #expect(throws: (any Error).self) { try await notifier.reload(broken) { owner.record("reroute") } }
        #expect(owner.events.isEmpty)
        notifier.enqueue([message(1)])
        await until { owner.times("accepted 1").count == 1 }
    }

    // MARK: Stop

    @Test func aDrainWaitsForWhatIsInFlight() async throws {
        let owner = Owner()
        let gate = Gate()
        let http = ScriptedHTTP { (_, _) throws(TransportError) in
            await gate.pass()
            return HTTPResponse(status: 200)
        }
        let notifier = try notifier(owner, http, NotifierTests.options("team", limit: 1000))
        notifier.enqueue((1...300).map { message($0) })
        await until { http.requests.count == NotifierQueue.inFlightLimitToMachines }
        let draining = Task {
            await notifier.drain()
            owner.record("drained")
        }
        await until { self.waiting(notifier) == NotifierQueue.inFlightLimitToMachines }
        notifier.enqueue([message(999)])
        #expect(owner.times("drained").isEmpty)
        gate.open()
        await draining.value
        #expect(owner.events.last == "drained")
        #expect(owner.times("accepted").count == NotifierQueue.inFlightLimitToMachines)
        #expect(owner.times("begin 999").isEmpty)
    }

    @Test func aDrainCancelsInTimeWhatHangs() async throws {
        let owner = Owner()
        let time = owner.time
        let http = ScriptedHTTP { (_, _) throws(TransportError) in
            do { try await time.sleep(for: .seconds(3600)) } catch { throw TransportError(.cancelled, "cancelled") }
            return HTTPResponse(status: 200)
        }
        let notifier = try notifier(owner, http)
        notifier.enqueue([message(1)])
        await until { http.requests.count == 1 }
        let draining = Task { await notifier.drain() }
        // The request, and the drain's own limit.
        await until { time.sleeperCount == 2 }
        await time.advance(through: time.monotonic() + .seconds(3600), settle: 1)
        await draining.value
        #expect(time.monotonic() == Instant(nanoseconds: 0) + .seconds(10))
        #expect(owner.events == ["begin 1", "failed 1 contextCanceled 1"])
    }
}
