import Alerts
import Delivery
import Dispatching
import Exposition
import Foundation
import Journal
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Testing

@testable import Agent

/// The dispatcher with its journal: what is decided survives a restart, whatever it is.
@Suite(.timeLimit(.minutes(2))) struct DispatcherServiceTests {
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.path + "/dispatcher-" + UUID().uuidString
        init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// The messages that were handed over.
    private final class Sent: Sendable {
        private let all = Mutex<[Outgoing]>([])
        func add(_ messages: [Outgoing]) { all.withLock { $0 += messages } }
        var list: [Outgoing] { all.withLock { $0 } }
    }

    /// One run of the service, from its restoration to its end.
    private struct Run {
        let dispatcher: DispatcherService
        let journal: Journal
        let sent = Sent()
        let registry = Registry()
        let running: Task<Void, Never>

        init(_ folder: Folder, _ options: DispatchOptions, _ time: VirtualTime, restoring: Bool = true) async throws {
            let platform = Platform(
                time: time, random: SeededRandom(seed: 1), files: SystemFiles(),
                log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            let journal = Journal(JournalOptions(path: folder.path + "/journal.db"), time: SystemTime())
            let dispatcher = DispatcherService(
                options: options, write: { (changes) async throws(JournalError) in try await journal.write(changes) },
                platform: platform,
                registry: registry, beat: { _ in })
            if restoring {
                await dispatcher.restore(try await journal.load())
            } else {
                await dispatcher.beginWithoutPast()
            }
            let sent = sent
            running = Task {
                await dispatcher.run(
                    .init(enqueue: { sent.add($0) }, withdraw: { _ in }, threads: { ["t": "1.1"] }))
            }
            (self.dispatcher, self.journal) = (dispatcher, journal)
        }

        func stop() async {
            running.cancel()
            await running.value
            await journal.close()
        }

        func escalations() -> Double {
            registry.families().first { $0.name == "vaultwatch_alerts_escalated_total" }?.samples.reduce(0) {
                $0 + $1.value
            } ?? -1
        }
    }

    private static let options = DispatchOptions(
        route: Route(receiver: "ops", groupWait: .zero, groupInterval: .seconds(60), repeatInterval: .seconds(3600)),
        receivers: [
            .init(name: "ops", integrations: [.init(.init(.slack, 0), sendResolved: true)], fallback: "boss"),
            .init(name: "boss", integrations: [.init(.init(.email, 0), sendResolved: true)]),
        ])

    private func until(_ condition: @Sendable () async -> Bool) async {
        while await !condition() { await Task.yield() }
    }

    /// One attempt that the receiver accepts.
    private func accept(_ message: Outgoing, _ run: Run) async throws {
        let events = run.dispatcher.notifierEvents
        _ = try #require(await events.beginAttempt(message))
        await events.accepted(message, "ok", [:])
        // On its return the acceptance is written too.
        await run.dispatcher.receive([], state: [.forgetState(key: "none")])
    }

    private func alert(_ time: VirtualTime, ended: Bool = false) -> Alert {
        Alert(
            labels: ["alertname": "VaultSealed", "severity": "critical"],
            startsAt: Timestamp(milliseconds: 1_764_122_400_000),
            endsAt: ended ? time.wall() : nil, updatedAt: time.wall())
    }

    /// The end of an alert names what goes on about the same thing, as of the attempt: an alert that inhibits it, one that
    /// has its labels, one of its group that is silenced.
    @Test func anEndNamesWhatStillFires() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var options = DispatcherServiceTests.options
        options.receivers[0].fallback = nil
        options.route.groupBy = .labels(["alertname"])
        options.inhibitRules = [
            InhibitRule(
                sources: [.init(matchers: [Matcher("alertname", equals: "Blind")])],
                targetMatchers: [Matcher("alertname", equals: "Lagging")])
        ]
        let run = try await Run(folder, options, time)
        func alert(_ name: String, _ severity: String, _ server: String, ended: Bool = false) -> Alert {
            Alert(
                labels: Labels(["alertname": name, "severity": severity, "server": server]), startsAt: time.wall(),
                endsAt: ended ? time.wall() : nil, updatedAt: time.wall())
        }
        await run.dispatcher.receive([alert("Lagging", "medium", "b")])
        await until { run.sent.list.count == 1 }
        try await accept(run.sent.list[0], run)
        // Those that have other labels are about something else.
        await run.dispatcher.receive([alert("LaggingFar", "high", "b"), alert("LaggingFar", "high", "c")])
        await run.dispatcher.receive([alert("Blind", "low", "z"), alert("Down", "critical", "b")])
        await run.dispatcher.receive([alert("Down", "critical", "b", ended: true)])
        await run.dispatcher.receive([alert("Lagging", "medium", "b", ended: true)])
        await time.run(for: .seconds(60))
        await until { run.sent.list.contains { $0.notification.status == .resolved } }
        let end = try #require(run.sent.list.first { $0.notification.status == .resolved })
        let attempt = try #require(await run.dispatcher.notifierEvents.beginAttempt(end))
        #expect(attempt.groupLabels["alertname"] == "Lagging")
        #expect(attempt.stillFiring.map(\.name) == ["LaggingFar", "Blind"])
        #expect(attempt.stillFiring.first?.labels["server"] == "b")
        await run.stop()
    }

    /// An attempt to tell people knows who was told before, and what comes next; a program gets the data alone.
    @Test func anAttemptKnowsWhoWasToldAndWhatComesNext() async throws {
        for kind in [IntegrationKind.slack, .webhook] {
            let folder = Folder()
            let time = VirtualTime()
            var options = DispatcherServiceTests.options
            options.receivers[0].integrations = [.init(.init(kind, 0), sendResolved: true)]
            let run = try await Run(folder, options, time)
            await run.dispatcher.receive([alert(time)])
            await until { run.sent.list.count == 1 }
            let events = run.dispatcher.notifierEvents
            let first = try #require(await events.beginAttempt(run.sent.list[0]))
            #expect(first.attemptedAt == time.wall())
            let incident = try #require(first.incidents.first)
            #expect(incident.number == 1 && incident.toldAt == nil)
            #expect(incident.told.map(\.state) == (kind == .slack ? [.waiting] : []))
            #expect(incident.next.first?.kind == (kind == .slack ? .escalatesUnaccepted : nil))
            try await accept(run.sent.list[0], run)
            await time.run(for: .seconds(30), settle: 20)
            await run.dispatcher.receive([alert(time, ended: true)])
            await time.run(for: .seconds(120), settle: 20)
            await until { run.sent.list.contains { $0.notification.status == .resolved } }
            let end = try #require(run.sent.list.first { $0.notification.status == .resolved })
            let last = try #require(await events.beginAttempt(end)?.incidents.first)
            #expect((last.toldAt != nil) == (kind == .slack))
            #expect(last.told.isEmpty && last.next.isEmpty)
            await run.stop()
        }
    }

    /// Of two equal sibling routes the first is deleted while both have told of an alert. The second keeps its group key,
    /// which PagerDuty's dedup key is a digest of: over a reload, over a restart with the journal, and over both.
    @Test(arguments: [(true, false), (false, true), (true, true)])
    func aTwinRouteKeepsItsGroup(reloads: Bool, restarts: Bool) async throws {
        func options(_ receivers: [String]) -> DispatchOptions {
            DispatchOptions(
                route: Route(
                    receiver: "rest", groupWait: .zero, groupInterval: .seconds(60), repeatInterval: .seconds(3600),
                    routes: receivers.map {
                        Route(receiver: $0, matchers: [Matcher("severity", equals: "critical")], continues: true)
                    }),
                receivers: ["rest", "first", "second"].map { name in
                    .init(name: name, integrations: [.init(.init(.pagerduty, 0), sendResolved: true)])
                })
        }
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, options(["first", "second"]), time)
        await run.dispatcher.receive([alert(time)])
        let sent = run.sent
        await until { sent.list.count == 2 }
        for message in run.sent.list { try await accept(message, run) }
        let key = try #require(run.sent.list.first { $0.notification.receiver == "second" }).notification.groupKey
        var told = run.sent.list.count
        if reloads { await run.dispatcher.reload(options(["second"])) }
        if restarts {
            await run.stop()
            run = try await Run(folder, options(["second"]), time)
            told = 0
        }
        await time.run(for: .seconds(130), settle: 20)
        // What was decided by then is handed over. Nothing of it is new for the second.
        await run.dispatcher.receive([], state: [.forgetState(key: "none")])
        #expect(run.sent.list.dropFirst(told).filter { $0.notification.receiver == "second" } == [])
        let second = await run.dispatcher.groupStatuses().filter { $0.receiver == "second" }
        #expect(second.map(\.key) == [key])
        for message in run.sent.list.dropFirst(told) { try await accept(message, run) }
        await run.dispatcher.receive([alert(time, ended: true)])
        await time.run(for: .seconds(400), settle: 20)
        await run.dispatcher.receive([], state: [.forgetState(key: "none")])
        let ends = run.sent.list.filter { $0.notification.reason == .resolved && $0.notification.receiver == "second" }
        #expect(ends.map(\.notification.groupKey) == [key])
        await run.stop()
    }

    /// What a message began or ended is stored with its acceptance, and given to the next run's notifier.
    @Test func conversationsSurviveARestart() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, DispatcherServiceTests.options, time)
        await run.dispatcher.receive([alert(time)])
        let message = try #require(run.sent.list.first)
        let events = run.dispatcher.notifierEvents
        _ = try #require(await events.beginAttempt(message))
        await events.accepted(message, "ok", ["slack/ops/slack/0/a": "17.1", "slack/ops/slack/0/b": nil])
        await run.stop()
        run = try await Run(folder, DispatcherServiceTests.options, time)
        let snapshot = try await run.journal.load()
        #expect(DispatcherService.threads(in: snapshot) == ["slack/ops/slack/0/a": "17.1"])
        #expect(snapshot.outbox.isEmpty)
        #expect(snapshot.records.count == 1)
        await run.stop()
    }

    /// The rule VaultwatchAlertEscalated says of this number that the receiver has not accepted alerts.
    @Test func whatNobodyHasAcknowledgedIsNoFailureOfTheReceiver() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var options = DispatcherServiceTests.options
        options.receivers[0].escalateAfter = .seconds(120)
        let run = try await Run(folder, options, time)
        await run.dispatcher.receive([alert(time)])
        await until { run.sent.list.count == 1 }
        try await accept(try #require(run.sent.list.first), run)
        await time.run(for: .seconds(130), settle: 20)
        await until { run.sent.list.last?.notification.receiver == "boss" }
        #expect(run.sent.list.last?.notification.reason == .escalated)
        #expect(run.escalations() == 0)
        await run.stop()
    }

    /// Decided before a restart, escalated after it, once; told in the history and in a metric; its end follows.
    @Test func anEscalationOverRestarts() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, DispatcherServiceTests.options, time)
        await run.dispatcher.receive([alert(time)])
        #expect(run.sent.list.map(\.notification.receiver) == ["ops"])
        #expect(run.escalations() == 0)
        await run.stop()

        await time.advance(through: time.monotonic() + .seconds(200), settle: 1)
        run = try await Run(folder, DispatcherServiceTests.options, time)
        let first = run
        await until { first.sent.list.count == 1 }
        await time.run(for: .seconds(99), settle: 20)
        #expect(run.sent.list.map(\.notification.receiver) == ["ops"])
        await time.run(for: .seconds(3), settle: 20)
        await until { first.sent.list.count == 2 }
        #expect(run.sent.list.last?.notification.receiver == "boss")
        #expect(run.sent.list.last?.notification.reason == .escalated)
        #expect(run.escalations() == 1)
        await run.stop()

        run = try await Run(folder, DispatcherServiceTests.options, time)
        let second = run
        await until { second.sent.list.count == 2 }
        let toBoss = try #require(run.sent.list.first { $0.notification.receiver == "boss" })
        try await accept(toBoss, run)
        #expect(run.escalations() == 0)
        await run.dispatcher.receive([alert(time, ended: true)])
        await time.run(for: .seconds(130), settle: 20)
        // The attempt at ops that the restart interrupted may have arrived: ops gets the end, too.
        await until { second.sent.list.count { $0.notification.reason == .resolved } == 2 }
        let ends = run.sent.list.filter { $0.notification.reason == .resolved }
        #expect(Set(ends.map(\.notification.receiver)) == ["ops", "boss"])
        let history = try await run.journal.history(limit: 100)
        #expect(history.filter { $0.kind == .escalated }.map(\.detail) == ["ops has not accepted it in time"])
        await run.stop()
    }

    /// What a journal holds that could not be read at the start is not overwritten: it is there at the next one.
    @Test func aStartWithoutAPastKeepsIt() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, DispatcherServiceTests.options, time)
        await run.dispatcher.receive([alert(time)])
        let old = try #require(run.sent.list.first)
        await run.stop()
        run = try await Run(folder, DispatcherServiceTests.options, time, restoring: false)
        await run.dispatcher.receive([
            Alert(
                labels: ["alertname": "Other", "severity": "critical"], startsAt: time.wall(), updatedAt: time.wall())
        ])
        let new = try #require(run.sent.list.first)
        #expect(new.id > old.id)
        try await accept(new, run)
        #expect(try await run.journal.load().outbox.map(\.id) == [old.id])
        await run.stop()
        run = try await Run(folder, DispatcherServiceTests.options, time)
        let last = run
        await until { last.sent.list.contains { $0.notification.alerts.contains { $0.name == "VaultSealed" } } }
        await run.stop()
    }

    /// A journal that was begun anew gets everything again.
    @Test func everythingIsWrittenAgainIntoANewJournal() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, DispatcherServiceTests.options, time)
        await run.dispatcher.receive([alert(time)])
        await run.dispatcher.notifierEvents.accepted(
            Outgoing(id: 99, notification: run.sent.list[0].notification), "", ["t": "1.1"])
        _ = try await run.dispatcher.setSilence(
            Silence(
                matchers: [Matcher("a", equals: "b")], startsAt: time.wall(), endsAt: time.wall() + .seconds(3600),
                createdBy: "me", comment: "c"))
        let before = try await run.journal.load()
        #expect(
            before.states.count == 3 && before.outbox.count == 1 && before.alerts.count == 1
                && before.silences.count == 1)
        let keys = before.states.keys.map { JournalChange.forgetState(key: $0) }
        try await run.journal.write(
            keys + [.forgetOutbox(id: before.outbox[0].id), .forgetAlert(id: before.alerts[0].fingerprint)])
        await run.dispatcher.rewriteJournal()
        await run.stop()
        run = try await Run(folder, DispatcherServiceTests.options, time)
        let after = try await run.journal.load()
        #expect(after.states.keys == before.states.keys)
        #expect(after.outbox == before.outbox)
        #expect(after.alerts == before.alerts)
        #expect(after.silences.keys == before.silences.keys)
        await run.stop()
    }

    /// An evaluation that was under way at the stop brings its alerts when nobody decides any more: they are in the
    /// journal all the same, and whoever brought them waits for nothing else.
    @Test func whatComesAfterTheEndIsWrittenAndKeepsNobodyWaiting() async throws {
        let folder = Folder()
        let time = VirtualTime()
        let run = try await Run(folder, DispatcherServiceTests.options, time)
        run.running.cancel()
        await run.running.value
        await run.dispatcher.receive([alert(time)])
        #expect(try await run.journal.load().alerts.map(\.name) == ["VaultSealed"])
        await run.journal.close()
    }

    /// A journal in memory whose writes a test can hold.
    private final class Writes: Sendable {
        private struct State {
            var batches: [[JournalChange]] = []
            var isHeld = false
            var held: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())
        var batches: [[JournalChange]] { state.withLock { $0.batches } }
        var heldCount: Int { state.withLock { $0.held.count } }

        func write(_ changes: [JournalChange]) async {
            await withCheckedContinuation { continuation in
                let isHeld = state.withLock { state in
                    state.batches.append(changes)
                    if state.isHeld { state.held.append(continuation) }
                    return state.isHeld
                }
                if !isHeld { continuation.resume() }
            }
        }

        func hold() { state.withLock { $0.isHeld = true } }

        func release() {
            let held = state.withLock { state in
                defer { state.held = [] }
                state.isHeld = false
                return state.held
            }
            for continuation in held { continuation.resume() }
        }
    }

    private func service(
        _ writes: Writes, _ time: VirtualTime, beat: @escaping @Sendable (DispatcherService.Loop) -> Void = { _ in }
    ) -> DispatcherService {
        let platform = Platform(
            time: time, random: SeededRandom(seed: 1), files: SystemFiles(),
            log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return DispatcherService(
            options: DispatcherServiceTests.options,
            write: { (changes) async throws(JournalError) in await writes.write(changes) }, platform: platform,
            registry: Registry(), beat: beat)
    }

    /// Whoever brings alerts while the stop waits for the disk, and after it, gets an answer; all of it is written.
    @Test(arguments: [0, 1, 2]) func aStopLeavesNobodyWaiting(_ moment: Int) async throws {
        let (writes, time, sent) = (Writes(), VirtualTime(), Sent())
        let service = service(writes, time)
        let running = Task { await service.run(.init(enqueue: { sent.add($0) }, withdraw: { _ in })) }
        writes.hold()
        let first = Task { await service.receive([self.alert(time)]) }
        await until { writes.heldCount == 1 }
        let other = Alert(labels: ["alertname": "Other"], startsAt: time.wall(), updatedAt: time.wall())
        var second: Task<Void, Never>?
        if moment == 0 { second = Task { await service.receive([other]) } }
        running.cancel()
        if moment == 1 { second = Task { await service.receive([other]) } }
        for _ in 0..<1000 { await Task.yield() }
        writes.release()
        await running.value
        if moment == 2 { second = Task { await service.receive([other]) } }
        await first.value
        await second?.value
        let names = writes.batches.joined().compactMap { if case .alert(let alert) = $0 { alert.name } else { nil } }
        #expect(Set(names) == ["VaultSealed", "Other"])
    }

    /// Before the loops run, whoever brings alerts writes them; their messages leave when the loops do.
    @Test func whatComesBeforeTheStartIsWrittenAndSentLater() async throws {
        let (writes, time, sent) = (Writes(), VirtualTime(), Sent())
        let service = service(writes, time)
        await service.receive([alert(time)])
        #expect(writes.batches.count == 1)
        #expect(sent.list.isEmpty)
        let running = Task { await service.run(.init(enqueue: { sent.add($0) }, withdraw: { _ in })) }
        await until { sent.list.count == 1 }
        running.cancel()
        await running.value
    }

    /// Decided and accepted: an attempt and its failure write nothing.
    @Test func aMessageCostsTwoWrites() async throws {
        let (writes, time, sent) = (Writes(), VirtualTime(), Sent())
        let service = service(writes, time)
        let running = Task { await service.run(.init(enqueue: { sent.add($0) }, withdraw: { _ in })) }
        await service.receive([alert(time)])
        #expect(writes.batches.count == 1)
        let message = try #require(sent.list.first)
        let events = service.notifierEvents
        for attempt in 2...4 {
            _ = try #require(await events.beginAttempt(message))
            await events.failed(message, DeliveryError(.serverError, retryable: true, "HTTP 503"), attempt)
        }
        _ = try #require(await events.beginAttempt(message))
        await events.accepted(message, "ok", [:])
        await until { writes.batches.count == 2 }
        #expect(writes.batches[1].contains(.forgetOutbox(id: message.id)))
        running.cancel()
        await running.value
        #expect(writes.batches.count == 2)
    }

    /// A write that hangs stops the heartbeat of the loop that commits, and of no other; without work both beat.
    @Test func eachLoopHasItsOwnHeartbeat() async throws {
        let (writes, time) = (Writes(), VirtualTime())
        let beats = Mutex<[DispatcherService.Loop: Instant]>([:])
        let service = service(writes, time) { loop in beats.withLock { $0[loop] = time.monotonic() } }
        let running = Task { await service.run(.init(enqueue: { _ in }, withdraw: { _ in })) }
        @Sendable func age(_ loop: DispatcherService.Loop) -> Duration {
            time.monotonic() - (beats.withLock { $0[loop] } ?? Instant(nanoseconds: 0))
        }
        await until { time.sleeperCount == 2 }
        await time.run(for: .seconds(3600))
        await until { age(.dispatch) <= .seconds(20) && age(.commit) <= .seconds(20) }
        writes.hold()
        let waiting = Task { await service.receive([self.alert(time)]) }
        await until { writes.heldCount == 1 }
        await time.run(for: .seconds(300))
        await until { age(.dispatch) <= .seconds(20) }
        #expect(age(.commit) >= .seconds(280))
        writes.release()
        _ = await waiting.value
        await until { age(.commit) == .zero }
        running.cancel()
        await running.value
    }
}
