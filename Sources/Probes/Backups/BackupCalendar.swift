package import Samples
import Text

/// One day or month in UTC, numbered so that periods can be compared and stepped through.
package struct BackupPeriod: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Whether the period is a day or a month.
    package let kind: BackupSetOptions.Period
    /// Days since 1970-01-01, or months since January of year 0.
    package let index: Int64

    init(_ kind: BackupSetOptions.Period, index: Int64) {
        self.kind = kind
        self.index = index
    }

    /// The period that contains a time.
    package init(_ kind: BackupSetOptions.Period, of time: Timestamp) {
        self.kind = kind
        let civil = time.civil
        switch kind {
        case .day:
            index = time.milliseconds / 86_400_000 - (time.milliseconds % 86_400_000 < 0 ? 1 : 0)
        case .month: index = civil.year * 12 + Int64(civil.month - 1)
        }
    }

    /// Midnight of its first day.
    package var start: Timestamp {
        switch kind {
        case .day: Timestamp(milliseconds: index.multipliedSaturated(by: 86_400_000))
        case .month:
            Timestamp(
                year: index / 12 - (index % 12 < 0 ? 1 : 0), month: Int(index % 12 + (index % 12 < 0 ? 12 : 0)) + 1,
                day: 1)
        }
    }

    /// The period `count` periods later, or earlier where `count` is negative.
    package func advanced(by count: Int64) -> BackupPeriod { BackupPeriod(kind, index: index.addingSaturated(count)) }

    /// Orders by time; both must be of the same kind.
    package static func < (a: BackupPeriod, b: BackupPeriod) -> Bool { a.index < b.index }

    /// `2025-11-26` or `2025-11`.
    package var description: String {
        let text = start.rfc3339
        return String(text.prefix(kind == .day ? 10 : 7))
    }
}

/// Which periods should have a backup at a given time, and which of them do.
struct BackupCalendar: Sendable {
    let options: BackupSetOptions
    let now: Timestamp

    /// When the backup of a period is scheduled.
    func due(_ period: BackupPeriod) -> Timestamp { period.start + options.timeOfDay }

    /// The newest period whose backup must exist by now: its schedule and grace have passed.
    var newestRequired: BackupPeriod {
        let current = BackupPeriod(options.period, of: now)
        return due(current) + options.grace <= now ? current : current.advanced(by: -1)
    }

    /// When the next backup is scheduled: in the current period if that time is still ahead, else in the next one.
    var nextDue: Timestamp {
        let current = BackupPeriod(options.period, of: now)
        return due(current) > now ? due(current) : due(current.advanced(by: 1))
    }

    /// The periods that retention should cover: `retention` of them, ending with the newest required one.
    var retained: ClosedRange<BackupPeriod> {
        let newest = newestRequired
        return newest.advanced(by: -Int64(options.retention - 1))...newest
    }

    /// Periods without a backup, newest first. Periods older than the oldest backup do not count: retention deleted
    /// those. Without any backup all retained periods are missing.
    func missing(_ covered: Set<BackupPeriod>) -> [BackupPeriod] {
        let range = retained
        let oldest = covered.min().map { max($0, range.lowerBound) } ?? range.lowerBound
        var missing: [BackupPeriod] = []
        var period = range.upperBound
        while period >= oldest {
            if !covered.contains(period) { missing.append(period) }
            period = period.advanced(by: -1)
        }
        return missing
    }

    /// How many retained periods have a backup; the current one counts as soon as its backup exists.
    func coveredCount(_ covered: Set<BackupPeriod>) -> Int {
        let current = BackupPeriod(options.period, of: now)
        let newest = covered.contains(current) ? current : newestRequired
        let oldest = newest.advanced(by: -Int64(options.retention - 1))
        return covered.count { (oldest...newest).contains($0) }
    }
}
