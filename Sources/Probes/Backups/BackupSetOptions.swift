import Samples

/// One set of backups in a bucket: what lies below a prefix, made once a period and kept for a number of them.
package struct BackupSetOptions: Sendable, Hashable {
    /// How often a backup is made. Days and months are those of UTC.
    package enum Period: String, Sendable, Hashable, CaseIterable {
        case day
        case month
    }

    package var name: String
    /// `daily/`
    package var prefix: String
    package var period: Period
    /// When a backup is made within its period, after midnight UTC (of the first day, for months). Default 02:00.
    package var timeOfDay: Duration = .seconds(2 * 3600)
    /// How long after that it may take to appear. Default 1 h, so that a daily backup may be 25 h old.
    package var grace: Duration = .seconds(3600)
    /// How many periods are kept. Default 30 days or 12 months.
    package var retention: Int
    /// Other prefixes whose backups cover periods of this set too: on the 1st only a monthly backup is made, which
    /// covers that day of the daily set. Default: none.
    package var alsoCovering: [String] = []
    /// Whether and how the newest backup's content is checked.
    package var verification = BackupVerification()
    /// Between two listings. Default 60 s.
    package var interval: Duration = .seconds(60)
    /// For the whole listing. Default 30 s.
    package var timeout: Duration = .seconds(30)
    /// Objects that one listing reads at most, of each prefix. Default 20,000.
    package var objectLimit = 20_000

    package init(name: String, prefix: String, period: Period, retention: Int? = nil) {
        self.name = name
        self.prefix = prefix
        self.period = period
        self.retention = max(1, retention ?? (period == .day ? 30 : 12))
    }

    /// The age that the newest backup may have.
    package var allowedAge: Duration {
        switch period {
        case .day: .seconds(86_400) + grace
        case .month: .seconds(31 * 86_400) + grace
        }
    }

    /// When retention deletes an object, after it was written: months count 30 days, as the procedures have it.
    package var retentionAge: Duration {
        switch period {
        case .day: .seconds(Int64(retention) * 86_400)
        case .month: .seconds(Int64(retention) * 30 * 86_400)
        }
    }
}
