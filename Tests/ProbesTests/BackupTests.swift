import Platform
import S3
import Samples
import Simulation
import Synchronization
import Testing
import Text

@testable import Probes

/// A bucket in memory.
final class ScriptedStore: BackupStore {
    struct Content {
        var objects: [BackupObject] = []
        var metadata: [String: String] = [:]
        var failure: ProbeFailure?
        var headFailure: ProbeFailure?
        var heads = 0
        /// Bytes by key; nil fails the reading.
        var bodies: [String: [UInt8]] = [:]
        var readFailure: ProbeFailure?
        var reads = 0
        /// What delete markers hide; nil where the store does not show versions.
        var deleted: [S3Deleted]?
        var versionListings = 0
        var posture: S3Posture?
        var postures = 0
        /// Keys that a HEAD finds though no listing has them.
        var unlisted: Set<String> = []
    }

    let bucket = "vault-backups"

    let content: Mutex<Content>

    init(_ content: Content) { self.content = Mutex(content) }

    func list(prefix: String, limit: Int) async throws(ProbeFailure) -> (objects: [BackupObject], truncated: Bool) {
        let (objects, failure) = content.withLock { ($0.objects.filter { $0.key.hasPrefix(prefix) }, $0.failure) }
        if let failure { throw failure }
        return (Array(objects.prefix(limit)), objects.count > limit)
    }

    func deleted(prefix: String, after: String?) async throws(ProbeFailure) -> [S3Deleted] {
        let deleted = content.withLock { content in
            content.versionListings += 1
            return content.deleted
        }
        guard let deleted else { throw ProbeFailure("denied", "s3:ListBucketVersions") }
        return deleted.filter { $0.key.hasPrefix(prefix) && $0.key > after ?? "" }
    }

    func posture() async throws(ProbeFailure) -> S3Posture {
        let posture = content.withLock { content in
            content.postures += 1
            return content.posture
        }
        guard let posture else { throw ProbeFailure("connect", "nobody there") }
        return posture
    }

    func metadata(of key: String) async throws(ProbeFailure) -> [String: String] {
        let (metadata, failure) = content.withLock { content in
            content.heads += 1
            let isThere = content.unlisted.contains(key) || content.objects.contains { $0.key == key }
            return (
                content.metadata, content.headFailure ?? (isThere ? nil : ProbeFailure("not_found", "no such key"))
            )
        }
        if let failure { throw failure }
        return metadata
    }

    func read(_ key: String, limitBytes: Int, take: @escaping @Sendable ([UInt8]) -> Void) async throws(ProbeFailure) {
        let (body, failure) = content.withLock { content in
            content.reads += 1
            return (content.bodies[key], content.readFailure)
        }
        if let failure { throw failure }
        guard let body else { throw ProbeFailure("not_found", "no such key") }
        // In pieces that split the header too.
        for start in stride(from: 0, to: body.count, by: 7) { take(Array(body[start..<min(start + 7, body.count)])) }
    }
}

/// The backups of the procedures: a daily one at 02:00 except on the 1st, which has a monthly one.
func seedBucket(now: Timestamp, days: Int = 30, months: Int = 12) -> [BackupObject] {
    var objects: [BackupObject] = []
    func name(_ time: Timestamp) -> String {
        String(time.rfc3339.map { $0 == ":" || $0 == "." ? "-" : $0 }.dropLast()) + "-000Z"
    }
    for back in 0..<days {
        let today = now.civil
        let day = Timestamp(year: today.year, month: today.month, day: today.day - back)
        let time = day + .seconds(7200)
        guard time <= now, day.civil.day != 1 else { continue }
        let date = day.rfc3339.prefix(10)
        objects.append(
            BackupObject(
                key: "daily/\(date)/vault-snapshot-\(name(time)).enc", size: 1000 + Int64(back),
                lastModified: time + .seconds(3)))
    }
    for back in 0..<months {
        let months = now.civil.year * 12 + Int64(now.civil.month - 1 - back)
        let month = Timestamp(year: months / 12, month: Int(months % 12) + 1, day: 1)
        let time = month + .seconds(7200)
        guard time <= now else { continue }
        objects.append(
            BackupObject(
                key: "monthly/\(month.rfc3339.prefix(10))/vault-snapshot-\(name(time)).enc", size: 1000,
                lastModified: time + .seconds(3)))
    }
    return objects
}

