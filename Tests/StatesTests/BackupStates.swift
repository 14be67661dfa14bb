import Lab
import Platform
import Samples
import Simulation
import Text
import Transport

/// States of buckets and the backups in them.
enum BackupStates {
    private static let forms = "Amazon S3 API Reference; the backup job's own key forms"

    static let rows: [StateRow] = [
        row("a full bucket and procedures that are recorded", lasts: .seconds(7200), isHealthy: true) { _ in },
        row("no backup for a day", fires: ["BackupOverdue"], mayFire: ["BackupGap"]) { $0.bucket.fill(skipping: 1) },
        row(
            "an old backup was copied this morning, so that its LastModified is new", source: "minio/minio#12777",
            fires: ["BackupOverdue"], mayFire: ["BackupGap"]
        ) { state in
            state.bucket.fill(skipping: 1)
            guard let key = state.bucket.newestKey, let old = state.bucket.objects[key] else { return }
            state.bucket.put(key, bytes: old.bytes, metadata: old.metadata, modified: StateRig.begin)
        },
        row(
            "all objects were replicated to a new bucket today", source: "rustfs/rustfs#5662", isHealthy: true
        ) { state in
            for (key, object) in state.bucket.objects {
                state.bucket.put(key, bytes: object.bytes, metadata: object.metadata, modified: StateRig.begin)
            }
        },
        row(
            "the newest backup was deleted in a bucket with versioning",
            source: "Amazon S3 API Reference, ListObjectVersions; ribbybibby/s3_exporter PR 51",
            fires: ["BackupDeleted"], mayFire: ["BackupGap"]
        ) { state in
            guard let key = state.bucket.newestKey else { return }
            state.bucket.hide(key, at: StateRig.begin - .seconds(600))
        },
        row(
            "retention deletes old backups in a bucket with versioning", source: "Amazon S3 User Guide, delete markers",
            isHealthy: true
        ) { state in
            for key in state.bucket.objects.keys.sorted().prefix(2) { state.bucket.hide(key, at: StateRig.begin) }
        },
        row(
            "the bucket does not say how it is protected", source: "Amazon S3, permissions of GetBucket…",
            isHealthy: true
        ) { $0.bucket.configuration.answerAll(.denied) },
        row(
            "the server does not know the questions about the bucket", source: "MinIO, Ceph RGW: NotImplemented",
            isHealthy: true
        ) { $0.bucket.configuration.answerAll(.notImplemented) },
        row(
            "the server answers questions about the bucket with a listing", source: "Object stores that overlook them",
            isHealthy: true
        ) { $0.bucket.configuration.answerAll(.listing) },
        row("the bucket's policy makes it public", source: "Amazon S3, GetBucketPolicyStatus", fires: ["BucketPublic"])
        {
            $0.bucket.configuration.answers["policyStatus"] = .document(
                "<PolicyStatus><IsPublic>TRUE</IsPublic></PolicyStatus>")
        },
        row(
            "a bucket with nothing configured", source: "Amazon S3, …NotFoundError", lasts: .seconds(2 * 3600),
            fires: ["BucketUnversioned", "BucketUnencrypted", "BucketPublicAccessNotBlocked"]
        ) {
            $0.bucket.configuration.answerAll(.absent)
            $0.bucket.configuration.answers["versioning"] = .document("<VersioningConfiguration/>")
        },
        row(
            "a lifecycle rule deletes backups before retention does", source: "Amazon S3 User Guide, lifecycle",
            lasts: .seconds(2 * 3600), fires: ["BackupLifecycleTooShort"]
        ) {
            $0.bucket.configuration.answers["lifecycle"] = .document(
                "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Prefix>daily/</Prefix></Filter><Expiration><Days>7</Days></Expiration></Rule></LifecycleConfiguration>"
            )
        },
        row("an empty bucket after the first backup was due", fires: ["BackupNone"]) {
            $0.bucket.fill(days: 0, months: 0)
            $0.dueSoon()
        },
        row("an empty bucket that is new", source: "The shipped rules on a new bucket", isHealthy: true) {
            $0.bucket.fill(days: 0, months: 0)
        },
        row(
            "the daily set is empty after its first backup was due", fires: ["BackupNone"], mayFire: ["BackupOverdue"]
        ) {
            $0.bucket.fill(days: 0)
            $0.dueSoon()
        },
        row("a new daily set beside an old monthly one", source: "The shipped rules on a new set", isHealthy: true) {
            $0.bucket.fill(days: 0)
        },
        row("the monthly set is empty", lasts: .seconds(4 * 3600), fires: ["BackupMonthlyMissing"]) {
            for key in $0.bucket.objects.keys where key.hasPrefix("monthly/") { $0.bucket.delete(key) }
        },
        row("a new installation's third day", source: "The shipped rules on a new bucket", isHealthy: true) {
            $0.bucket.fill(days: 3, months: 0)
        },
        row("a gap of one day a week ago", isHealthy: true) { $0.bucket.remove(daysAgo: 7) },
        row("the newest backup is empty", fires: ["BackupEmpty"], mayFire: ["BackupOverdue"]) {
            $0.bucket.emptyNewest()
        },
        row(
            "the newest backup is the encryption of nothing", source: "AES-256-GCM: IV of 12 bytes, tag of 16",
            fires: ["BackupEmpty"],
            mayFire: [
                "BackupOverdue", "BackupCorrupt", "BackupUndecryptable", "BackupSizeUnusual", "BackupMetadataMissing",
            ]
        ) { state in
            guard let key = state.bucket.newestKey, let old = state.bucket.objects[key] else { return }
            state.bucket.put(
                key, bytes: [UInt8](repeating: 7, count: 28), metadata: old.metadata, modified: old.modified)
        },
        row("the newest backup's content was damaged", fires: ["BackupCorrupt", "BackupUndecryptable"]) {
            $0.bucket.corruptNewest()
        },
        row(
            "the newest backup is an encrypted web page", source: "A job that uploads what a proxy answers",
            fires: ["BackupContentInvalid"], mayFire: ["BackupSizeUnusual"]
        ) {
            $0.bucket.saveInstead(
                Array("<!DOCTYPE html><html>502 Bad Gateway\(String(repeating: ".", count: 2000))</html>".utf8))
        },
        row(
            "the newest backup is an error of Vault", source: "Recorded active.snapshot-unsupported",
            fires: ["BackupContentInvalid"], mayFire: ["BackupSizeUnusual"]
        ) {
            $0.bucket.saveInstead(
                Array(
                    "{\"errors\":[\"1 error occurred:\\n\\t* unsupported path: sys/storage/raft/snapshot of a storage that is not raft\"]}\n"
                        .utf8))
        },
        row(
            "the newest backup is the first half of a snapshot", source: "An aborted transfer; recovery.md 1.1",
            fires: ["BackupContentInvalid"], mayFire: ["BackupSizeUnusual"]
        ) { state in
            let whole = Backup.snapshot((0..<20_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 31) >> 7) })
            state.bucket.saveInstead(Array(whole.prefix(whole.count / 2)))
        },
        row(
            "the newest backup holds something unknown", source: "A format of somebody's own", lasts: .seconds(7200),
            fires: ["BackupContentUnknown"], mayFire: ["BackupSizeUnusual"]
        ) { $0.bucket.saveInstead((0..<30_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 31) >> 7) }) },
        row("the encryption key was rotated, and the old one is still known", isHealthy: true) {
            $0.replace("encryption_key_file: /encryption-key", "encryption_key_files: [/new-key, /encryption-key]")
            $0.estate.files["/new-key"] = String(repeating: "cd", count: 32)
        },
        row("hourly backups", source: "The configuration's period", isHealthy: true) {
            $0.addSet("hourly", "period: hourly, retention: 24", agesHours: (0..<24).map { Double($0) + 0.3 })
        },
        row(
            "hourly backups that stopped three hours ago", source: "The configuration's period",
            fires: ["BackupOverdue"], mayFire: ["BackupGap"]
        ) { $0.addSet("hourly", "period: hourly, retention: 24", agesHours: (3..<24).map { Double($0) + 0.3 }) },
        row("a weekly set", source: "The configuration's period", isHealthy: true) {
            // Sunday, 02:00.
            $0.addSet("weekly", "period: weekly, retention: 4", agesHours: (0..<4).map { 99.5 + 168 * Double($0) })
        },
        row(
            "a weekly set beside a daily one without a backup for two weeks", source: "The configuration's period",
            lasts: .seconds(4 * 3600), fires: ["BackupOverdue"], mayFire: ["BackupGap"]
        ) {
            $0.addSet("weekly", "period: weekly, retention: 4", agesHours: (2..<4).map { 99.5 + 168 * Double($0) })
        },
        row("backups on working days alone, on a Thursday", source: "crontab(5)", isHealthy: true) {
            $0.addSet(
                "work", "schedule: '30 2 * * 1-5', time_zone: UTC, retention: 5",
                agesHours: [3, 27, 51, 75, 147])
        },
        row("the newest backup has no metadata", fires: ["BackupMetadataMissing"]) { $0.bucket.stripNewest() },
        row(
            "the newest backup is in the archive class DEEP_ARCHIVE", source: "restic/restic#4583; Amazon S3 GetObject",
            lasts: .seconds(7 * 3600 + 1800), fires: ["BackupArchived"]
        ) { $0.headers = ["x-amz-storage-class": "DEEP_ARCHIVE"] },
        row(
            "an archived backup has been restored for a while", source: "Amazon S3 HeadObject, x-amz-restore",
            isHealthy: true
        ) {
            $0.headers = [
                "x-amz-storage-class": "GLACIER",
                "x-amz-restore": "ongoing-request=\"false\", expiry-date=\"Fri, 04 Dec 2026 00:00:00 GMT\"",
            ]
        },
        row(
            "an archived backup is being restored", source: "Amazon S3 HeadObject, x-amz-restore",
            lasts: .seconds(7200), fires: ["BackupArchived"]
        ) { $0.headers = ["x-amz-storage-class": "GLACIER", "x-amz-restore": "ongoing-request=\"true\""] },
        row("backups in the class GLACIER_IR", source: "Amazon S3, storage classes", isHealthy: true) {
            $0.headers = ["x-amz-storage-class": "GLACIER_IR"]
        },
        row("the bucket refuses the agent's key", fires: ["BackupListingFailing"]) { $0.failure = .accessDenied },
        row("the object store is throttling", fires: ["BackupListingFailing"]) { $0.failure = .slowDown },
        row("the object store hangs", fires: ["BackupListingFailing"]) { $0.failure = .hang },
        row("the object store answers with 500 for ten minutes", lasts: .seconds(600), isHealthy: true) {
            $0.failure = .internalError
        },
        row(
            "keys in a form that is not known", source: "The shipped key forms",
            fires: ["BackupUnrecognised"], mayFire: ["BackupOverdue"]
        ) { state in
            let objects = state.bucket.objects
            state.bucket.fill(days: 0, months: 0)
            for (index, object) in objects.values.enumerated() {
                state.bucket.put("daily/dump-\(index).bin", bytes: object.bytes, modified: object.modified)
            }
            state.bucket.put("monthly/dump.bin", bytes: [1], modified: StateRig.begin)
        },
        row("folders that a console made", source: "Amazon S3 console, folders", isHealthy: true) {
            $0.bucket.put("daily/", bytes: [], modified: StateRig.begin)
            $0.bucket.put("monthly/", bytes: [], modified: StateRig.begin)
        },
        row("the agent's encryption key is another one", fires: ["BackupUndecryptable"]) {
            $0.estate.files["/encryption-key"] = String(repeating: "ab", count: 32)
        },
        row("the last backup run failed", fires: ["BackupRunFailed"]) {
            $0.record("vault_backup_failed", hoursAgo: 1)
        },
        row("a failed backup run was tried again with success", isHealthy: true) {
            $0.record("vault_backup_failed", hoursAgo: 2)
            $0.record("vault_backup_completed", hoursAgo: 1)
        },
        row("the last restore test failed", fires: ["RestoreTestFailed"]) {
            $0.record("vault_backup_test_failure", hoursAgo: 1)
        },
        row("no restore test for ten days", fires: ["RestoreTestOverdue"]) {
            $0.estate.files["/records.jsonl"] = ""
            $0.record("vault_backup_test_success", hoursAgo: 240)
        },
        row(
            "logrotate moved the records away, with a restore test of two days ago", source: "logrotate(8)",
            isHealthy: true
        ) { state in
            state.estate.files["/records.jsonl.1"] = state.estate.files["/records.jsonl"]
            state.estate.files["/records.jsonl"] = ""
        },
        row(
            "logrotate moved the records away, with a restore test of ten days ago", source: "logrotate(8)",
            fires: ["RestoreTestOverdue"]
        ) { state in
            state.estate.files["/records.jsonl"] = ""
            state.record("vault_backup_test_success", hoursAgo: 240)
            state.estate.files["/records.jsonl-20261122"] = state.estate.files["/records.jsonl"]
            state.estate.files["/records.jsonl"] = ""
        },
        row("records of a new installation are empty", source: "The shipped rules", isHealthy: true) {
            $0.estate.files["/records.jsonl"] = ""
        },
        row("a line of the records was cut off", lasts: .seconds(2 * 3600), fires: ["RecordsGarbled"]) {
            $0.estate.files["/records.jsonl", default: ""] += "{\"event\": \"vault_bac\n"
        },
        row("the record file is gone", lasts: .seconds(2 * 3600), fires: ["RecordsUnreadable"]) {
            $0.estate.files["/records.jsonl"] = nil
        },
    ]

    private static func row(
        _ name: String, source: String = forms, lasts: Duration = .seconds(3600), isHealthy: Bool = false,
        fires: Set<String> = [], mayFire: Set<String> = [], _ change: @escaping @Sendable (StateBucket) -> Void
    ) -> StateRow {
        StateRow(
            name: name, source: source, isHealthy: isHealthy, fires: fires, mayFire: mayFire, lasts: lasts
        ) { estate in
            let state = StateBucket(estate)
            change(state)
        }
    }
}

