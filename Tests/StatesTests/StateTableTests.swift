import Testing

/// The table: each state with the alerts that it must give, and no others.
@Suite(.serialized) struct StateTableTests {
    static let rows: [StateRow] =
        VaultStates.rows + TokenStates.rows + PostgresStates.rows + BackupStates.rows + WatcherStates.rows

    /// Alerts that say nothing of the estate: the watchdog always fires.
    private static let always: Set<String> = ["Watchdog"]

    @Test(arguments: rows) func alerts(_ row: StateRow) throws {
        let rig = try StateRig(row.prepare)
        rig.pass(row.lasts)
        rig.stop()
        let names = Set(rig.everFired.keys).subtracting(StateTableTests.always)
        let firing = Set(rig.firing.keys)
        let log = rig.log.all.suffix(20).joined()
        #expect(row.fires.subtracting(firing).isEmpty, "do not fire: \(row.fires.subtracting(firing))\n\(log)")
        let excess = names.subtracting(row.fires).subtracting(row.mayFire)
        #expect(excess.isEmpty, "false: \(excess.sorted())\n\(log)")
        if row.isHealthy {
            let grave = rig.everFired.filter { !StateTableTests.always.contains($0.key) && $0.value != ["low"] }
            #expect(grave.isEmpty, "a healthy state gives \(grave)")
        }
    }

    @Test func theTableIsLargeAndEachRowSaysWhereItIsFrom() {
        let rows = StateTableTests.rows
        #expect(Set(rows.map(\.name)).count == rows.count)
        #expect(rows.allSatisfy { !$0.source.isEmpty })
    }
}
