import Platform
import S3
import Samples
import Synchronization
import Text

/// Lists one set of backups and reads the metadata of the newest one.
final class BackupProbe: RunnableProbe {
    /// The newest object's metadata, cached while that object is the newest.
    private struct Known: Sendable {
        var object: BackupObject
        var metadata: BackupMetadata
    }

    let target: ProbeTarget
    private let options: BackupSetOptions
    private let store: any BackupStore
    private let platform: Platform
    private let storageTypes: @Sendable () -> [String]
    private let newest: NewestBackup
    private let beginnings: BackupBeginnings
    private let verdicts: BackupVerdicts
    private let known = Mutex<Known?>(nil)
    private let witness = Mutex<ListingWitness?>(nil)
    private let deletions: BackupDeletions

    /// - Parameters:
    ///   - newest: receives the newest backup, for the probe that verifies its content.
    ///   - beginnings: since when each set has been watched.
    ///   - verdicts: the results of inspecting the content of the newest backups.
    ///   - storageTypes: the storage types that Vault's nodes report, as far as they have been probed.
    init(
        options: BackupSetOptions, store: any BackupStore, newest: NewestBackup,
        beginnings: BackupBeginnings = BackupBeginnings(), verdicts: BackupVerdicts = BackupVerdicts(),
        platform: Platform,
        storageTypes: @escaping @Sendable () -> [String]
    ) {
        self.options = options
        self.store = store
        self.platform = platform
        self.storageTypes = storageTypes
        self.newest = newest
        deletions = BackupDeletions(prefix: options.prefix, store: store)
        self.beginnings = beginnings
        self.verdicts = verdicts
        target = ProbeTarget(.backupSet, options.name)
    }

    var interval: Duration { options.interval }
    var timeout: Duration { options.timeout }

    func timedOut() -> ProbeReport {
        failed(ProbeFailure("timeout", "the listing took longer than \(Words.duration(timeout))"))
    }

    func run() async -> ProbeReport {
        do throws(ProbeFailure) {
            let own = try await store.list(prefix: options.prefix, limit: options.objectLimit)
            var covering: [(prefix: String, objects: [BackupObject])] = []
            var truncated = own.truncated
            for prefix in options.alsoCovering {
                let other = try await store.list(prefix: prefix, limit: options.objectLimit)
                covering.append((prefix, other.objects))
                truncated = truncated || other.truncated
            }
            let witness = self.witness.withLock { $0 }
            if !own.truncated, let left = await witness?.leftOut(of: own.objects, store) {
                throw ProbeFailure(
                    "listing",
                    "the listing cannot be trusted: it leaves out \(left.suffix(200)), which exists; \(own.objects.count) objects now, \(witness?.count ?? 0) before"
                )
            }
            let report = BackupReport(
                options: options, objects: own.objects, covering: covering, isTruncated: truncated,
                now: platform.time.wall())
            self.witness.withLock { $0 = ListingWitness(report.entries, count: own.objects.count) }
            verdicts.ledger.noteListing(report)
            return await finished(report)
        } catch {
            return failed(error)
        }
    }

    private func finished(_ report: BackupReport) async -> ProbeReport {
        var set = SampleSet(["backup_set": options.name], at: report.now)
        set.add("backup_listing_success", 1)
        add(to: &set)
        report.samples(into: &set)
        let first = await beginnings.first(options.name, now: report.now)
        let isAwaited = report.isAwaitingFirst(since: first)
        set.add("backup_awaiting_first", isAwaited)
        var metadata: BackupMetadata?
        var failure: ProbeFailure?
        if let newest = report.newest {
            do throws(ProbeFailure) { metadata = try await self.metadata(of: newest) } catch { failure = error }
            set.add("backup_metadata_read", metadata != nil)
            metadata?.add(to: &set)
        }
        let content = verdicts[options.name].flatMap { $0.object == report.newest?.object ? $0.content : nil }
        var status = report.targetStatus(
            metadata: metadata, storageTypes: storageTypes(), isAwaited: isAwaited,
            isContentValid: content?.isValid == true)
        if let failure {
            status.warnings.append("the newest backup's metadata can't be read: \(failure)")
            status.health = max(status.health, .warning)
        }
        if report.newest == nil || report.isLate, let deleted = await deletions.newest(report, platform.time.now()) {
            set.add("backup_deleted_info", 1, ["bucket": store.bucket, "key": deleted.key])
            set.add("backup_deleted_timestamp_seconds", deleted.deleted)
            status.warnings.append(
                "\(deleted.key) was deleted at \(deleted.deleted.rfc3339); an older version of it exists")
        }
        let isNew = newest.replace(report.newest.map { .init(object: $0.object, checksum: metadata?.checksum) })
        let confirm = isNew && options.verification.isEnabled ? [ProbeTarget(.backupContent, options.name)] : []
        return ProbeReport(samples: set.samples, failure: failure, status: status, confirm: confirm)
    }

    private func metadata(of newest: BackupReport.Entry) async throws(ProbeFailure) -> BackupMetadata {
        if let known = known.withLock({ $0 }), known.object == newest.object { return known.metadata }
        let metadata = BackupMetadata(try await store.metadata(of: newest.object.key), keyTime: newest.key.time)
        known.withLock { $0 = Known(object: newest.object, metadata: metadata) }
        return metadata
    }

    /// The set's configuration.
    private func add(to set: inout SampleSet) {
        set.add(
            "backup_set_info", 1,
            [
                "bucket": options.bucket, "endpoint": options.endpoint, "prefix": options.prefix,
                "period": options.schedule.period, "schedule": options.scheduleText,
            ])
    }

    private func failed(_ failure: ProbeFailure) -> ProbeReport {
        verdicts.ledger.noteFailure(options, failure)
        var set = SampleSet(["backup_set": options.name], at: platform.time.wall())
        set.add("backup_listing_success", 0.0)
        set.add("backup_listing_failure", 1, ["reason": failure.reason])
        set.add("backup_interval_seconds", options.schedule.interval.seconds)
        add(to: &set)
        return ProbeReport(
            samples: set.samples, failure: failure,
            status: TargetStatus(.critical, "not listed", detail: failure.description))
    }
}
