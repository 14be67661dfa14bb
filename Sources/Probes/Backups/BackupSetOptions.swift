import Samples
import Text
import TimeZones

/// One set of backups in a bucket: the objects below a prefix, one for each period, kept for a number of periods.
package struct BackupSetOptions: Sendable, Hashable {
    /// The value of the label `backup_set`; unique.
    package var name: String
    /// The prefix of its keys: `daily/`.
    package var prefix: String
    /// The bucket, for commands in alerts; empty if irrelevant.
    package var bucket = ""
    /// The URL of the object store, for commands in alerts; empty for Amazon's own.
    package var endpoint = ""
    /// When backups are made.
    package var schedule: BackupSchedule
    /// When a backup is made within its day, or in the first day of its week or month, after midnight UTC. Default 02:00.
    package var timeOfDay: Duration = .seconds(2 * 3600)
    /// How long after its time a backup may take to appear. Default 1 h, so that a daily backup may be 25 h old; a
    /// quarter of the time between backups if that is less.
    package var grace: Duration
    /// How many backups are kept, 1 or more. Default 30 for days, else 12.
    package var retention: Int
    /// Other prefixes whose backups also cover periods of this set: the monthly backup of the 1st covers that day of
    /// the daily set. Default: none.
    package var alsoCovering: [String] = []
    /// Whether and how the newest backup's content is checked.
    package var verification = BackupVerification()
    /// Time from one listing to the next. Default 60 s.
    package var interval: Duration = .seconds(60)
    /// Limit for a whole listing. Default 30 s.
    package var timeout: Duration = .seconds(30)
    /// Maximum number of objects that a listing reads, for each prefix. Default 20,000.
    package var objectLimit = 20_000

    /// - Parameter retention: nil for the default of the schedule.
    package init(name: String, prefix: String, schedule: BackupSchedule, retention: Int? = nil) {
        self.name = name
        self.prefix = prefix
        self.schedule = schedule
        grace = schedule.defaultGrace
        self.retention = max(1, retention ?? schedule.defaultRetention ?? 12)
    }

    /// The schedule in words: `daily at 02:00 UTC`, `every 6h`, `30 2 * * 1-5 (Europe/Berlin)`.
    package var scheduleText: String {
        let minutes = timeOfDay.milliseconds / 60_000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = "at \(two(minutes / 60)):\(two(minutes % 60)) UTC"
        switch schedule {
        case .day: return "daily \(time)"
        case .week(let weekday): return "weekly on \(BackupSetOptions.weekdays[weekday % 7]) \(time)"
        case .month: return "monthly on the 1st \(time)"
        case .every(let length): return "every \(Words.duration(length))"
        case .cron(let cron): return "\(cron.text) (\(cron.zone.name))"
        }
    }

    /// The days of a week in the configuration's notation, starting with Sunday.
    package static let weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
}
