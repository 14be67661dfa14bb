import Alerts
import Foundation
import Platform
import Samples
import Synchronization
import Testing

@testable import Journal

struct JournalTests {
    /// A temporary directory per test, removed at its end.
    final class Folder: Sendable {
        let path: String
        init() {
            path = FileManager.default.temporaryDirectory.path + "/journal-" + UUID().uuidString
            try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        var file: String { path + "/vaultwatch.db" }
        func size(_ name: String) -> Int {
            (try? FileManager.default.attributesOfItem(atPath: path + "/" + name)[.size] as? Int) ?? 0
        }
        var broken: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter {
                $0.contains(".broken-") && !$0.hasSuffix("-wal")
            }
        }
    }

    final class Events: Sendable {
        private let all = Mutex<[JournalEvent]>([])
        func add(_ event: JournalEvent) { all.withLock { $0.append(event) } }
        var list: [JournalEvent] { all.withLock { $0 } }
    }

    /// Real wall time; the monotonic one jumps two seconds at each look, so that nothing waits for a retry.
    final class HurriedTime: TimeSource {
        private let looked = Mutex<Int64>(0)
        func monotonic() -> Instant {
            looked.withLock {
                $0 += 2_000_000_000; return Instant(nanoseconds: $0)
            }
        }
        func wall() -> Timestamp { SystemTime().wall() }
        func sleep(until deadline: Instant) async throws {}
    }

    static func open(
        _ folder: Folder, _ events: Events = Events(), maxBytes: Int = 256 << 20, historyCount: Int = 100_000
    ) -> Journal {
        Journal(JournalOptions(path: folder.file, maxBytes: maxBytes, historyCount: historyCount), time: HurriedTime())
        { events.add($0) }
    }

    static func alert(_ i: Int, ended: Bool = false) -> Alert {
        Alert(
            labels: ["alertname": "A\(i)", "quote": "\"ü\n"], annotations: ["summary": "s\(i)"],
            startsAt: Timestamp(milliseconds: 1000),
            endsAt: ended ? Timestamp(milliseconds: 2000) : nil, updatedAt: Timestamp(milliseconds: 1500),
            generatorURL: "http://x/?g0.expr=up")
    }

    static func message(_ i: Int) -> Alerts.Notification {
        Notification(
            receiver: "ops", integration: "email/0", groupKey: "{}:{n=\"\(i)\"}", groupLabels: ["n": "\(i)"],
            alerts: [alert(i), alert(i + 1, ended: true)],
            truncatedAlerts: 3, reason: "first", decidedAt: Timestamp(milliseconds: 3000))
    }