struct BackupKeyTests {
    @Test(arguments: [
        ("daily/2025-11-26/vault-snapshot-20251126-020000.enc", "2025-11-26T02:00:00Z"),
        ("daily/2025-11-26/vault-snapshot-2025-11-26T02-00-00-123Z.enc", "2025-11-26T02:00:00.123Z"),
        ("daily/2025-11-26/vault-snapshot-2025-11-26.enc", "2025-11-26T00:00:00Z"),
        ("daily/2025-11/vault-snapshot-20251101-020000.enc", "2025-11-01T02:00:00Z"),
        ("daily/2025-11-01/vault-snapshot-20251101-020000.enc", "2025-11-01T02:00:00Z"),
        ("daily/vault-snapshot-20240229-235959.enc", "2024-02-29T23:59:59Z"),
        ("daily/node-2-vault-backup-2025-11-26T02:00:00Z.snap", "2025-11-26T02:00:00Z"),
    ])
    func everyFormIsRead(key: String, time: String) {
        #expect(BackupKey(key, prefix: "daily/")?.time.rfc3339 == time)
    }

    @Test(arguments: [
        "monthly/vault-snapshot-20251126-020000.enc", "daily/", "daily/2025-11-26/",
        "daily/vault-snapshot-20251131-020000.enc",
        "daily/vault-snapshot-20250229.enc", "daily/vault-snapshot-20251126-250000.enc",
        "daily/vault-snapshot-20251126-020000.enc.tmp",
        "daily/vault-snapshot-20251126-020000", "daily/README.md", "daily/vault-snapshot-2025-11-26x.enc",
        "daily/vault-snapshot-.enc",
    ])
    func otherKeysAreNone(key: String) {
        #expect(BackupKey(key, prefix: "daily/") == nil)
    }

    @Test func aNameMayClaimToBeASnapshot() {
        #expect(BackupKey("vault-snapshot-20251126-020000.enc", prefix: "")?.claimsSnapshot == true)
        #expect(BackupKey("vault-dump-20251126-020000.enc", prefix: "")?.claimsSnapshot == false)
    }

    /// Anybody with write access to the bucket chooses the keys.
    @Test func randomKeysDoNoHarm() {
        let random = SeededRandom(seed: 42)
        let parts = [
            "2025", "-", "11", "26", "T", ":", "0", "Z", "/", ".enc", "vault-snapshot-", "é", "\u{0}", "00-00-00",
        ]
        for _ in 0..<20_000 {
            let key = (0..<random.below(12)).map { _ in parts[random.below(parts.count)] }.joined()
            if let parsed = BackupKey(key, prefix: "") {
                #expect((2000...2200).contains(parsed.time.civil.year), "seed 42, \(key)")
            }
        }
    }
}

struct BackupProbeTests {
    private static let now = Timestamp(rfc3339: "2025-12-10T12:00:00Z") ?? Timestamp(milliseconds: 0)
    private static let metadata = [
        "checksum": String(repeating: "ab", count: 32), "timestamp": "2025-12-10T02-00-00-000Z",
        "vault_version": "1.8.0",
    ]

    private func daily() -> BackupSetOptions {
        var options = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
        options.alsoCovering = ["monthly/"]
        return options
    }

