package import TimeZones

/// When the backups of a set are made.
package enum BackupSchedule: Sendable, Hashable {
    /// Once each day of UTC.
    case day
    /// Once a week, which begins with this day of UTC: 0 is Sunday.
    case week(from: Int)
    /// Once each month of UTC, on the 1st.
    case month
    /// At this interval, counted from the newest backup: 5 minutes or more.
    case every(Duration)
    /// At the times of a cron expression.
    case cron(CronSchedule)

    /// More frequent backups cannot be told apart by one listing per minute.
    package static let shortest = Duration.seconds(300)

    /// The value of the label `period`, also used in texts, with an `s` for the plural: `hour`, `day`, `week`, `month`,
    /// `run`.
    package var period: String {
        switch self {
        case .day: "day"
        case .week: "week"
        case .month: "month"
        case .every(let length): length == .seconds(3600) ? "hour" : "run"
        case .cron: "run"
        }
    }

    /// The longest time between two backups that are on time.
    package var interval: Duration {
        switch self {
        case .day: .seconds(86_400)
        case .week: .seconds(7 * 86_400)
        case .month: .seconds(31 * 86_400)
        case .every(let length): length
        case .cron(let cron): cron.longestInterval
        }
    }

    /// Default of `grace`: 1 h, less if backups are more frequent.
    var defaultGrace: Duration {
        switch self {
        case .day, .week, .month: .seconds(3600)
        case .every(let length): min(.seconds(3600), length / 4)
        case .cron(let cron): min(.seconds(3600), cron.shortestInterval / 4)
        }
    }

    /// Default of `retention`, for periods that have a usual one.
    package var defaultRetention: Int? {
        switch self {
        case .day: 30
        case .month: 12
        case .week, .every, .cron: nil
        }
    }
}
