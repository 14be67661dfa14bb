import Config
import Journal
import Platform
import Probes
import Samples
import Synchronization
import Web

/// Individual backups, and what is known about them across restarts.
extension Agent {
    private static let findingsPrefix = "backup_findings/"

    /// Changes from new readings, to be written together with the next journal write.
    static func changes(of ledger: BackupLedger) -> [JournalChange] {
        ledger.takeChanges().sorted { $0.key < $1.key }.map { set, bytes in
            bytes.map { .state(key: findingsPrefix + set, $0) } ?? .forgetState(key: findingsPrefix + set)
        }
    }

    /// Everything, for a journal that was created anew.
    static func allChanges(of ledger: BackupLedger) -> [JournalChange] {
        ledger.all.sorted { $0.key < $1.key }.map { .state(key: findingsPrefix + $0.key, $0.value) }
    }

    /// Restores the findings of readings before the start.
    static func restore(_ ledger: BackupLedger, _ snapshot: JournalSnapshot) {
        for (key, bytes) in snapshot.states where key.hasPrefix(findingsPrefix) {
            ledger.restore(String(key.dropFirst(findingsPrefix.count)), bytes)
        }
    }

    /// The currently known backups and restore tests.
    func backupsView(_ now: Timestamp) -> BackupsView {
        let configuration = state.withLock { $0.configuration }
        let listings = Dictionary(
            verdicts.ledger.listings.map { ($0.options.name, $0) }, uniquingKeysWith: { first, _ in first })
        let sets = configuration.backups.flatMap(\.sets).map { options in
            listings[options.name].map { Agent.view($0) } ?? Agent.view(BackupLedger.Listing(options: options))
        }
        var view = BackupsView(now: now, sets: sets)
        (view.promisedPoint, view.promisedTime) = (configuration.recovery.point, configuration.recovery.time)
        for sample in appender.results.filter({ $0.target.kind == .records }).flatMap(\.samples) {
            switch sample.labels.name {
            case "restore_test_last_success_timestamp_seconds":
                view.restoreTestedAt = Timestamp(seconds: sample.value)
            case "restore_test_last_failure_timestamp_seconds":
                view.restoreTestFailedAt = Timestamp(seconds: sample.value)
            case "restore_test_last_duration_seconds":
                view.restoreDuration = Duration.milliseconds(Timestamp(seconds: sample.value).milliseconds)
            default: continue
            }
        }
        return view
    }

    private static func view(_ listing: BackupLedger.Listing) -> BackupCalendarView {
        let options = listing.options
        let days = listing.days.map { day in
            BackupCalendarView.Day(
                date: day.date, start: day.start, state: .init(rawValue: day.state.rawValue) ?? .present,
                key: day.object?.key, size: day.object?.size, storageClass: day.object?.storageClass ?? "",
                madeAt: day.madeAt, uploadedAt: day.object?.lastModified, readAt: day.readAt, detail: day.detail)
        }
        let good = days.filter { [.verified, .present, .archived].contains($0.state) }
        return BackupCalendarView(
            set: options.name, bucket: options.bucket, prefix: options.prefix, schedule: options.scheduleText,
            retention: options.retention, listedAt: listing.listedAt, error: listing.error, nextDue: listing.nextDue,
            days: days, medianSize: listing.medianSize, newestGood: good.compactMap(\.madeAt).max())
    }
}
