import Platform
import Samples
import Simulation
import Synchronization
import Testing

@testable import Probes

/// The newest backup, read in full: its checksum and its encryption.
struct BackupContentTests {
    /// 75 bytes under the key 00 01 … 1f and a 16-byte IV, made with another implementation (Python's cryptography).
    private static let body = bytes(
        """
        6465666768696a6b6c6d6e6f70717273003c88b1207742c0c4a432a1942a0b69aed2363d903454b6d389dee128a3cc133b0434b4bc9c8e6ab5f37c\
        01edd771a90eadfaec13a582b1726720713707ad47b5296484cf803490487baa3fc62ef6400139d4e01894af2ae31c59
        """)
    private static let checksum = "83ee9a748a16a6222f99db1b09b263a84d065b14f02898d9b73e54f36af473b1"
    private static let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    private struct Bench {
        let store: ScriptedStore
        let newest = NewestBackup()
        let verdicts = BackupVerdicts()
        let time = VirtualTime()
        var options = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)

        init(
            _ body: [UInt8]? = BackupContentTests.body, checksum: String? = BackupContentTests.checksum,
            key: String? = BackupContentTests.key
        ) {
            store = ScriptedStore(.init(bodies: body.map { ["k": $0] } ?? [:]))
            options.verification.encryptionKeys = key.map { [Secret(value: $0)] } ?? []
            _ = newest.replace(
                .init(
                    object: BackupObject(
                        key: "k", size: Int64(body?.count ?? 9), lastModified: Timestamp(milliseconds: 0)),
                    checksum: checksum))
        }

