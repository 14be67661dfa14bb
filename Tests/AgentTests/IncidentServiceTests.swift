import Alerts
import Delivery
import Dispatching
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

/// Numbers, notes and the history of incidents survive in the journal, however the process ends.
@Suite(.timeLimit(.minutes(2))) struct IncidentServiceTests {
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.path + "/incidents-" + UUID().uuidString
        init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private final class Riders: Sendable {
        let changes = Mutex<[JournalChange]>([])
        func take() -> [JournalChange] {
            changes.withLock { changes in
                defer { changes = [] }
                return changes
            }
        }
    }

    private static let options = DispatchOptions(
        route: Route(receiver: "ops", groupWait: .zero, groupInterval: .seconds(60), repeatInterval: .seconds(3600)),
        receivers: [.init(name: "ops", integrations: [.init(.init(.slack, 0), sendResolved: true)])])

    private static func service(_ journal: Journal, _ time: VirtualTime, riders: Riders = Riders()) -> DispatcherService
    {
        let platform = Platform(
            time: time, random: SeededRandom(seed: 1), files: SystemFiles(),
            log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return DispatcherService(
            options: options, write: { (changes) async throws(JournalError) in try await journal.write(changes) },
            platform: platform, registry: Registry(), riders: { riders.take() }, beat: { _ in })
    }

    private static func journal(_ folder: Folder) -> Journal {
        Journal(JournalOptions(path: folder.path + "/journal.db"), time: SystemTime())
    }

    private static func alert(_ name: String, _ time: VirtualTime, ended: Bool = false) -> Alert {
        Alert(
            labels: ["alertname": name, "severity": "critical"], annotations: ["summary": "s"],
            startsAt: Timestamp(milliseconds: 1_764_122_400_000), endsAt: ended ? time.wall() : nil,
            updatedAt: time.wall())
    }

    /// A killed process closes nothing: its journal is copied as it is.
    @Test func aNumberThatAnAlertWasWrittenWithSurvivesAKill() async throws {
        let (folder, killed, time) = (Folder(), Folder(), VirtualTime())
        let journal = Self.journal(folder)
        let service = Self.service(journal, time)
        await service.restore(try await journal.load())
        await service.receive([Self.alert("Disk", time)])
        await service.receive([Self.alert("Down", time)])
        await service.receive([Self.alert("Disk", time, ended: true)])
        for name in ["journal.db", "journal.db-wal"] {
            try FileManager.default.copyItem(atPath: folder.path + "/" + name, toPath: killed.path + "/" + name)
        }
        await journal.close()
        let next = Self.journal(killed)
        let other = Self.service(next, time)
        await other.restore(try await next.load())
        await other.receive([Self.alert("Third", time)])
        let records = await other.copy().incidentRecords.sorted { $0.number < $1.number }
        #expect(
            records.map { "\($0.number) \($0.cause?.alert.name ?? "") \($0.isOpen)" } == [
                "1 Disk false", "2 Down true", "3 Third true",
            ])
        await next.close()
    }

    @Test func theHistoryNamesTheIncidentOfAlertsMessagesPeopleAndNotes() async throws {
        let (folder, time) = (Folder(), VirtualTime())
        let journal = Self.journal(folder)
        let service = Self.service(journal, time)
        await service.restore(try await journal.load())
        await service.receive([Self.alert("Disk", time), Self.alert("Down", time)])
        let number = try #require(await service.copy().incidentNumber(of: Self.alert("Down", time).id))
        let sent = await service.copy().pending
        let events = service.notifierEvents
        for message in sent where await events.beginAttempt(message) != nil {
            await events.accepted(message, "ok", [:])
        }
        _ = await service.acknowledge(.number(number), comment: "on it", by: "ann")
        let record = try await service.addNote("slot dropped", to: number, by: "ann")
        #expect(record.notes.map(\.text) == ["slot dropped"] && record.acknowledgement?.by == "ann")
        await service.receive([Self.alert("Down", time, ended: true)])
        var filter = HistoryFilter()
        filter.incident = number
        let history = try await journal.history(filter)
        #expect(Set(history.map(\.kind)) == [.firing, .sent, .acknowledged, .note, .ended])
        #expect(history.first { $0.kind == .note }?.detail == "ann: slot dropped")
        // A group of two incidents is sent as one message, whose entry contains both numbers.
        #expect(history.first { $0.kind == .sent }?.incidents.sorted() == [1, 2])
        await #expect(throws: DispatcherService.NoteRefusal.unknown) {
            try await service.addNote("x", to: 9, by: "ann")
        }
        await #expect(throws: DispatcherService.NoteRefusal.empty) {
            try await service.addNote(" \n", to: number, by: "ann")
        }
        for _ in 0..<49 { _ = try await service.addNote("x", to: number, by: "ann") }
        await #expect(throws: DispatcherService.NoteRefusal.full) {
            try await service.addNote("x", to: number, by: "ann")
        }
        await journal.close()
    }

    /// A target's state change does not trigger a write just before one that a page waits for.
    @Test func statesAreWrittenWithWhatIsWrittenAnyway() async throws {
        let (folder, time, riders) = (Folder(), VirtualTime(), Riders())
        let journal = Self.journal(folder)
        let service = Self.service(journal, time, riders: riders)
        await service.restore(try await journal.load())
        await service.receive([], state: [.forgetState(key: "x")])
        let before = journal.health.commits
        riders.changes.withLock { $0 = [.state(key: "target/a", [1])] }
        await service.receive([Self.alert("Down", time)])
        #expect(journal.health.commits == before + 1)
        #expect(try await journal.load().states["target/a"] == [1])
        riders.changes.withLock { $0 = [.state(key: "target/b", [1])] }
        await service.writeRiders()
        await service.receive([], state: [.forgetState(key: "x")])
        #expect(try await journal.load().states["target/b"] == [1])
        await journal.close()
    }
}