    private func run(
        _ content: ScriptedStore.Content, _ options: BackupSetOptions? = nil, now: Timestamp = now,
        storage: [String] = [], watchedSince first: Timestamp? = nil
    ) async -> ProbeReport {
        let beginnings = BackupBeginnings()
        if let first { beginnings.restore(["daily": first]) }
        let probe = BackupProbe(
            options: options ?? daily(), store: ScriptedStore(content), newest: NewestBackup(), beginnings: beginnings,
            platform: testPlatform(VirtualTime(wall: now)), storageTypes: { storage })
        return await probe.run()
    }

    @Test func theBucketOfTheProceduresIsHealthy() async {
        let report = await run(
            .init(objects: seedBucket(now: BackupProbeTests.now), metadata: BackupProbeTests.metadata))
        #expect(report.failure == nil)
        let samples = report.samples
        #expect(samples.value("backup_listing_success") == 1)
        #expect(samples.value("backup_newest_age_seconds") == 36_000)
        #expect(samples.value("backup_newest_timestamp_seconds") == Timestamp(rfc3339: "2025-12-10T02:00:00Z")?.seconds)
        // The 1st has no daily backup: the monthly one covers it.
        #expect(samples.value("backup_objects") == 29)
        #expect(samples.value("backup_periods_covered") == 30)
        #expect(samples.value("backup_missing_periods", ["period": "day"]) == 0)
        #expect(samples.value("backup_late") == 0)
        #expect(samples.value("backup_overdue_objects") == 0)
        #expect(samples.value("backup_metadata_present", ["field": "checksum"]) == 1)
        #expect(samples.value("backup_metadata_valid", ["field": "timestamp"]) == 1)
        #expect(report.status.health == .ok && report.status.state == "complete")
    }

    @Test func theFirstOfAMonthIsNotLate() async throws {
        let now = try #require(Timestamp(rfc3339: "2025-12-01T12:00:00Z"))
        let samples = await run(.init(objects: seedBucket(now: now), metadata: BackupProbeTests.metadata), now: now)
            .samples
        #expect(samples.value("backup_late") == 0)
        #expect(samples.value("backup_missing_periods") == 0)
        // The monthly backup is the newest: without it the daily one of the day before would look overdue.
        #expect(samples.value("backup_newest_age_seconds") == 36_000)
        #expect(samples.contains { $0.labels["key"]?.contains("2025-11-30") == true })
    }

    @Test func monthliesAreCountedByMonth() async {
        let options = BackupSetOptions(name: "monthly", prefix: "monthly/", schedule: .month)
        let samples = await run(
            .init(objects: seedBucket(now: BackupProbeTests.now), metadata: BackupProbeTests.metadata), options
        ).samples
        #expect(samples.value("backup_periods_expected") == 12)
        #expect(samples.value("backup_periods_covered") == 12)
        #expect(samples.value("backup_missing_periods", ["period": "month"]) == 0)
    }

    /// Retention counts a month as 30 days: the twelfth is gone for a while. That is tolerated, not missing.
    @Test func elevenMonthliesAreTolerated() async {
        let options = BackupSetOptions(name: "monthly", prefix: "monthly/", schedule: .month)
        let samples = await run(
            .init(objects: seedBucket(now: BackupProbeTests.now, months: 11), metadata: BackupProbeTests.metadata),
            options
        ).samples
        #expect(samples.value("backup_periods_covered") == 11)
        #expect(samples.value("backup_periods_tolerated") == 11)
        #expect(samples.value("backup_missing_periods") == 0)
    }

    @Test func aGapIsNamed() async {
        var objects = seedBucket(now: BackupProbeTests.now)
        objects.removeAll { $0.key.hasPrefix("daily/2025-12-05") || $0.key.hasPrefix("daily/2025-12-10") }
        let report = await run(.init(objects: objects, metadata: BackupProbeTests.metadata))
        #expect(report.samples.value("backup_missing_periods") == 2)
        #expect(report.samples.value("backup_missing_info", ["date": "2025-12-05"]) == 1)
        #expect(report.samples.value("backup_late") == 1)
        #expect(report.status.state == "late")
    }

