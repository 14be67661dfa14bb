package import Samples
import Text
import TimeZones

/// A span for which one backup is expected: a day, a week or a month in UTC, or the time from one scheduled backup to
/// the next.
package struct BackupPeriod: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// When it begins.
    package let start: Timestamp
    /// When its backup is due.
    package let due: Timestamp
    private let name: Name

    private enum Name: Hashable, Sendable { case day, month, time }

    fileprivate init(_ start: Timestamp, due: Timestamp, _ schedule: BackupSchedule) {
        self.start = start
        self.due = due
        name =
            switch schedule {
            case .day, .week: .day
            case .month: .month
            case .every, .cron: .time
            }
    }

    /// Orders by time; both must be of the same schedule.
    package static func < (a: BackupPeriod, b: BackupPeriod) -> Bool { a.start < b.start }

    /// `2025-11-26` for a day and for the week that begins with it, `2025-11` for a month, else the time due:
    /// `2025-11-26T02:30Z`.
    package var description: String {
        switch name {
        case .day: String(start.rfc3339.prefix(10))
        case .month: String(start.rfc3339.prefix(7))
        case .time: String(due.rfc3339.prefix(16)) + "Z"
        }
    }
}

/// Which periods should have a backup at a given time, and which of them do.
package struct BackupCalendar: Sendable {
    let options: BackupSetOptions
    let now: Timestamp
    /// The newest backup, from which intervals without fixed times are counted.
    var newest: Timestamp?

    /// The calendar of a set.
    /// - Parameter newest: the newest backup, from which intervals without fixed times are counted.
    package init(options: BackupSetOptions, now: Timestamp, newest: Timestamp? = nil) {
        self.options = options
        self.now = now
        self.newest = newest
    }

    /// A backup may be dated up to this much before its scheduled time, since clocks differ.
    private static let tolerance = Duration.seconds(300)

    private func period(_ start: Timestamp) -> BackupPeriod {
        let due =
            switch options.schedule {
            case .day, .week, .month: start + options.timeOfDay
            case .every(let length): start + length / 2
            case .cron: start
            }
        return BackupPeriod(start, due: due, options.schedule)
    }

    /// The period that contains a time.
    package func period(of time: Timestamp) -> BackupPeriod {
        switch options.schedule {
        case .day: period(BackupCalendar.floor(time, to: .seconds(86_400), from: Timestamp(milliseconds: 0)))
        case .week(let weekday):
            // The epoch was a Thursday.
            period(
                BackupCalendar.floor(
                    time, to: .seconds(7 * 86_400), from: Timestamp(milliseconds: (Int64(weekday) - 4) * 86_400_000)))
        case .month:
            period(Timestamp(year: time.civil.year, month: time.civil.month, day: 1))
        case .every(let length):
            // The newest backup is in the middle of its period, so that runs of varying duration still fall into one
            // period each.
            period(BackupCalendar.floor(time, to: length, from: (newest ?? now) - length / 2))
        case .cron(let cron):
            period(
                cron.previous(atOrBefore: time + min(BackupCalendar.tolerance, cron.shortestInterval / 4)) ?? time)
        }
    }

    /// The periods that a backup covers: usually one; a key with only a date covers all scheduled times of that day.
    package func periods(of key: BackupKey) -> [BackupPeriod] {
        guard !key.hasTimeOfDay, case .cron(let cron) = options.schedule else { return [period(of: key.time)] }
        let times = cron.times(onDayOf: key.time)
        return times.isEmpty ? [period(of: key.time)] : times.map { period($0) }
    }

    private static func floor(_ time: Timestamp, to length: Duration, from anchor: Timestamp) -> Timestamp {
        let step = max(1, length.milliseconds)
        let distance = time.milliseconds.subtractingSaturated(anchor.milliseconds)
        let rest = distance % step
        return Timestamp(milliseconds: time.milliseconds.subtractingSaturated(rest < 0 ? rest + step : rest))
    }

    /// The period before another; nil at the beginning of time.
    package func previous(_ other: BackupPeriod) -> BackupPeriod? {
        let before = Timestamp(milliseconds: other.start.milliseconds.subtractingSaturated(1))
        guard before < other.start else { return nil }
        if case .cron(let cron) = options.schedule { return cron.previous(atOrBefore: before).map { period($0) } }
        let found = period(of: before)
        return found < other ? found : nil
    }

    private func next(_ other: BackupPeriod) -> BackupPeriod? {
        switch options.schedule {
        case .day, .week, .every: period(other.start + options.schedule.interval)
        case .month: period(of: other.start + .seconds(32 * 86_400))
        case .cron(let cron): cron.next(after: other.start).map { period($0) }
        }
    }

    /// The newest period whose backup must exist by now: its schedule and grace have passed.
    package var newestRequired: BackupPeriod {
        let limit = now - options.grace
        var period = period(of: limit)
        while period.due > limit, let earlier = previous(period) { period = earlier }
        return period
    }

    /// When the next backup is scheduled.
    var nextDue: Timestamp { due(after: now) }

    /// The first scheduled time after another.
    func due(after time: Timestamp) -> Timestamp {
        var period = period(of: time)
        while period.due <= time, let later = next(period), later > period { period = later }
        return period.due
    }

    /// The age up to which the newest backup is on time: the time from one backup to the next, and its grace.
    package var allowedAge: Duration {
        guard case .cron = options.schedule else { return options.schedule.interval + options.grace }
        let required = newestRequired
        return (previous(required).map { required.start - $0.start } ?? options.schedule.interval) + options.grace
    }

    /// The age at which retention deletes an object; a month counts as 30 days, as in the clean-up procedure.
    var retentionAge: Duration {
        switch options.schedule {
        case .day, .week, .every: options.schedule.interval * options.retention
        case .month: .seconds(Int64(options.retention) * 30 * 86_400)
        case .cron: periods(from: newestRequired, downTo: nil).last.map { now - $0.start } ?? .zero
        }
    }

    /// At most `retention` periods, newest first, back to the oldest one.
    private func periods(from newest: BackupPeriod, downTo oldest: BackupPeriod?) -> [BackupPeriod] {
        if case .cron(let cron) = options.schedule {
            return cron.previous(options.retention, atOrBefore: newest.start, notBefore: oldest?.start).map {
                period($0)
            }
        }
        var periods: [BackupPeriod] = []
        var next: BackupPeriod? = newest
        while let period = next, periods.count < options.retention, oldest.map({ period >= $0 }) ?? true {
            periods.append(period)
            next = previous(period)
        }
        return periods
    }

    /// Periods without a backup, newest first. Periods before the oldest backup do not count, since retention deleted
    /// those. Without any backup all retained periods are missing.
    func missing(_ covered: Set<BackupPeriod>) -> [BackupPeriod] {
        periods(from: newestRequired, downTo: covered.min()).filter { !covered.contains($0) }
    }

    /// How many retained periods have a backup; the current one counts as soon as its backup exists.
    func coveredCount(_ covered: Set<BackupPeriod>) -> Int {
        guard let oldest = covered.min() else { return 0 }
        let current = period(of: now)
        return periods(from: covered.contains(current) ? current : newestRequired, downTo: oldest)
            .count { covered.contains($0) }
    }
}
