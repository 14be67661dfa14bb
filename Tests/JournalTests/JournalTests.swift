import Alerts
import Dispatching
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
                ($0.contains(".broken-") || $0.contains(".newer-")) && !$0.hasSuffix("-wal")
            }
        }
    }

    final class Events: Sendable {
        private let all = Mutex<[JournalEvent]>([])
        func add(_ event: JournalEvent) { all.withLock { $0.append(event) } }
        var list: [JournalEvent] { all.withLock { $0 } }
    }

    static func open(
        _ folder: Folder, _ events: Events = Events(), maxBytes: Int = 256 << 20, historyCount: Int = 100_000
    ) -> Journal {
        var options = JournalOptions(path: folder.file, maxBytes: maxBytes, historyCount: historyCount)
        options.retryInterval = .zero
        return Journal(options, time: SystemTime()) { events.add($0) }
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
            receiver: "ops", integration: IntegrationID(.email, 0), groupKey: "{}:{n=\"\(i)\"}",
            groupLabels: ["n": "\(i)"],
            alerts: [alert(i), alert(i + 1, ended: true)],
            truncatedAlerts: 3, reason: .first, decidedAt: Timestamp(milliseconds: 3000))
    }

    @Test func everythingComesBack() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder)
        try await journal.write([
            .alert(JournalTests.alert(1)), .alert(JournalTests.alert(2, ended: true)),
            .outbox(id: 7, JournalTests.message(1)),
        ])
        try await journal.write([.outbox(id: .max, JournalTests.message(2))])
        try await journal.write([
            .record(key: "k\u{1f}", [1, 2]), .record(key: "gone", [3]), .silence(id: "s", []),
            .state(key: "rules", [0, 255]),
        ])
        try await journal.write([
            .forgetRecord(key: "gone"), .forgetAlert(id: JournalTests.alert(2).fingerprint),
        ])
        await journal.close()
        await #expect(throws: JournalError.closed) { try await journal.write([.forgetState(key: "x")]) }

        let snapshot = try await JournalTests.open(folder).load()
        #expect(snapshot.alerts == [JournalTests.alert(1)])
        #expect(Set(snapshot.outbox.map(\.id)) == [7, .max])
        #expect(snapshot.outbox.first { $0.id == 7 }?.notification == JournalTests.message(1))
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
            let reasons = events.list.compactMap { if case .begunAnew(_, let reason) = $0 { reason } else { nil } }
            #expect(reasons.count == 1)
            #expect(folder.broken.allSatisfy { $0.contains(".newer-") == (kind == 3) })
            if kind == 3 {
                #expect(reasons == ["written by a newer vaultwatch: format 99, this version reads up to 1"])
            }
            #expect(journal.health.isHealthy)
        }
    }

    /// The agent goes on while the disk fails, and nothing written meanwhile is missing afterwards.
    @Test func whatCouldNotBeWrittenIsWrittenLater() async throws {
        let folder = Folder()
        let events = Events()
        let missing = folder.path + "/later"
        var options = JournalOptions(path: missing + "/state/vaultwatch.db")
        options.retryInterval = .zero
        let journal = Journal(options, time: SystemTime()) { events.add($0) }
        await #expect(throws: JournalError.self) {
            try await journal.write([.outbox(id: 1, JournalTests.message(1)), .state(key: "a", [1])])
        }
        await #expect(throws: JournalError.self) {
            try await journal.write([.state(key: "a", [2]), .outbox(id: 2, JournalTests.message(2))])
        }
        await #expect(throws: JournalError.self) { try await journal.write([.forgetOutbox(id: 2)]) }
        #expect(!journal.health.isHealthy)
        #expect(journal.health.backlog == 3)
        try FileManager.default.createDirectory(atPath: missing, withIntermediateDirectories: true)
        try await journal.maintain()
        #expect(journal.health.isHealthy)
        #expect(events.list.first.map { if case .failing = $0 { true } else { false } } == true)
        #expect(events.list.last == .recovered)
        let snapshot = try await journal.load()
        #expect(snapshot.outbox.map(\.id) == [1])
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
    }

    /// A row over the limit is left out and named; the rest of its batch is written.
    @Test func aRowThatIsTooLarge() async throws {
        let folder = Folder(), events = Events()
        let journal = JournalTests.open(folder, events)
        let large = JournalChange.state(key: "rules/large", Array(repeating: 0, count: 17 << 20))
        try await journal.write([.state(key: "a", [1]), large, .state(key: "b", [1])])
        try await journal.write([large])
        #expect(events.list == [.refused(row: "state rules/large", bytes: 17 << 20 | 111)])
        #expect(journal.health.lost == 2 && journal.health.isHealthy)
        #expect(try await journal.load().states == ["a": [1], "b": [1]])
    }

    /// Alerts name hosts and paths of secrets: only the owner may read them, whatever the umask.
    @Test func onlyTheOwnerMayRead() async throws {
        let folder = Folder()
        try Data().write(to: URL(fileURLWithPath: folder.file))
        #expect(chmod(folder.file, 0o644) == 0)
        let journal = JournalTests.open(folder)
        try await journal.write([.state(key: "a", [1])])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.sorted() == ["", "-lock", "-shm", "-wal"].map { "vaultwatch.db" + $0 })
        for name in names {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(name)")
        }
        await journal.close()
    }

    /// Tables, rows, kinds and fields that a later version of the same format adds are ignored and stay.
    @Test func whatIsNotKnownStays() async throws {
        let folder = Folder()
        let first = JournalTests.open(folder)
        try await first.write([.alert(JournalTests.alert(1)), .outbox(id: 1, JournalTests.message(1))])
        await first.close()
        let later = try Database(path: folder.file)
        try later.execute(
            """
            CREATE TABLE incidents (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
            INSERT INTO incidents VALUES (1, 'x');
            INSERT INTO alerts VALUES (1, '{"form": 2}');
            UPDATE outbox SET body = json_set(body, '$.incident', 7);
            ALTER TABLE outbox ADD COLUMN incident INTEGER;
            INSERT INTO history (at, kind, subject, receiver, integration, detail) VALUES (1, 'escorted', 's', '', '', '');
            """)
        let journal = JournalTests.open(folder)
        let snapshot = try await journal.load()
        #expect(snapshot.alerts == [JournalTests.alert(1)])
        #expect(snapshot.unreadable == ["alerts": 1])
        #expect(snapshot.outbox.map(\.notification) == [JournalTests.message(1)])
        #expect(try await journal.history(limit: 1).map(\.kind) == [.agent])
        try await journal.write([.alert(JournalTests.alert(2))])
        try await journal.maintain()
        await journal.close()
        #expect(try later.number("SELECT count(*) FROM incidents") == 1)
        #expect(try later.number("SELECT count(*) FROM alerts") == 3)
        #expect(folder.broken.isEmpty)
    }

    /// A journal that the first released format's code has written, by a real run with each kind of row in it.
    @Test func aJournalOfTheFirstFormatIsRead() async throws {
        let folder = Folder()
        let recording = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/journal-1.db")
        try FileManager.default.copyItem(atPath: recording.path, toPath: folder.file)
        let journal = JournalTests.open(folder)
        let snapshot = try await journal.load()
        #expect(snapshot.unreadable.isEmpty && folder.broken.isEmpty)
        #expect(
            snapshot.alerts.map(\.name).sorted() == ["Delivered", "NodeDown", "NodeDown", "Thread", "Undelivered"])
        let delivered = try #require(snapshot.alerts.first { $0.name == "Delivered" })
        #expect(delivered.annotations == ["summary": "kept «ü» \"x\"\n"])
        #expect(delivered.endsAt == Timestamp(rfc3339: "2099-01-01T00:00:00Z"))
        #expect(delivered.generatorURL == "http://x/?g0.expr=up")
        let message = try #require(snapshot.outbox.first)
        #expect(snapshot.outbox.count == 1 && message.id == 3)
        #expect(message.notification.receiver == "down" && message.notification.integration == .init(.webhook, 0))
        #expect(message.notification.firing.map(\.name) == ["Undelivered"])
        let records = try snapshot.records.values.map { try NotificationLogEntry(encoded: $0) }
        #expect(
            records.map { $0.groupLabels["alertname"] ?? "" }.sorted() == ["Delivered", "NodeDown", "Thread"])
        #expect(records.first { $0.groupLabels["alertname"] == "NodeDown" }?.lastFiring.count == 2)
        let silences = try snapshot.silences.values.map { try Silence(encoded: $0) }
        #expect(silences.map(\.comment) == ["kept"] && silences.first?.createdBy == "me")
        let escalation = try #require(snapshot.states.first { $0.key.hasPrefix(EscalationRecord.keyPrefix) }?.value)
        #expect(try EscalationRecord(encoded: escalation).waiting.count == 1)
        #expect(snapshot.states["thread/slack/slack/slack/0/{}/{team=\"slack\"}:{alertname=\"Thread\"}"] != nil)
        #expect(snapshot.states.keys.contains { $0.hasPrefix("rules/") })
        #expect(try await journal.history(limit: 100).count == 13)
    }

    @Test func historyIsFiltered() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder)
        func entry(_ number: Int) -> JournalChange {
            let kind: HistoryEntry.Kind = number % 3 == 0 ? .sent : .failed
            let receiver = number % 2 == 0 ? "o\"p's" : "boss"
            let at = Timestamp(milliseconds: Int64(number))
            return .history(
                HistoryEntry(at: at, kind: kind, subject: "A\(number)", receiver: receiver, detail: "SÄY \(number)"))
        }
        try await journal.write((0..<300).map(entry))
        func count(_ change: (inout HistoryFilter) -> Void) async throws -> Int {
            var filter = HistoryFilter()
            filter.limit = 1000
            change(&filter)
            return try await journal.history(filter).count
        }
        #expect(try await count { $0.limit = 5 } == 5)
        #expect(try await count { $0.limit = 0 } == 0)
        #expect(try await count { $0.limit = -1 } == 0)
        #expect(try await count { $0.kinds = ["sent"] } == 100)
        #expect(try await count { $0.kinds = ["sent", "failed"] } == 300)
        #expect(try await count { $0.receivers = ["boss"] } == 150)
        #expect(try await count { $0.receivers = ["o\"p's"] } == 150)
        #expect(try await count { $0.receivers = ["nobody"] } == 0)
        #expect(try await count { $0.contains = "a29" } == 11)
        #expect(try await count { ($0.contains, $0.limit) = ("säy 1", 7) } == 7)
        #expect(try await count { ($0.contains, $0.kinds, $0.receivers) = ("säy", ["sent"], ["boss"]) } == 50)
        var filter = HistoryFilter()
        (filter.from, filter.to) = (Timestamp(milliseconds: 10), Timestamp(milliseconds: 12))
        #expect(try await journal.history(filter).map(\.subject) == ["A12", "A11", "A10"])
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

    /// A start takes in no more than a running agent may hold: the largest rows of what an older version has let in are
    /// left out and deleted.
    @Test func aStartTakesInABoundedAmount() async throws {
        let folder = Folder()
        let writer = JournalTests.open(folder)
        let fat = String(repeating: "x", count: 15 << 20)
        for id in UInt64(1)...5 {
            var message = JournalTests.message(1)
            message.alerts[0].annotations = ["text": fat]
            try await writer.write([.outbox(id: id, message)])
        }
        try await writer.write([.outbox(id: 9, JournalTests.message(2)), .alert(JournalTests.alert(1))])
        var external = JournalTests.alert(1)
        external.isExternal = true
        try await writer.write([.alert(external)])
        await writer.close()
        for omitted in [["outbox": 1], [:]] {
            let journal = JournalTests.open(folder)
            let snapshot = try await journal.load()
            #expect(snapshot.omitted == omitted)
            #expect(snapshot.outbox.count == 5)
            #expect(snapshot.outbox.last == .init(id: 9, notification: JournalTests.message(2)))
            // Two alerts with the same labels, one of them from outside, are two rows.
            #expect(Set(snapshot.alerts) == [JournalTests.alert(1), external])
            await journal.close()
        }
    }

    /// Texts of the history are cut, and an answer ends where it would take too much, whatever number was asked for.
    @Test func historyIsBoundedInBytes() async throws {
        let folder = Folder()
        let journal = JournalTests.open(folder)
        let long = String(repeating: "ü", count: 100_000)
        let entry = HistoryEntry(at: Timestamp(milliseconds: 5), kind: .firing, subject: long, detail: long)
        #expect(entry.subject.utf8.count <= HistoryEntry.textLimitBytes && entry.subject.hasSuffix("ü…"))
        for _ in 0..<10 { try await journal.write((0..<200).map { _ in .history(entry) }) }
        let found = try await journal.history(limit: 10_000)
        #expect((900..<1100).contains(found.count))
        #expect(try await journal.history(limit: 1) == [entry])
        await journal.close()
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
