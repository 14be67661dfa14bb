import Platform
import S3
import Samples
import Synchronization
import Text

/// How the bucket of backups is protected against deletion, loss and public access. Requested once an hour; each run in
/// between repeats the known facts.
final class BucketProbe: RunnableProbe {
    private struct Known: Sendable {
        var posture: S3Posture
        var at: Moment
    }

    private struct State: Sendable {
        var known: Known?
        var failure: (what: ProbeFailure, at: Instant)?
    }

    let target: ProbeTarget
    let interval = Duration.seconds(60)
    let timeout = Duration.seconds(60)
    private let store: any BackupStore
    private let sets: [BackupSetOptions]
    private let platform: Platform
    private let state = Mutex(State())

    private static let pace = Duration.seconds(3600)
    /// After a request without an answer.
    private static let retryInterval = Duration.seconds(300)
    /// How long facts are reported while the bucket does not answer.
    private static let endurance = Duration.seconds(4 * 3600)

    init(store: any BackupStore, sets: [BackupSetOptions], platform: Platform) {
        self.store = store
        self.sets = sets
        self.platform = platform
        target = ProbeTarget(.bucket, store.bucket)
    }

    func timedOut() -> ProbeReport {
        failed(ProbeFailure("timeout", "no answer within \(Words.duration(timeout))"))
    }

    func run() async -> ProbeReport {
        let now = platform.time.monotonic()
        let (known, failure) = state.withLock { ($0.known, $0.failure) }
        if let failure, now - failure.at < BucketProbe.retryInterval { return report(failure.what) }
        if failure == nil, let known, now - known.at.monotonic < BucketProbe.pace { return report(nil) }
        do throws(ProbeFailure) {
            let posture = try await store.posture()
            let at = platform.time.now()
            state.withLock { $0 = State(known: Known(posture: posture, at: at)) }
            return report(nil)
        } catch {
            return failed(error)
        }
    }

    private func failed(_ failure: ProbeFailure) -> ProbeReport {
        let now = platform.time.monotonic()
        state.withLock { $0.failure = (failure, now) }
        return report(failure)
    }

    private func report(_ failure: ProbeFailure?) -> ProbeReport {
        let now = platform.time.now()
        let known = state.withLock { $0.known }.flatMap {
            now.monotonic - $0.at.monotonic < BucketProbe.endurance ? $0 : nil
        }
        guard let known else {
            return ProbeReport(
                samples: [], failure: failure,
                status: TargetStatus(.warning, "not known", detail: failure?.description ?? ""))
        }
        let posture = known.posture
        var set = SampleSet(["bucket": store.bucket], at: now.wall)
        set.add("bucket_versioning_enabled", posture.isVersioned)
        set.add("bucket_mfa_delete_enabled", posture.needsMFADelete)
        set.add("bucket_object_lock_enabled", posture.hasObjectLock)
        if let retention = posture.lockRetention {
            set.add(
                "bucket_object_lock_retention_seconds", Double(retention.days) * 86_400, ["mode": retention.mode])
        }
        set.add("bucket_encryption_enabled", posture.isEncrypted)
        set.add("bucket_public_access_blocked", posture.blocksPublicAccess)
        set.add("bucket_policy_public", posture.isPublic)
        set.add("bucket_multipart_abort_enabled", posture.lifecycle.map { $0.contains(where: \.abortsUploads) })
        set.add("bucket_facts_timestamp_seconds", known.at.wall)
        var samples = set.samples
        for options in sets where posture.lifecycle != nil {
            var set = SampleSet(["backup_set": options.name], at: now.wall)
            let calendar = BackupCalendar(options: options, now: now.wall, newest: nil)
            set.add("backup_retention_seconds", calendar.retentionAge.seconds)
            if let days = posture.expirationDays(below: options.prefix) {
                set.add("backup_lifecycle_expiration_seconds", Double(days) * 86_400)
            }
            samples += set.samples
        }
        return ProbeReport(samples: samples, failure: failure, status: BucketProbe.status(posture, failure))
    }

    private static func status(_ posture: S3Posture, _ failure: ProbeFailure?) -> TargetStatus {
        let facts = [
            posture.isVersioned.map { $0 ? "versioned" : "not versioned" },
            posture.lockRetention.map { "locked for \($0.days) d (\($0.mode))" }
                ?? posture.hasObjectLock.map { $0 ? "Object Lock without a default retention" : "no Object Lock" },
            posture.isEncrypted.map { $0 ? "encrypted" : "not encrypted" },
            posture.isPublic.map { $0 ? "PUBLIC" : "not public" },
        ].compactMap { $0 }
        var status = TargetStatus(
            posture.isPublic == true ? .warning : .ok, facts.isEmpty ? "not known" : "known",
            detail: facts.joined(separator: ", "))
        if !posture.unknown.isEmpty { status.warnings.append("not known: \(posture.unknown.joined(separator: ", "))") }
        if let failure { status.warnings.append(failure.description) }
        return status
    }
}
