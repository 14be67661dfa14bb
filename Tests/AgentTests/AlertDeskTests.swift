import Alerts
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
@Suite(.timeLimit(.minutes(2))) struct AlertDeskTests {
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.path + "/desk-" + UUID().uuidString
        init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// What left the desk.
    private final class Sent: Sendable {
        private let all = Mutex<[Outgoing]>([])
        func add(_ outgoing: Outgoing) { all.withLock { $0.append(outgoing) } }
        var list: [Outgoing] { all.withLock { $0 } }
    }

    /// One run of a desk, from its restoration to its end.
    private struct Run {
        let desk: AlertDesk
        let journal: Journal
        let sent = Sent()
        let registry = Registry()
        let running: Task<Void, Never>

        init(_ folder: Folder, _ options: DispatchOptions, _ time: VirtualTime, restoring: Bool = true) async throws {
            let platform = Platform(
                time: time, random: SeededRandom(seed: 1), files: SystemFiles(),
                log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            let journal = Journal(JournalOptions(path: folder.path + "/journal.db"), time: SystemTime())
            let desk = AlertDesk(
                options: options, write: { (changes) async throws(JournalError) in try await journal.write(changes) },
                platform: platform,
                registry: registry, progress: {})
            if restoring { await desk.restore(try await journal.load()) } else { await desk.beginWithoutPast() }
            let sent = sent
            running = Task { await desk.run(.init(send: { sent.add($0) }, withdraw: { _ in })) }
            (self.desk, self.journal) = (desk, journal)
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
            .init(name: "ops", integrations: [.init(name: "slack/0", sendResolved: true)], fallback: "boss"),
            .init(name: "boss", integrations: [.init(name: "email/0", sendResolved: true)]),
        ])

    private func until(_ condition: @Sendable () async -> Bool) async {
        while await !condition() { await Task.yield() }
    }

    private func alert(_ time: VirtualTime, ended: Bool = false) -> Alert {
        Alert(
            labels: ["alertname": "VaultSealed", "severity": "critical"],
            startsAt: Timestamp(milliseconds: 1_764_122_400_000),
            endsAt: ended ? time.wall() : nil, updatedAt: time.wall())
    }

    @Test func conversationsSurviveARestart() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, AlertDeskTests.options, time)
        await run.desk.setThread("slack/ops/slack/0/a", "17.1")
        await run.desk.setThread("slack/ops/slack/0/b", "17.2")
        await run.desk.setThread("slack/ops/slack/0/b", nil)
        await run.stop()
        run = try await Run(folder, AlertDeskTests.options, time)
        #expect(await run.desk.thread("slack/ops/slack/0/a") == "17.1")
        #expect(await run.desk.thread("slack/ops/slack/0/b") == nil)
        await run.stop()
    }

    @Test func conversationsAreBounded() async throws {
        let folder = Folder()
        let run = try await Run(folder, AlertDeskTests.options, VirtualTime())
        for number in 0..<10_005 { await run.desk.setThread("\(number)", "\(1_700_000_000 + number).000100") }
        #expect(await run.desk.thread("4") == nil)
        #expect(await run.desk.thread("5") != nil)
        #expect(await run.desk.thread("10004") != nil)
        await run.stop()
        #expect(
            try await Journal(JournalOptions(path: folder.path + "/journal.db"), time: SystemTime()).load().states.count
                == 10_000)
    }

    /// Decided before a restart, escalated after it, once; told in the history and in a metric; its end follows.
    @Test func anEscalationOverRestarts() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, AlertDeskTests.options, time)
        await run.desk.receive([alert(time)])
        #expect(run.sent.list.map(\.notification.receiver) == ["ops"])
        #expect(run.escalations() == 0)
        await run.stop()

        await time.advance(through: time.monotonic() + .seconds(200), settle: 1)
        run = try await Run(folder, AlertDeskTests.options, time)
        let first = run
        await until { first.sent.list.count == 1 }
        await time.run(for: .seconds(99), settle: 20)
        #expect(run.sent.list.map(\.notification.receiver) == ["ops"])
        await time.run(for: .seconds(3), settle: 20)
        await until { first.sent.list.count == 2 }
        #expect(run.sent.list.last?.notification.receiver == "boss")
        #expect(run.sent.list.last?.notification.reason == "escalated")
        #expect(run.escalations() == 1)
        await run.stop()

        run = try await Run(folder, AlertDeskTests.options, time)
        let second = run
        await until { second.sent.list.count == 2 }
        let toBoss = try #require(run.sent.list.first { $0.notification.receiver == "boss" })
        let notification = try #require(await run.desk.beginAttempt(toBoss.id))
        await run.desk.accepted(toBoss.id, notification, detail: "ok")
        #expect(run.escalations() == 0)
        await run.desk.receive([alert(time, ended: true)])
        await time.run(for: .seconds(130), settle: 20)
        await until { second.sent.list.contains { $0.notification.reason == "resolved" } }
        #expect(run.sent.list.filter { $0.notification.reason == "resolved" }.map(\.notification.receiver) == ["boss"])
        let history = try await run.journal.history(limit: 100)
        #expect(history.filter { $0.kind == .escalated }.map(\.detail) == ["ops has not accepted it in time"])
        await run.stop()
    }

    /// What a journal holds that could not be read at the start is not overwritten: it is there at the next one.
    @Test func aStartWithoutAPastKeepsIt() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, AlertDeskTests.options, time)
        await run.desk.receive([alert(time)])
        let old = try #require(run.sent.list.first)
        await run.stop()
        run = try await Run(folder, AlertDeskTests.options, time, restoring: false)
        await run.desk.receive([
            Alert(
                labels: ["alertname": "Other", "severity": "critical"], startsAt: time.wall(), updatedAt: time.wall())
        ])
        let new = try #require(run.sent.list.first)
        #expect(new.id > old.id)
        let notification = try #require(await run.desk.beginAttempt(new.id))
        await run.desk.accepted(new.id, notification, detail: "ok")
        #expect(try await run.journal.load().outbox.map(\.id) == [old.id])
        await run.stop()
        run = try await Run(folder, AlertDeskTests.options, time)
        let last = run
        await until { last.sent.list.contains { $0.notification.alerts.contains { $0.name == "VaultSealed" } } }
        await run.stop()
    }

    /// A journal that was begun anew gets everything again.
    @Test func everythingIsWrittenAgainIntoANewJournal() async throws {
        let folder = Folder()
        let time = VirtualTime()
        var run = try await Run(folder, AlertDeskTests.options, time)
        await run.desk.receive([alert(time)])
        await run.desk.setThread("t", "1.1")
        _ = try await run.desk.setSilence(
            Silence(
                matchers: [Matcher("a", equals: "b")], startsAt: time.wall(), endsAt: time.wall() + .seconds(3600),
                createdBy: "me", comment: "c"))
        let before = try await run.journal.load()
        #expect(
            before.states.count == 2 && before.outbox.count == 1 && before.alerts.count == 1
                && before.silences.count == 1)
        let keys = before.states.keys.map { JournalChange.forgetState(key: $0) }
        try await run.journal.write(
            keys + [.forgetOutbox(id: before.outbox[0].id), .forgetAlert(fingerprint: before.alerts[0].fingerprint)])
        await run.desk.rewriteJournal()
        await run.stop()
        run = try await Run(folder, AlertDeskTests.options, time)
        let after = try await run.journal.load()
        #expect(after.states.keys == before.states.keys)
        #expect(after.outbox == before.outbox)
        #expect(after.alerts == before.alerts)
        #expect(after.silences.keys == before.silences.keys)
        await run.stop()
    }
}