    @Test func emptyFutureOverdueAndForeignObjects() async throws {
        var objects = seedBucket(now: BackupProbeTests.now)
        let old = try #require(Timestamp(rfc3339: "2025-10-01T02:00:00Z"))
        objects.append(
            BackupObject(
                key: "daily/2026-01-01/vault-snapshot-20260101-020000.enc", size: 9, lastModified: BackupProbeTests.now)
        )
        objects.append(
            BackupObject(key: "daily/2025-10-01/vault-snapshot-20251001-020000.enc", size: 9, lastModified: old))
        objects.append(BackupObject(key: "daily/notes.txt", size: 9, lastModified: old))
        objects.append(BackupObject(key: "daily/2025-12-10/", size: 0, lastModified: old))
        objects.append(
            BackupObject(
                key: "daily/2025-12-10/vault-snapshot-20251210-030000.enc", size: 0, lastModified: BackupProbeTests.now)
        )
        let report = await run(.init(objects: objects, metadata: BackupProbeTests.metadata))
        let samples = report.samples
        #expect(samples.value("backup_future_objects") == 1)
        #expect(samples.value("backup_overdue_objects") == 1)
        #expect(samples.value("backup_unrecognized_objects") == 1)
        #expect(samples.value("backup_empty_objects") == 1)
        #expect(samples.value("backup_newest_size_bytes") == 0)
        #expect(samples.value("backup_newest_size_ratio") == 0)
        #expect(report.status.state == "newest is empty")
    }

    /// The key's time counts: a copied or restored object has today's LastModified.
    @Test func ageIsTheKeysNotTheUploads() async {
        let objects = seedBucket(now: BackupProbeTests.now).map { object in
            BackupObject(key: object.key, size: object.size, lastModified: BackupProbeTests.now)
        }.filter { $0.key < "daily/2025-12-05" }
        let samples = await run(.init(objects: objects, metadata: BackupProbeTests.metadata)).samples
        #expect(samples.value("backup_newest_age_seconds") == 554_400)
        #expect(samples.value("backup_newest_uploaded_timestamp_seconds") == BackupProbeTests.now.seconds)
    }

    @Test func metadataThatIsMissingOrUndefined() async {
        let content = ScriptedStore.Content(
            objects: seedBucket(now: BackupProbeTests.now),
            metadata: ["checksum": "short", "vault_version": "undefined", "timestamp": "2025-11-01T02:00:00Z"])
        let samples = await run(content).samples
        #expect(samples.value("backup_metadata_present", ["field": "vault_version"]) == 0)
        #expect(samples.value("backup_metadata_valid", ["field": "checksum"]) == 0)
        #expect(samples.value("backup_metadata_valid", ["field": "timestamp"]) == 0)
        #expect(samples.value("backup_metadata_valid", ["field": "vault_version"]) == nil)
    }

    @Test func aListingThatFailsSaysWhyAndNothingElse() async {
        let report = await run(
            .init(objects: seedBucket(now: BackupProbeTests.now), failure: ProbeFailure("denied", "AccessDenied")))
        #expect(report.failure?.reason == "denied")
        #expect(report.samples.value("backup_listing_success") == 0)
        #expect(report.samples.value("backup_listing_failure", ["reason": "denied"]) == 1)
        #expect(!report.samples.has("backup_objects") && !report.samples.has("backup_late"))
    }

    @Test func metadataThatCanNotBeReadIsAFailureOfItsOwn() async {
        let report = await run(
            .init(objects: seedBucket(now: BackupProbeTests.now), headFailure: ProbeFailure("denied", "HEAD 403")))
        #expect(report.failure?.reason == "denied")
        #expect(report.samples.value("backup_listing_success") == 1)
        #expect(report.samples.value("backup_metadata_read") == 0)
        #expect(!report.samples.has("backup_metadata_present"))
    }

