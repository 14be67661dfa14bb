import Samples

/// One set of backups in a bucket: the objects below a prefix, one for each period, kept for a number of periods.
package struct BackupSetOptions: Sendable, Hashable {
    /// How often a backup is made. Days and months are those of UTC.
    package enum Period: String, Sendable, Hashable, CaseIterable {
        /// One backup each day.
        case day
        /// One backup each month, made on the 1st.
        case month
    }

    /// The value of the label `backup_set`; unique.
    package var name: String
    /// What the keys begin with: `daily/`.
    package var prefix: String
    /// Whether the set has daily or monthly backups.
    package var period: Period
    /// When a backup is made within its period, after midnight UTC (of the first day, for months). Default 02:00.
    package var timeOfDay: Duration = .seconds(2 * 3600)
    /// How long after that the backup may take to appear. Default 1 h, so that a daily backup may be 25 h old.
    package var grace: Duration = .seconds(3600)
    /// How many periods are kept, 1 or more. Default 30 days or 12 months.
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
    /// The most objects that a listing reads, for each prefix. Default 20,000.
    package var objectLimit = 20_000

    /// - Parameter retention: nil for the default of the period.
    package init(name: String, prefix: String, period: Period, retention: Int? = nil) {
        self.name = name
        self.prefix = prefix
        self.period = period
        self.retention = max(1, retention ?? (period == .day ? 30 : 12))
    }

    /// The age up to which the newest backup is on time.
    package var allowedAge: Duration {
        switch period {
        case .day: .seconds(86_400) + grace
        case .month: .seconds(31 * 86_400) + grace
        }
    }

    /// The age at which retention deletes an object; a month counts as 30 days, as the clean-up procedure has it.
    package var retentionAge: Duration {
        switch period {
        case .day: .seconds(Int64(retention) * 86_400)
        case .month: .seconds(Int64(retention) * 30 * 86_400)
        }
    }
}
