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

/// Drills are in the journal, and in the history, however the process ends.
@Suite(.timeLimit(.minutes(2))) struct DrillServiceTests {
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.path + "/drills-" + UUID().uuidString
        init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static let options = DispatchOptions(
        route: Route(receiver: "ops", groupWait: .zero, groupInterval: .seconds(60), repeatInterval: .seconds(3600)),
        receivers: [.init(name: "ops", integrations: [.init(.init(.slack, 0), sendResolved: true)])])

    private static func service(_ journal: Journal, _ time: VirtualTime) -> DispatcherService {
        let platform = Platform(
            time: time, random: SeededRandom(seed: 1), files: SystemFiles(),
            log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return DispatcherService(
            options: options, write: { (changes) async throws(JournalError) in try await journal.write(changes) },
            platform: platform, registry: Registry(), beat: { _ in })
    }

    private static func journal(_ folder: Folder) -> Journal {
        Journal(JournalOptions(path: folder.path + "/journal.db"), time: SystemTime())
    }

    private static func alert(_ name: String, _ time: VirtualTime) -> Alert {
        Alert(
            labels: ["alertname": name, "cluster": "prod"], annotations: ["summary": "s"],
            startsAt: time.wall(), updatedAt: time.wall())
    }

    private static func drill(_ time: VirtualTime) -> Drill {
        Drill(
            scenario: "vault_failure", cluster: "prod", startsAt: time.wall(), endsAt: time.wall() + .seconds(600),
            createdBy: "ann")
    }

    @Test func aRestartKeepsItAndItsEndUnmarksWhatStillFires() async throws {
        let (folder, time) = (Folder(), VirtualTime())
        let journal = Self.journal(folder)
        let service = Self.service(journal, time)
        await service.restore(try await journal.load())
        try await service.startDrill(Self.drill(time), by: "ann")
        await #expect(throws: DrillError.busy(scenario: "vault_failure", by: "ann")) {
            try await service.startDrill(Self.drill(time), by: "bob")
        }
        await service.receive([Self.alert("Down", time)])
        await journal.close()

        let next = Self.journal(folder)
        let other = Self.service(next, time)
        await other.restore(try await next.load())
        #expect(await other.drills().map(\.scenario) == ["vault_failure"])
        #expect(await other.alertStatuses().map { $0.alert.annotations["summary"] } == ["DRILL: s"])
        #expect(await other.endDrill(cluster: "prod", by: "ann")?.cluster == "prod")
        #expect(await other.endDrill(cluster: "prod", by: "ann") == nil)
        var filter = HistoryFilter()
        filter.kinds = [HistoryEntry.Kind.agent.rawValue]
        let history = try await next.history(filter).reversed().map { "\($0.subject): \($0.detail)" }
        #expect(history.count == 2, "\(history)")
        #expect(history.first?.hasPrefix("drill began: vault_failure in cluster prod; until ") == true)
        #expect(history.first?.hasSuffix(" by ann") == true)
        #expect(history.last == "drill ended: vault_failure in cluster prod; 1 of its alerts still fire")
        await next.close()

        let last = Self.journal(folder)
        let third = Self.service(last, time)
        await third.restore(try await last.load())
        #expect(await third.drills().isEmpty)
        #expect(await third.alertStatuses().map { $0.alert.annotations } == [["summary": "s"]])
        await last.close()
    }

    /// Nobody ended it: its time is over while nothing runs.
    @Test func itEndsByItself() async throws {
        let (folder, time) = (Folder(), VirtualTime())
        let journal = Self.journal(folder)
        let service = Self.service(journal, time)
        await service.restore(try await journal.load())
        try await service.startDrill(Self.drill(time), by: "ann")
        await journal.close()
        time.move(to: time.monotonic() + .seconds(601))
        let next = Self.journal(folder)
        let other = Self.service(next, time)
        await other.restore(try await next.load())
        await other.receive([Self.alert("Down", time)])
        #expect(await other.drills().isEmpty)
        #expect(await other.alertStatuses().map { $0.alert.annotations } == [["summary": "s"]])
        await next.close()
    }
}