    @Test func anEmptySetIsCritical() async {
        let report = await run(.init(), watchedSince: Self.now - .seconds(2 * 86_400))
        #expect(report.samples.value("backup_objects") == 0)
        #expect(report.samples.value("backup_late") == 1)
        #expect(report.samples.value("backup_missing_periods") == 30)
        #expect(report.samples.count { $0.labels.name == "backup_missing_info" } == 30)
        #expect(!report.samples.has("backup_newest_age_seconds"))
        #expect(report.status.health == .critical)
    }

    /// An empty set lacks nothing before its first time, counted from when it was first watched, also before a restart.
    @Test func theFirstBackupOfASetIsAwaited() async throws {
        let stored = Mutex<[String: Timestamp]>([:])
        let beginnings = BackupBeginnings { set, time in stored.withLock { $0[set] = time } }
        func awaited(_ now: String, _ beginnings: BackupBeginnings, _ objects: [BackupObject] = []) async throws
            -> Double?
        {
            let time = try #require(Timestamp(rfc3339: now))
            let probe = BackupProbe(
                options: daily(), store: ScriptedStore(.init(objects: objects, metadata: Self.metadata)),
                newest: NewestBackup(), beginnings: beginnings, platform: testPlatform(VirtualTime(wall: time)),
                storageTypes: { [] })
            let report = await probe.run()
            let isAwaited = report.samples.value("backup_awaiting_first")
            #expect((report.status.state == "waiting") == (isAwaited == 1))
            return isAwaited
        }
        #expect(try await awaited("2025-12-10T12:00:00Z", beginnings) == 1)
        #expect(try await awaited("2025-12-11T02:59:00Z", beginnings) == 1)
        #expect(try await awaited("2025-12-11T03:00:00Z", beginnings) == 0)
        let restarted = BackupBeginnings()
        restarted.restore(stored.withLock { $0 })
        #expect(try await awaited("2025-12-11T03:00:00Z", restarted) == 0)
        #expect(try await awaited("2025-12-10T12:00:00Z", beginnings, seedBucket(now: Self.now)) == 0)
    }

    @Test func aListingOverItsBoundIsTold() async {
        var options = daily()
        options.objectLimit = 10
        let samples = await run(
            .init(objects: seedBucket(now: BackupProbeTests.now), metadata: BackupProbeTests.metadata), options
        ).samples
        #expect(samples.value("backup_listing_truncated") == 1)
        #expect(samples.value("backup_objects") == 10)
    }

    /// The raft snapshot API does not exist on a PostgreSQL storage: such backups can't be what they are called.
    @Test func snapshotsOfAStorageThatHasNoneAreDoubted() async throws {
        let content = ScriptedStore.Content(
            objects: seedBucket(now: BackupProbeTests.now), metadata: BackupProbeTests.metadata)
        let doubted = await run(content, storage: ["postgresql"]).status
        #expect(doubted.health == .warning)
        let doubt = try #require(doubted.warnings.first { $0.contains("claim to be snapshots") })
        #expect(doubt.hasSuffix("; look into the newest, and back PostgreSQL up with pg_dump"))
        #expect(await run(content, storage: ["raft"]).status.warnings.isEmpty)
    }

    @Test func metadataIsReadOncePerObject() async {
        let store = ScriptedStore(
            .init(objects: seedBucket(now: BackupProbeTests.now), metadata: BackupProbeTests.metadata))
        let probe = BackupProbe(
            options: daily(), store: store, newest: NewestBackup(),
            platform: testPlatform(VirtualTime(wall: BackupProbeTests.now)), storageTypes: { [] })
        for _ in 0..<3 { _ = await probe.run() }
        #expect(store.content.withLock { $0.heads } == 1)
        store.content.withLock {
            $0.objects.append(
                BackupObject(
                    key: "daily/vault-snapshot-20251210-110000.enc", size: 5, lastModified: BackupProbeTests.now))
        }
        _ = await probe.run()
        #expect(store.content.withLock { $0.heads } == 2)
    }
}
