import Platform
import Samples
import Simulation
import Testing

@testable import Probes

/// Backups that are called snapshots where Vault can make none: doubted until the newest one was read. No alert fires on
/// one that can be restored, so that the status must not warn of it for ever either.
struct SnapshotDoubtTests {
    private static func verdict(_ object: BackupObject, _ content: BackupContent?) -> BackupVerdict {
        BackupVerdict(
            object: object, sha256: "", content: content, bytes: object.size, duration: .seconds(1),
            at: Timestamp(milliseconds: 0))
    }

    @Test func whatWasReadAndIsWholeIsNotDoubted() async throws {
        let now = try #require(Timestamp(rfc3339: "2025-12-10T12:00:00Z"))
        let checksum = String(repeating: "ab", count: 32)
        let store = ScriptedStore(
            .init(
                objects: seedBucket(now: now),
                metadata: ["checksum": checksum, "timestamp": "2025-12-10T02:00:00Z", "vault_version": "1.8.0"]))
        var options = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
        options.alsoCovering = ["monthly/"]
        let newest = NewestBackup()
        let verdicts = BackupVerdicts()
        let probe = BackupProbe(
            options: options, store: store, newest: newest, verdicts: verdicts,
            platform: testPlatform(VirtualTime(wall: now)), storageTypes: { ["postgresql"] })
        func isDoubted() async -> Bool {
            let status = await probe.run().status
            let isDoubted = status.warnings.contains { $0.contains("claim to be snapshots") }
            #expect(status.health == (isDoubted ? .warning : .ok) && status.state == "complete", "\(status)")
            return isDoubted
        }
        #expect(await isDoubted())
        let object = try #require(newest.current?.object)
        // Read, but nothing is known of what it holds; an error page; another backup.
        verdicts["daily"] = Self.verdict(object, nil)
        #expect(await isDoubted())
        verdicts["daily"] = Self.verdict(object, BackupContent(format: .none, fault: .json))
        #expect(await isDoubted())
        verdicts["daily"] = Self.verdict(
            BackupObject(key: "daily/other", size: 1, lastModified: now), BackupContent(format: .postgresCustom))
        #expect(await isDoubted())
        verdicts["daily"] = Self.verdict(object, BackupContent(format: .postgresCustom))
        #expect(await isDoubted() == false)
    }
}
