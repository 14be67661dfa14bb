import Alerts
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Testing
import Transport

@testable import Delivery

@Suite(.timeLimit(.minutes(2))) struct CourierTests {
    /// A receiver that answers as a test says.
    private struct Scripted: Integration {
        let answer: @Sendable () async -> DeliveryOutcome
        func send(_ notification: Alerts.Notification) async -> DeliveryOutcome { await answer() }
    }

    /// What the owner of the messages was told, and when.
    private final class Owner: Sendable {
        struct Event: Equatable {
            let what: String
            let at: Instant
        }

        let time: VirtualTime
        private let told = Mutex<[Event]>([])
        private let gone = Mutex<Set<UInt64>>([])
        /// What the owner holds for the courier, whether accepted or not.
        let outbox = Mutex<[UInt64]>([])
        init(_ time: VirtualTime) { self.time = time }

        var said: [String] { told.withLock { $0.map(\.what) } }
        func times(_ prefix: String) -> [Instant] {
            told.withLock { $0.filter { $0.what.hasPrefix(prefix) }.map(\.at) }
        }
        func note(_ what: String) { told.withLock { $0.append(Event(what: what, at: time.monotonic())) } }
        func forget(_ id: UInt64) { gone.withLock { _ = $0.insert(id) } }

        var events: CourierEvents {
            CourierEvents(
                begin: { id in
                    if self.gone.withLock({ $0.contains(id) }) { return nil }
                    self.note("begin \(id)")
                    return .test("webhook/0", groupKey: "\(id)")
                },
                accepted: { id, _, detail in
                    self.note("accepted \(id) \(detail)")
                    self.forget(id)
                },
                failed: { id, _, error, attempt in self.note("failed \(id) \(error.reason.rawValue) \(attempt)") },
                abandoned: { id, _, error in self.note("abandoned \(id) \(error.reason.rawValue)") },
                waiting: { _, _ in
                    self.note("refill")
                    let accepted = Set(
                        self.said.filter { $0.hasPrefix("accepted") }.compactMap { UInt64($0.split(separator: " ")[1]) }
                    )
                    return self.outbox.withLock { $0.filter { !accepted.contains($0) } }
                })
        }
    }

    private static let options = IntegrationOptions(
        .webhook(WebhookOptions(url: Secret(value: "https://hooks.example.org"))))

    private func courier(
        _ owner: Owner, limit: Int = 100, seed: UInt64 = 7, answer: @escaping @Sendable () async -> DeliveryOutcome
    ) -> Courier {
        Courier(
            receiver: "team", integration: CourierTests.options, sender: Scripted(answer: answer), events: owner.events,
            platform: .test(owner.time, seed: seed), metrics: DeliveryMetrics(Registry()), limit: limit)
    }

    /// Fails so many times, then accepts.
    private func failing(_ times: Int, _ error: DeliveryError) -> @Sendable () async -> DeliveryOutcome {
        let left = Counted(times)
        return { left.take() ? .failed(error) : .accepted("ok") }
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

    /// Moves time to the courier's next alarm, the only one who sleeps.
    private func ring(_ time: VirtualTime) async {
        await until { time.sleeperCount == 1 }
        await time.advance(through: time.monotonic() + .seconds(7200), settle: 1)
    }

    @Test func triesUntilAccepted() async {
        let owner = Owner(VirtualTime())
        let courier = courier(owner, answer: failing(12, DeliveryError(.serverError, retryable: true, "HTTP 503")))
        await courier.send(1)
        for attempt in 1...12 {
            await until { owner.times("failed").count == attempt }
            await ring(owner.time)
        }
        await until { owner.times("accepted").count == 1 }
        #expect(owner.said.suffix(4) == ["begin 1", "failed 1 serverError 12", "begin 1", "accepted 1 ok"])
        let begins = owner.times("begin")
        let delays = zip(begins.dropFirst(), begins).map { $0 - $1 }
        #expect(delays.count == 12)
        for (delay, longest) in zip(delays, [1, 2, 4, 8, 16, 32] + Array(repeating: 60, count: 6)) {
            #expect(delay >= .seconds(longest) / 2 && delay <= .seconds(longest))
        }
        await until { await courier.status.waiting == 0 }
        #expect(await courier.status.lastError == nil)
        #expect(await courier.status.lastAccepted == owner.time.wall())
    }

    @Test func leavesAReceiverAloneAsLongAsItAsked() async {
        let owner = Owner(VirtualTime())
        let courier = courier(
            owner,
            answer: failing(1, DeliveryError(.serverError, retryable: true, "HTTP 503", retryAfter: .seconds(600))))
        await courier.send(1)
        await until { owner.times("failed").count == 1 }
        await ring(owner.time)
        await until { owner.times("accepted").count == 1 }
        #expect(owner.times("accepted").first == owner.times("failed").first.map { $0 + .seconds(600) })
    }

    @Test func aRateLimitHoldsAllMessages() async {
        let owner = Owner(VirtualTime())
        let courier = courier(
            owner,
            answer: failing(1, DeliveryError(.rateLimited, retryable: true, "HTTP 429", retryAfter: .seconds(90))))
        await courier.send(1)
        await until { owner.times("failed").count == 1 }
        await until { owner.time.sleeperCount == 1 }
        await courier.send(2)
        // The alarm was set anew; the old one ends.
        await until { owner.time.sleeperCount == 1 }
        #expect(owner.times("begin 2").isEmpty)
        while owner.times("accepted").count < 2 {
            if owner.time.sleeperCount == 1 {
                await owner.time.advance(through: owner.time.monotonic() + .seconds(1), settle: 1)
            } else {
                await Task.yield()
            }
        }
        #expect(owner.times("accepted").allSatisfy { $0 - Instant(nanoseconds: 0) >= .seconds(90) })
        #expect(owner.times("failed").count == 1)
    }

    @Test func abandonsWhatIsRefusedForGood() async {
        let owner = Owner(VirtualTime())
        let courier = courier(owner, answer: failing(1, DeliveryError(.clientError, retryable: false, "HTTP 400")))
        await courier.send(1)
        await until { owner.times("abandoned").count == 1 }
        await until { await courier.status.waiting == 0 }
        #expect(owner.time.sleeperCount == 0)
        #expect(owner.said == ["begin 1", "abandoned 1 clientError"])
        #expect(await courier.status.lastError == "clientError: HTTP 400")
        await courier.send(2)
        await until { owner.times("accepted").count == 1 }
        #expect(await courier.status.lastError == nil)
    }

    @Test func aHungMessageDelaysNoOther() async {
        let owner = Owner(VirtualTime())
        let gate = Gate()
        let first = Counted(1)
        let courier = courier(owner) {
            if first.take() { await gate.pass() }
            return .accepted("ok")
        }
        await courier.send(1)
        await until { owner.times("begin 1").count == 1 }
        for id: UInt64 in 2...40 { await courier.send(id) }
        await until { owner.times("accepted").count == 39 }
        #expect(await courier.status.waiting == 1)
        gate.open()
        await until { owner.times("accepted").count == 40 }
    }

    @Test func aHungIntegrationDelaysNoOther() async throws {
        let owner = Owner(VirtualTime())
        let gate = Gate()
        let http = ScriptedHTTP { (request, _) throws(TransportError) in
            if request.url.contains("hung") { await gate.pass() }
            return HTTPResponse(status: 200)
        }
        var options = DeliveryOptions()
        options.receivers = ["hung", "well"].map { name in
            var receiver = ReceiverOptions(name: name)
            receiver.integrations = [
                IntegrationOptions(.webhook(WebhookOptions(url: Secret(value: "https://\(name).example.org/"))))
            ]
            return receiver
        }
        let events = CourierEvents(
            begin: { id in .test("webhook/0", receiver: id < 100 ? "hung" : "well") },
            accepted: { id, _, _ in owner.note("accepted \(id)") },
            failed: { _, _, _, _ in }, abandoned: { _, _, _ in })
        let service = try DeliveryService(
            options, http: http, mail: ScriptedMail(), platform: .test(owner.time), registry: Registry(),
            threads: MemoryThreads().store, events: events)
        for id: UInt64 in 1...50 { #expect(await service.send(id, .test("webhook/0", receiver: "hung"))) }
        for id: UInt64 in 101...150 { #expect(await service.send(id, .test("webhook/0", receiver: "well"))) }
        await until { owner.times("accepted").count == 50 }
        #expect(owner.said.allSatisfy { $0.hasPrefix("accepted 1") && $0.count == 12 })
        let statuses = await service.statuses()
        #expect(statuses.map(\.receiver) == ["hung", "well"])
        #expect(statuses.first?.waiting == 50)
        #expect(await service.send(200, .test("webhook/0", receiver: "nobody")) == false)
        #expect(await service.send(200, .test("webhook/7", receiver: "well")) == false)
        gate.open()
        await until { owner.times("accepted").count == 100 }
    }

    @Test func sendsNothingThatIsWithdrawn() async {
        let owner = Owner(VirtualTime())
        let courier = courier(owner, answer: failing(1, DeliveryError(.serverError, retryable: true, "HTTP 503")))
        await courier.send(1)
        await until { owner.times("failed").count == 1 }
        await until { owner.time.sleeperCount == 1 }
        await courier.withdraw(1)
        #expect(await courier.status.waiting == 0)
        // Its owner may know better at the last moment, too.
        owner.forget(2)
        await courier.send(2)
        await courier.send(3)
        await until { owner.times("accepted 3").count == 1 }
        await owner.time.run(for: .seconds(600))
        await until { await courier.status.waiting == 0 }
        #expect(owner.said == ["begin 1", "failed 1 serverError 1", "begin 3", "accepted 3 ok"])
    }

    @Test func takesAMessageOnce() async {
        let owner = Owner(VirtualTime())
        let gate = Gate()
        let courier = courier(owner) {
            await gate.pass()
            return .accepted("ok")
        }
        for _ in 0..<5 { await courier.send(1) }
        gate.open()
        await until { await courier.status.waiting == 0 }
        #expect(owner.said == ["begin 1", "accepted 1 ok"])
    }

    /// What finds no room in the queue is fetched from the outbox when there is some: nothing is lost, and nothing sent
    /// twice.
    @Test func holdsNoMoreThanItsBoundAndLosesNothing() async {
        let owner = Owner(VirtualTime())
        owner.outbox.withLock { $0 = Array(1...400) }
        let gate = Gate()
        let courier = courier(owner, limit: 5) {
            await gate.pass()
            return .accepted("ok")
        }
        for id: UInt64 in 1...400 { await courier.send(id) }
        #expect(await courier.status.waiting == Courier.mostToMachines + 5)
        gate.open()
        await until { owner.times("accepted").count == 400 }
        await until { await courier.status.waiting == 0 }
        #expect(Set(owner.said.filter { $0.hasPrefix("accepted") }).count == 400)
        // A refill brings as many as there is room for, not one at a time.
        #expect(owner.times("refill").count <= 60)
    }

    @Test func closeWaitsForWhatIsInFlight() async {
        let owner = Owner(VirtualTime())
        let gate = Gate()
        let courier = courier(owner) {
            await gate.pass()
            return .accepted("ok")
        }
        for id: UInt64 in 1...300 { await courier.send(id) }
        await until { owner.times("begin").count == Courier.mostToMachines }
        let closing = Task {
            await courier.close()
            owner.note("closed")
        }
        // It has begun to close once those that wait are gone.
        await until { await courier.status.waiting == Courier.mostToMachines }
        await courier.send(999)
        #expect(owner.times("closed").isEmpty)
        gate.open()
        await closing.value
        #expect(owner.said.last == "closed")
        #expect(owner.times("accepted").count == Courier.mostToMachines)
        #expect(owner.times("begin 999").isEmpty)
    }

    /// What waits for a receiver need not wait until another has answered.
    @Test func aDrainTellsOfEachThatHasClosed() async throws {
        let time = VirtualTime()
        let owner = Owner(time)
        let gate = Gate()
        let http = ScriptedHTTP { (_, _) throws(TransportError) in
            owner.note("asked")
            await gate.pass()
            return HTTPResponse(status: 200)
        }
        var options = DeliveryOptions()
        options.receivers = [ReceiverOptions(name: "team"), ReceiverOptions(name: "other")]
        for index in 0...1 { options.receivers[index].integrations = [CourierTests.options] }
        let service = try DeliveryService(
            options, http: http, mail: ScriptedMail(), platform: .test(time), registry: Registry(),
            threads: MemoryThreads().store, events: owner.events)
        #expect(await service.send(1, .test("webhook/0")))
        await until { owner.times("asked").count == 1 }
        let draining = Task {
            await service.drain(time: time) { receiver, integration in owner.note("closed \(receiver) \(integration)") }
        }
        await until { !owner.times("closed").isEmpty }
        #expect(owner.said == ["begin 1", "asked", "closed other webhook/0"])
        gate.open()
        await draining.value
        #expect(owner.said.last == "closed team webhook/0")
    }

    @Test func aDrainGivesUpInTimeWhatHangs() async throws {
        let time = VirtualTime()
        let owner = Owner(time)
        let http = ScriptedHTTP { (_, _) throws(TransportError) in
            owner.note("asked")
            do { try await time.sleep(for: .seconds(3600)) } catch { throw TransportError(.cancelled, "given up") }
            return HTTPResponse(status: 200)
        }
        var options = DeliveryOptions()
        options.receivers = [ReceiverOptions(name: "team")]
        options.receivers[0].integrations = [CourierTests.options]
        let service = try DeliveryService(
            options, http: http, mail: ScriptedMail(), platform: .test(time), registry: Registry(),
            threads: MemoryThreads().store, events: owner.events)
        #expect(await service.send(1, .test("webhook/0")))
        await until { owner.times("asked").count == 1 }
        let draining = Task { await service.drain(time: time) }
        // The request, and the drain's own bound.
        await until { time.sleeperCount == 2 }
        await time.advance(through: time.monotonic() + .seconds(3600), settle: 1)
        await draining.value
        #expect(time.monotonic() == Instant(nanoseconds: 0) + .seconds(10))
        #expect(owner.said == ["begin 1", "asked", "failed 1 contextCanceled 1"])
    }
}
