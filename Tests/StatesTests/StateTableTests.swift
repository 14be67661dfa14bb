import Foundation
import Simulation
import Synchronization
import Testing

/// The table: each state with the alerts that it must give, and no others.
@Suite(.serialized) struct StateTableTests {
    static let rows: [StateRow] =
        VaultStates.rows + TokenStates.rows + PostgresStates.rows + BackupStates.rows + PostgresBackupStates.rows
        + ServiceStates.rows
        + WatcherStates.rows

    /// Alerts that say nothing of the estate: the watchdog always fires.
    private static let always: Set<String> = ["Watchdog"]

    /// Each row is a run of its own, on as many threads as there are processors. `VAULTWATCH_STATE=text` runs those alone
    /// whose names have the text.
    @Test func alerts() {
        let part = ProcessInfo.processInfo.environment["VAULTWATCH_STATE"] ?? ""
        let rows = Self.rows.filter { part.isEmpty || $0.name.contains(part) }
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: rows.count) { index in
            let found = Self.complaints(rows[index])
            if !found.isEmpty { failures.withLock { $0.append("\(rows[index].name): \(found)") } }
        }
        for failure in failures.withLock({ $0 }).sorted() { Issue.record("\(failure)") }
        print("\(rows.count) states, \(rows.count { $0.isHealthy }) of them healthy")
    }

    /// What is wrong with a row; empty where nothing is.
    private static func complaints(_ row: StateRow) -> String {
        guard let rig = try? StateRig(row.prepare) else { return "the agent does not start" }
        rig.pass(row.lasts)
        rig.stop()
        let names = Set(rig.everFired.keys).subtracting(always)
        var complaints: [String] = []
        let missing = row.fires.subtracting(rig.firing.keys)
        if !missing.isEmpty { complaints.append("do not fire: \(missing.sorted())") }
        let excess = names.subtracting(row.fires).subtracting(row.mayFire)
        if !excess.isEmpty { complaints.append("false: \(excess.sorted())") }
        let grave = rig.everFired.filter { !always.contains($0.key) && $0.value != ["low"] }
        if row.isHealthy, !grave.isEmpty { complaints.append("a healthy state gives \(grave)") }
        guard !complaints.isEmpty else { return "" }
        return complaints.joined(separator: "; ") + "\n" + rig.log.all.suffix(20).joined()
    }

    @Test func theTableIsLargeAndEachRowSaysWhereItIsFrom() {
        let rows = StateTableTests.rows
        #expect(rows.count >= 190 && Set(rows.map(\.name)).count == rows.count)
        #expect(rows.allSatisfy { !$0.source.isEmpty })
    }
}
