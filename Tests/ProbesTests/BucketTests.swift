import Platform
import S3
import Samples
import Simulation
import Synchronization
import Testing
import Text

@testable import Probes

private let now = Timestamp(milliseconds: 1_765_368_000_000)  // 2025-12-10T12:00:00Z

/// What a listing is worth, and whether what is missing was deleted.
struct TrustedListingTests {
    private static let newest = "daily/2025-12-10/vault-snapshot-2025-12-10T02-00-00-000Z.enc"

    private func probe(_ store: ScriptedStore, _ time: VirtualTime = VirtualTime(wall: now)) -> BackupProbe {
        BackupProbe(
            options: BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day), store: store,
            newest: NewestBackup(), platform: testPlatform(time), storageTypes: { [] })
    }

    /// The listing is cut, and calls itself whole; what it leaves out is there.
    @Test func whatAListingLeavesOutIsAskedFor() async {
        let objects = seedBucket(now: now)
        let store = ScriptedStore(.init(objects: objects))
        let probe = probe(store)
        #expect(await probe.run().failure == nil)
        store.content.withLock {
            $0.objects.removeAll { $0.key == Self.newest }
            $0.unlisted = [Self.newest]
        }
        let report = await probe.run()
        #expect(report.failure?.reason == "listing" && report.failure?.message.contains(Self.newest) == true)
        #expect(report.samples.value("backup_listing_failure", ["reason": "listing"]) == 1)
        #expect(!report.samples.has("backup_late") && !report.samples.has("backup_objects"))
        // Once it is really gone the listing is right, and the backup is missing.
        store.content.withLock { $0.unlisted = [] }
        #expect(await probe.run().samples.value("backup_late") == 1)
    }

    /// Who may list but not read: nothing is held against the listing.
    @Test func withoutTheRightToAskTheListingStands() async {
        let store = ScriptedStore(.init(objects: seedBucket(now: now), headFailure: ProbeFailure("denied", "403")))
        let probe = probe(store)
        _ = await probe.run()
        store.content.withLock { $0.objects.removeAll { $0.key == Self.newest } }
        #expect(await probe.run().samples.value("backup_late") == 1)
    }

    @Test func aDeletedBackupIsToldFromOneThatWasNeverWritten() async {
        let store = ScriptedStore(.init(objects: seedBucket(now: now), deleted: []))
        let time = VirtualTime(wall: now)
        let probe = probe(store, time)
        _ = await probe.run()
        #expect(store.content.withLock { $0.versionListings } == 0)
        store.content.withLock { content in
            content.objects.removeAll { $0.key == Self.newest }
            content.deleted = [
                S3Deleted(key: "daily/2025-11-11/vault-snapshot-2025-11-11.enc", deleted: now),
                S3Deleted(key: "daily/notes.txt", deleted: now),
                S3Deleted(key: Self.newest, deleted: now - .seconds(60)),
            ]
        }
        var report = await probe.run()
        #expect(report.samples.value("backup_deleted_info", ["bucket": "vault-backups", "key": Self.newest]) == 1)
        #expect(report.samples.value("backup_deleted_timestamp_seconds") == (now - .seconds(60)).seconds)
        #expect(report.status.warnings.contains { $0.contains("was deleted at") })
        // Once in an hour.
        report = await probe.run()
        #expect(report.samples.has("backup_deleted_info"))
        #expect(store.content.withLock { $0.versionListings } == 1)
        time.move(to: time.monotonic() + .seconds(3601))
        store.content.withLock { $0.deleted = nil }
        report = await probe.run()
        #expect(!report.samples.has("backup_deleted_info") && report.samples.value("backup_late") == 1)
        #expect(store.content.withLock { $0.versionListings } == 2)
    }
}

struct BucketProbeTests {
    private static func posture() -> S3Posture {
        var posture = S3Posture()
        posture.isVersioned = true
        posture.isPublic = false
        posture.lockRetention = .init(mode: "GOVERNANCE", days: 30)
        posture.lifecycle = [
            .init(prefix: "daily/", expirationDays: 7), .init(prefix: "", isConditional: true, expirationDays: 1),
            .init(prefix: "", abortsUploads: true),
        ]
        return posture
    }

    private func probe(_ store: ScriptedStore, _ time: VirtualTime) -> BucketProbe {
        BucketProbe(
            store: store,
            sets: [
                BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day),
                BackupSetOptions(name: "monthly", prefix: "monthly/", schedule: .month),
            ], platform: testPlatform(time))
    }

    @Test func factsAreAskedForOnceInAnHour() async {
        let store = ScriptedStore(.init(posture: Self.posture()))
        let time = VirtualTime(wall: now)
        let probe = probe(store, time)
        for _ in 0..<3 {
            let samples = await probe.run().samples
            #expect(samples.value("bucket_versioning_enabled", ["bucket": "vault-backups"]) == 1)
            #expect(samples.value("bucket_policy_public") == 0)
            #expect(samples.value("bucket_object_lock_retention_seconds", ["mode": "GOVERNANCE"]) == 2_592_000)
            #expect(samples.value("bucket_multipart_abort_enabled") == 1)
            #expect(samples.value("backup_lifecycle_expiration_seconds", ["backup_set": "daily"]) == 604_800)
            #expect(samples.value("backup_retention_seconds", ["backup_set": "daily"]) == 2_592_000)
            #expect(samples.value("backup_lifecycle_expiration_seconds", ["backup_set": "monthly"]) == nil)
            // Not known, hence not there.
            #expect(!samples.has("bucket_encryption_enabled") && !samples.has("bucket_public_access_blocked"))
            time.move(to: time.monotonic() + .seconds(60))
        }
        #expect(store.content.withLock { $0.postures } == 1)
        time.move(to: time.monotonic() + .seconds(3600))
        _ = await probe.run()
        #expect(store.content.withLock { $0.postures } == 2)
    }

    /// A bucket that does not answer takes nothing away for some hours, and is not asked each minute.
    @Test func factsStandWhileTheBucketIsSilent() async {
        let store = ScriptedStore(.init(posture: Self.posture()))
        let time = VirtualTime(wall: now)
        let probe = probe(store, time)
        _ = await probe.run()
        store.content.withLock { $0.posture = nil }
        time.move(to: time.monotonic() + .seconds(3600))
        for _ in 0..<3 {
            let report = await probe.run()
            #expect(report.failure?.reason == "connect" && report.samples.has("bucket_versioning_enabled"))
            time.move(to: time.monotonic() + .seconds(60))
        }
        #expect(store.content.withLock { $0.postures } == 2)
        time.move(to: time.monotonic() + .seconds(4 * 3600))
        #expect(await probe.run().samples.isEmpty)
    }
}
