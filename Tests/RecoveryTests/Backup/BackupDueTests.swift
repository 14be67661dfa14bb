import Platform
import Probes
import S3
import Samples
import Testing
import Transport

@testable import Recovery

struct BackupDueTests {
    private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(milliseconds: 0) }

    private static let raft = BackupSource.raft(RaftSource(cluster: VaultClusterOptions(name: "c", nodes: [])))

    private func configuration(_ source: BackupSource = raft) -> RecoveryConfiguration {
        RecoveryConfiguration(
            source: source, bucket: S3Options(bucket: "b"), objectLock: nil,
            sets: [
                RecoverySet(options: BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day), floor: 7),
                RecoverySet(options: BackupSetOptions(name: "monthly", prefix: "monthly/", schedule: .month), floor: 3),
            ], encryption: EncryptionOptions(key: Secret(value: "")), staging: StagingOptions(), recordFile: nil,
            drills: DrillOptions(), drillTargets: [], path: "r.yml")
    }

    private func due(_ now: String, daily: [String], monthly: [String], names: [String] = []) -> [String] {
        configuration().due(
            names, now: time(now), times: ["daily": daily.map(time), "monthly": monthly.map(time)]
        ).map(\.options.name)
    }

    @Test func bothAreDueOnTheFirst() {
        #expect(
            due(
                "2026-12-01T02:00:00Z", daily: ["2026-11-30T02:00:00Z"], monthly: ["2026-11-01T02:00:00Z"]
            ) == ["daily", "monthly"])
    }

    @Test func onOtherDaysTheDailyAlone() {
        #expect(
            due("2026-11-30T02:00:00Z", daily: ["2026-11-29T02:00:00Z"], monthly: ["2026-11-01T02:00:00Z"]) == ["daily"]
        )
    }

    /// The machine was down on the 1st.
    @Test func missedMonthIsMadeUpFor() {
        #expect(
            due("2026-12-03T02:00:00Z", daily: ["2026-12-02T02:00:00Z"], monthly: ["2026-11-01T02:00:00Z"])
                == ["daily", "monthly"])
    }

    @Test func whoeverAsksGetsOne() {
        #expect(
            due("2026-11-30T09:00:00Z", daily: ["2026-11-30T02:00:00Z"], monthly: ["2026-11-01T02:00:00Z"]) == ["daily"]
        )
        #expect(
            due(
                "2026-11-30T09:00:00Z", daily: ["2026-11-30T02:00:00Z"], monthly: ["2026-11-01T02:00:00Z"],
                names: ["monthly"]) == ["monthly"])
    }

    /// One that is dated in the future covers no day before.
    @Test func futureBackupCoversNothing() {
        #expect(
            due("2026-11-30T02:00:00Z", daily: ["2031-01-01T02:00:00Z"], monthly: ["2026-11-01T02:00:00Z"]) == ["daily"]
        )
    }

    /// The daemon must read the time from the key, and take a dump for no snapshot.
    @Test func keysAreThoseThatTheDaemonReads() throws {
        let now = time("2026-12-01T02:03:04Z")
        let keys = configuration().sets.map { $0.key(at: now, of: Self.raft) }
        #expect(
            keys == [
                "daily/2026-12-01/vault-snapshot-20261201-020304.enc",
                "monthly/2026-12/vault-snapshot-20261201-020304.enc",
            ])
        #expect(try #require(BackupKey(keys[0], prefix: "daily/")).time == now)
        let dump = BackupSource.postgres(PostgresSource(connection: PostgresOptions(parameters: [:])))
        let key = try #require(BackupKey(configuration().sets[0].key(at: now, of: dump), prefix: "daily/"))
        #expect(!key.claimsSnapshot && key.time == now)
    }
}