        var probe: BackupContentProbe {
            BackupContentProbe(
                options: options, store: store, newest: newest, verdicts: verdicts, platform: testPlatform(time))
        }
        var reads: Int { store.content.withLock { $0.reads } }
    }

    @Test func aSoundBackupIsSound() async {
        let report = await Bench(
            BackupRecording.bytes("raft.snapshot.enc"), checksum: BackupRecording.checksum, key: BackupRecording.key
        ).probe.run()
        #expect(report.failure == nil && report.status.health == .ok)
        #expect(report.samples.value("backup_content_valid") == 1)
        #expect(report.samples.value("backup_content_info", ["format": "raft_snapshot"]) == 1)
        #expect(report.samples.value("backup_encryption_key_index") == 0)
        #expect(report.samples.value("backup_checksum_valid") == 1)
        #expect(report.samples.value("backup_encryption_valid") == 1)
        #expect(report.samples.value("backup_verified_size_bytes") == 10_986)
    }

    /// Archived is not unreadable for lack of rights, and asking again soon changes nothing.
    @Test func anArchivedBackupIsSaidAndSeldomAskedAgain() async {
        let bench = Bench()
        bench.store.content.withLock { $0.readFailure = ProbeFailure("archived", "in DEEP_ARCHIVE") }
        let probe = bench.probe
        let report = await probe.run()
        #expect(report.failure == nil && report.status.detail.contains("DEEP_ARCHIVE"))
        #expect(report.samples.value("backup_archived") == 1)
        bench.time.move(to: bench.time.monotonic() + .seconds(5 * 3600))
        #expect(await probe.run().samples.value("backup_archived") == 1)
        #expect(bench.reads == 1)
        bench.store.content.withLock { $0.readFailure = nil }
        bench.time.move(to: bench.time.monotonic() + .seconds(2 * 3600))
        let restored = await probe.run()
        #expect(restored.samples.value("backup_archived") == 0)
        #expect(restored.samples.value("backup_checksum_valid") == 1)
        #expect(bench.reads == 2)
    }

    @Test func theKeyMayBeWrittenInHexadecimal() async {
        let hex = (0..<32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(await Bench(key: hex).probe.run().samples.value("backup_encryption_valid") == 1)
    }

    /// Each single flipped bit is found: in the IV, in the tag, in the ciphertext.
    @Test func aFlippedBitIsFoundWhereverItLies() async {
        for index in stride(from: 0, to: BackupContentTests.body.count, by: 5) {
            var body = BackupContentTests.body
            body[index] ^= 1
            let report = await Bench(body).probe.run()
            #expect(report.failure == nil && report.status.health == .critical, "byte \(index)")
            #expect(report.samples.value("backup_checksum_valid") == 0, "byte \(index)")
            #expect(report.samples.value("backup_encryption_valid") == 0, "byte \(index)")
        }
    }

    @Test func anotherKeyOpensNothing() async {
        let report = await Bench(key: String(repeating: "ab", count: 32)).probe.run()
        #expect(report.samples.value("backup_checksum_valid") == 1)
        #expect(report.samples.value("backup_encryption_valid") == 0)
        #expect(report.status.state == "unusable")
    }

    /// The listing says of an empty one that it is empty.
    @Test func anEmptyOneIsNotRead() async {
        let report = await Bench([]).probe.run()
        #expect(report.failure == nil && report.samples.value("backup_encryption_valid") == nil)
    }

    @Test(arguments: [1, 15, 16, 31]) func whatIsTooShortForItsHeaderIsNotEncrypted(count: Int) async {
        let report = await Bench(Array(BackupContentTests.body.prefix(count))).probe.run()
        #expect(report.samples.value("backup_encryption_valid") == 0)
    }

    /// A header alone is the encryption of nothing: its tag must still hold.
    @Test func aHeaderAloneIsChecked() async {
        #expect(
            await Bench(Array(BackupContentTests.body.prefix(32))).probe.run().samples.value("backup_encryption_valid")
                == 0)
    }

    @Test func withoutKeyAndChecksumNothingIsClaimed() async {
        let report = await Bench(checksum: nil, key: nil).probe.run()
        #expect(!report.samples.has("backup_checksum_valid") && !report.samples.has("backup_encryption_valid"))
        #expect(report.samples.has("backup_verified_timestamp_seconds"))
    }

    /// It is checked once while it is the newest, again after a week, and again for another object.
    @Test func aBackupIsReadOnce() async {
        let bench = Bench()
        let probe = bench.probe
        for _ in 0..<3 { _ = await probe.run() }
        #expect(bench.reads == 1)
        // A reload makes new probes.
        _ = await bench.probe.run()
        #expect(bench.reads == 1)
        await bench.time.run(for: .seconds(7 * 86_400))
        _ = await probe.run()
        #expect(bench.reads == 2)
        _ = bench.newest.replace(
            .init(object: BackupObject(key: "other", size: 1, lastModified: Timestamp(milliseconds: 1))))
        let report = await probe.run()
        #expect(bench.reads == 3 && report.failure?.reason == "not_found")
        #expect(!report.samples.has("backup_checksum_valid"), "another backup's verdict is none of this one")
    }

    @Test func aFailedReadIsTriedAgainLater() async {
        let bench = Bench(nil)
        let probe = bench.probe
        #expect(await probe.run().failure?.reason == "not_found")
        #expect(await probe.run().failure?.reason == "not_found")
        #expect(bench.reads == 1)
        await bench.time.run(for: .seconds(300))
        bench.store.content.withLock { $0.bodies["k"] = BackupContentTests.body }
        #expect(await probe.run().failure == nil)
        #expect(bench.reads == 2)
    }

    @Test func whatIsTooLargeIsNotRead() async {
        var bench = Bench()
        bench.options.verification.limitBytes = 50
        let report = await bench.probe.run()
        #expect(bench.reads == 0 && report.failure == nil && report.status.health == .warning)
        #expect(report.status.detail.contains("limit_bytes"))
    }

    @Test func aKeyThatIsNoneIsAFailureWithoutTheKey() async {
        let report = await Bench(key: "sesame").probe.run()
        #expect(report.failure?.reason == "configuration")
        #expect(report.failure?.message.contains("sesame") == false)
    }

    /// The listing triggers the content check where another backup has become the newest.
    @Test func aNewBackupIsReadAtOnce() async throws {
        let now = try #require(Timestamp(rfc3339: "2025-12-10T12:00:00Z"))
        let store = ScriptedStore(
            .init(objects: seedBucket(now: now), metadata: ["checksum": BackupContentTests.checksum.uppercased()]))
        let options = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
        let newest = NewestBackup()
        let probe = BackupProbe(
            options: options, store: store, newest: newest, platform: testPlatform(VirtualTime(wall: now)),
            storageTypes: { [] })
        #expect(await probe.run().confirm == [ProbeTarget(.backupContent, "daily")])
        #expect(newest.current?.checksum == BackupContentTests.checksum)
        #expect(await probe.run().confirm.isEmpty)
    }

    // MARK: Several keys

    private func run(_ body: [UInt8], keys: [String]) async -> ProbeReport {
        var bench = Bench(body, checksum: nil)
        bench.options.verification.encryptionKeys = keys.map { Secret(value: $0) }
        return await bench.probe.run()
    }

    private static let otherKey = String(repeating: "cd", count: 32)

    /// After a rotation the backups from before are opened by the old key.
    @Test func anOlderKeyOpensAnOlderBackup() async {
        let old = BackupRecording.bytes("raft.snapshot.enc")
        let report = await run(old, keys: [Self.otherKey, BackupRecording.key])
        #expect(report.failure == nil && report.status.health == .ok)
        #expect(report.samples.value("backup_encryption_valid") == 1)
        #expect(report.samples.value("backup_encryption_key_index") == 1)
        #expect(report.samples.value("backup_content_valid") == 1)
        #expect(report.status.detail.contains("key 2"))
    }

    @Test func aBackupThatNoKeyOpens() async {
        let report = await run(
            BackupRecording.bytes("raft.snapshot.enc"), keys: [Self.otherKey, String(repeating: "ef", count: 32)])
        #expect(report.samples.value("backup_encryption_valid") == 0)
        #expect(!report.samples.has("backup_encryption_key_index") && !report.samples.has("backup_content_valid"))
        #expect(report.status.state == "unusable")
    }

    @Test func aKeyOfSeveralThatIsNoneIsNamedByItsPlace() async {
        let report = await run(BackupRecording.bytes("raft.snapshot.enc"), keys: [BackupRecording.key, "sesame"])
        #expect(report.failure?.message.contains("encryption key 2") == true)
        #expect(report.failure?.message.contains("sesame") == false)
    }

    // MARK: Content

    /// What was encrypted and uploaded all the same, though it is no backup.
    @Test(arguments: [
        ("", "empty"), ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "html"),
        ("{\"errors\":[\"permission denied\"]}\n", "json"), ("pg_dump: error: connection refused\n", "text"),
    ]) func whatIsEncryptedIsLookedAt(text: String, reason: String) async {
        let report = await run(BackupRecording.encrypted(Array(text.utf8)), keys: [BackupRecording.key])
        #expect(report.samples.value("backup_encryption_valid") == 1)
        #expect(report.samples.value("backup_content_valid") == 0)
        #expect(report.samples.value("backup_content_failure", ["reason": reason]) == 1)
        #expect(report.status.health == .critical && report.status.detail.contains("IT HOLDS"))
    }

    /// Where nothing opens it, the object itself may tell why.
    @Test func anErrorPageInPlaceOfABackup() async {
        let page = Array("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".utf8)
        let report = await run(page, keys: [BackupRecording.key])
        #expect(report.samples.value("backup_encryption_valid") == 0)
        #expect(report.samples.value("backup_content_failure", ["reason": "xml"]) == 1)
        let plain = await run(BackupRecording.bytes("raft.snapshot.snap"), keys: [BackupRecording.key])
        #expect(plain.samples.value("backup_encryption_valid") == 0)
        #expect(plain.samples.value("backup_content_valid") == 1, "it lies there without encryption")
    }

    /// Of what is encrypted without a key here nothing is claimed.
    @Test func withoutAKeyPlainContentAloneIsJudged() async {
        let sealed = await run(BackupRecording.bytes("raft.snapshot.enc"), keys: [])
        #expect(!sealed.samples.has("backup_content_valid") && !sealed.samples.has("backup_content_info"))
        let plain = await run(BackupRecording.bytes("vault.sql"), keys: [])
        #expect(plain.samples.value("backup_content_info", ["format": "postgresql_sql"]) == 1)
    }
}