/// The bucket of an estate with what may be wrong with it, and the records of procedures.
final class StateBucket {
    let estate: StateEstate
    var bucket = Bucket(name: "backups")
    var failure: Bucket.Failure?
    /// Headers that the answers to HEAD and GET of an object have besides.
    var headers: [String: String] = [:]

    /// A full bucket, and procedures that were done in time.
    init(_ estate: StateEstate) {
        self.estate = estate
        bucket.fill()
        estate.configuration += """
            backups:
              - bucket: backups
                endpoint: https://s3.example
                access_key_id_file: /access-key
                secret_access_key_file: /secret-key
                verification: {encryption_key_file: /encryption-key}
                sets:
                  - {name: daily, prefix: daily/, period: daily, retention: 30}
                  - {name: monthly, prefix: monthly/, period: monthly, retention: 12}
            records: [/records.jsonl]

            """
        estate.files["/access-key"] = "AKIDEXAMPLE"
        estate.files["/secret-key"] = "hunter2"
        estate.files["/encryption-key"] = bucket.encryptionKey.hexadecimal
        record("vault_backup_test_success", hoursAgo: 48)
        record("dr_drill_completed", hoursAgo: 480)
        record("vault_backup_completed", hoursAgo: 3)
        estate.answer = { [self] in answer($0) }
    }