    @Test func everythingComesBack() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder)
        try await journal.write([
            .alert(JournalTests.alert(1)), .alert(JournalTests.alert(2, ended: true)),
            .outbox(id: 7, JournalTests.message(1)),
        ])
        try await journal.write([.outbox(id: .max, JournalTests.message(2)), .attempted(id: .max)])
        try await journal.write([
            .record(key: "k\u{1f}", [1, 2]), .record(key: "gone", [3]), .silence(id: "s", []),
            .state(key: "rules", [0, 255]),
        ])
        try await journal.write([
            .forgetRecord(key: "gone"), .forgetAlert(fingerprint: JournalTests.alert(2).fingerprint),
        ])
        await journal.close()
        await #expect(throws: JournalError.closed) { try await journal.write([.forgetState(key: "x")]) }

        let snapshot = try await JournalTests.open(folder).load()
        #expect(snapshot.alerts == [JournalTests.alert(1)])
        #expect(Set(snapshot.outbox.map(\.id)) == [7, .max])
        #expect(snapshot.outbox.first { $0.id == 7 }?.notification == JournalTests.message(1))
        #expect(snapshot.outbox.first { $0.id == .max }?.attempted == true)
        #expect(snapshot.outbox.first { $0.id == 7 }?.attempted == false)
        #expect(snapshot.records == ["k\u{1f}": [1, 2]])
        #expect(snapshot.silences == ["s": []])
        #expect(snapshot.states == ["rules": [0, 255]])
        #expect(snapshot.unreadable.isEmpty)
    }

    @Test func writesThatWaitTogetherShareACommit() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder)
        try await journal.write([.state(key: "warm", [])])
        let before = journal.health.commits
        await withTaskGroup(of: Void.self) { group in
            for i in 0..<500 { group.addTask { try? await journal.write([.state(key: "\(i)", [UInt8(i % 256)])]) } }
        }
        #expect(journal.health.commits - before < 500)
        #expect(try await journal.load().states.count == 501)
    }

    @Test func historyIsOrderedAndExpires() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder, historyCount: 50)
        let start = SystemTime().wall() - .seconds(1000)
        try await journal.write(
            (0..<200).map {
                .history(
                    HistoryEntry(
                        at: start + .seconds($0), kind: .sent, subject: "A\($0)", receiver: "ops",
                        integration: "email/0", detail: "first"))
            })
        try await journal.write([
            .history(HistoryEntry(at: start - .seconds(365 * 86400), kind: .agent, subject: "old"))
        ])
        #expect(try await journal.history(limit: 3).map(\.subject) == ["A199", "A198", "A197"])
        #expect(
            try await journal.history(from: start + .seconds(10), to: start + .seconds(12)).map(\.subject) == [
                "A12", "A11", "A10",
            ])
        try await journal.maintain()
        let left = try await journal.history(limit: 1000)
        #expect(left.count <= 50)
        #expect(!left.contains { $0.subject == "old" })
    }

    /// A file that is no database, a journal with a broken page, another program's database, a newer version: each is
    /// kept under another name and a new one begun.
    @Test func brokenFilesArePutAside() async throws {
        for kind in 0..<4 {
            let folder = Folder()
            switch kind {
            case 0:
                try Data("this is not a database, and long enough to be read as one".utf8).write(
                    to: URL(fileURLWithPath: folder.file))
            case 1:
                let first = JournalTests.open(folder)
                try await first.write((0..<300).map { .state(key: "\($0)", Array(repeating: 7, count: 500)) })
                await first.close()
                var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file))
                for i in 4096..<(bytes.count - 4096) { bytes[i] = UInt8(truncatingIfNeeded: i &* 31) }
                try bytes.write(to: URL(fileURLWithPath: folder.file))
            default:
                let other = try Database(path: folder.file)
                try other.execute(
                    kind == 2
                        ? "PRAGMA application_id = 1; CREATE TABLE t (a)"
                        : "PRAGMA application_id = 1987537522; PRAGMA user_version = 99")
            }
            let events = Events()
            let journal = JournalTests.open(folder, events)
            try await journal.write([.state(key: "new", [1])])
            #expect(try await journal.load().states == ["new": [1]])
            #expect(folder.broken.count == 1, "kind \(kind)")
            #expect(events.list.contains { if case .begunAnew = $0 { true } else { false } })
            #expect(journal.health.isHealthy)
        }
    }

    /// The agent goes on while the disk fails, and nothing written meanwhile is missing afterwards.
    @Test func whatCouldNotBeWrittenIsWrittenLater() async throws {
        let folder = Folder()
        let events = Events()
        let missing = folder.path + "/later"
        let journal = Journal(JournalOptions(path: missing + "/vaultwatch.db"), time: HurriedTime()) { events.add($0) }
        await #expect(throws: JournalError.self) {
            try await journal.write([.outbox(id: 1, JournalTests.message(1)), .attempted(id: 1), .state(key: "a", [1])])
        }
        await #expect(throws: JournalError.self) {
            try await journal.write([.state(key: "a", [2]), .outbox(id: 2, JournalTests.message(2))])
        }
        await #expect(throws: JournalError.self) { try await journal.write([.forgetOutbox(id: 2)]) }
        #expect(!journal.health.isHealthy)
        #expect(journal.health.backlog == 4)
        try FileManager.default.createDirectory(atPath: missing, withIntermediateDirectories: true)
        try await journal.maintain()
        #expect(journal.health.isHealthy)
        #expect(events.list.first.map { if case .failing = $0 { true } else { false } } == true)
        #expect(events.list.last == .recovered)
        let snapshot = try await journal.load()
        #expect(snapshot.outbox.map(\.id) == [1])
        #expect(snapshot.outbox.first?.attempted == true)
        #expect(snapshot.states == ["a": [2]])
    }

    /// At the bound of its size the journal gives up history first; when even that is not enough, it fails, says so,
    /// and heals.
    @Test func aFullFileGivesUpHistoryFirst() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder, maxBytes: 1 << 20)
        let text = String(repeating: "x", count: 900)
        for _ in 0..<40 {
            try await journal.write(
                (0..<50).map {
                    .history(HistoryEntry(at: Timestamp(milliseconds: Int64($0)), kind: .sent, subject: text))
                })
        }
        #expect(journal.health.bytes <= 1 << 20)
        try await journal.write([.state(key: "a", Array(repeating: 1, count: 100_000))])
        await #expect(throws: JournalError.self) {
            try await journal.write([.state(key: "huge", Array(repeating: 1, count: 2 << 20))])
        }
        #expect(!journal.health.isHealthy)
        await #expect(throws: JournalError.self) { try await journal.write([.state(key: "b", [1])]) }
        try await journal.write([.forgetState(key: "huge")])
        #expect(journal.health.isHealthy)
        #expect(try await journal.load().states.keys.sorted() == ["a", "b"])
        await #expect(throws: JournalError.tooLarge(17 << 20 | 1)) {
            try await journal.write([.state(key: "x", Array(repeating: 0, count: 17 << 20))])
        }
    }

    @Test func aSecondAgentIsKeptOut() async throws {
        let folder = Folder()
        let first = JournalTests.open(folder)
        try await first.write([.state(key: "mine", [1])])
        let second = JournalTests.open(folder)
        await #expect(throws: JournalError.self) { try await second.load() }
        #expect(folder.broken.isEmpty)
        #expect(try await first.load().states == ["mine": [1]])
    }

    /// kill -9 and power loss: the files as they lie on the disk after each write, the log cut anywhere behind the last
    /// write that returned (what had not been synced may be there in part). Every write that returned is there, whole.
    @Test func nothingThatReturnedIsLostAtAnyPoint() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder)
        try await journal.write([.state(key: "n", [0, 0])])
        var sizes: [(log: Int, step: Int)] = []
        for step in 1...60 {
            var changes: [JournalChange] = [
                .state(key: "n", [UInt8(step / 256), UInt8(step % 256)]),
                .outbox(id: UInt64(step), JournalTests.message(step)),
            ]
            if step > 5 { changes.append(.forgetOutbox(id: UInt64(step - 5))) }
            try await journal.write(changes)
            sizes.append((folder.size("vaultwatch.db-wal"), step))
        }
        let database = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        let log = try Data(contentsOf: URL(fileURLWithPath: folder.file + "-wal"))
        var random = UInt64(42)
        func below(_ bound: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((random >> 33) % UInt64(bound))
        }
        let cuts =
            sizes.map(\.log)
            + (0..<120).map { _ in (sizes.first?.log ?? 0) + below(log.count - (sizes.first?.log ?? 0)) }
        for (number, cut) in cuts.enumerated() {
            let copy = Folder()
            try database.write(to: URL(fileURLWithPath: copy.file))
            var torn = log.prefix(cut)
            // Every other time garbage follows the cut, as after a lost sector.
            if number % 2 == 1 { torn += Data((0..<below(9000)).map { _ in UInt8(below(256)) }) }
            try Data(torn).write(to: URL(fileURLWithPath: copy.file + "-wal"))
            let snapshot = try await JournalTests.open(copy).load()
            let reached = sizes.last { $0.log <= cut }?.step ?? 0
            let state = snapshot.states["n"].map { Int($0[0]) * 256 + Int($0[1]) }
            #expect(state == reached, "cut at \(cut)")
            let wanted = Set((max(1, reached - 4)...max(1, reached)).map(UInt64.init))
            #expect(Set(snapshot.outbox.map(\.id)) == wanted, "cut at \(cut)")
            #expect(copy.broken.isEmpty)
        }
    }
}
