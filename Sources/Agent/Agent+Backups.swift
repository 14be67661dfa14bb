import Config
import Platform
import Probes
import Samples
import Synchronization
import Web

/// Individual backups, and what is known about them across restarts.
extension Agent {
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