    /// Another text in the configuration.
    func replace(_ text: String, _ other: String) {
        estate.configuration = estate.configuration.replacing(text, with: other)
    }

    /// The first daily backup is due a quarter of an hour after the beginning.
    func dueSoon() { replace("period: daily,", "period: daily, time: '05:35', grace: 10m,") }

    /// One more set, with backups of these ages.
    func addSet(_ name: String, _ keys: String, agesHours: [Double]) {
        replace("sets:\n", "sets:\n      - {name: \(name), prefix: \(name)/, \(keys)}\n")
        for age in agesHours {
            let time = StateRig.begin - .seconds(age * 3600)
            let stamp = time.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }.replacing("T", with: "-")
            let snapshot = Backup.snapshot((0..<20_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 31) >> 7) })
            bucket.save("\(name)/vault-\(stamp).snap.enc", snapshot, modified: time)
        }
    }

    func record(_ event: String, hoursAgo: Int) {
        let time = (StateRig.begin - .seconds(hoursAgo * 3600)).rfc3339
        estate.files["/records.jsonl", default: ""] +=
            "{\"event\": \"\(event)\", \"timestamp\": \"\(time)\", \"details\": {\"scenario\": \"vault_failure\"}}\n"
    }

    private func answer(_ request: HTTPRequest) -> Result<LabReply, TransportError>? {
        guard URLParts(request.url)?.host == "s3.example" else { return nil }
        let now = estate.time.wall()
        let stamp = String(now.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
        let scope = "AKIDEXAMPLE/\(stamp.prefix(8))/us-east-1/s3/aws4_request"
        let uri = String(request.url.dropFirst(8).drop { $0 != "/" })
        let reply = bucket.answer(
            LabRequest(
                method: request.method, uri: uri,
                headers: [
                    "x-amz-date": stamp,
                    "authorization":
                        "AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host, Signature=\(String(repeating: "0", count: 64))",
                ]), at: now, accessKey: "AKIDEXAMPLE", failure: failure, random: estate.random)
        guard case .response(var response) = reply, !uri.contains("?") else { return .success(reply) }
        response.headers.merge(headers) { _, new in new }
        return .success(.response(response))
    }
}

extension Bucket {
    mutating func fill(skipping: Int = 0, days: Int = 30, months: Int = 12) {
        fill(at: StateRig.begin, skipping: skipping, days: days, months: months)
    }

    fileprivate mutating func remove(daysAgo: Int) {
        let day = (StateRig.begin - .seconds(daysAgo * 86_400)).rfc3339.prefix(10)
        let kept = objects.filter { !$0.key.contains(day) }
        fill(days: 0, months: 0)
        for (key, object) in kept {
            put(key, bytes: object.bytes, metadata: object.metadata, modified: object.modified)
        }
    }
}
