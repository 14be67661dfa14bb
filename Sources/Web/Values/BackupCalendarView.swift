package import Samples

/// The individual backups of one set, according to the last listing and all readings so far.
package struct BackupCalendarView: Sendable, Hashable {
    /// The status of a backup, or of its absence.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// Read in full; checksum, encryption and content are valid as far as they can be checked.
        case verified
        /// Listed, not read.
        case present
        /// No backup for a period that should have one.
        case missing
        /// Read in full, and not restorable.
        case corrupt
        /// In a storage class that must be restored from the archive for hours before it can be read.
        case archived
        /// Listed with a size of zero.
        case empty
        /// Not due yet, or within its grace period.
        case due
    }

    /// One period of the schedule, or an additional backup within a period.
    package struct Day: Sendable, Hashable {
        /// `2025-11-26`, `2025-11` or `2025-11-26T02:30Z`, depending on the schedule.
        package var date: String
        /// The start of its period.
        package var start: Timestamp
        /// The full key; nil if there is none.
        package var key: String?
        /// Size in bytes; nil if there is none.
        package var size: Int64?
        /// The storage class: `STANDARD`; empty if not known.
        package var storageClass: String
        /// When the backup was made, according to its key; nil if there is none.
        package var madeAt: Timestamp?
        /// When it was uploaded; nil if there is none.
        package var uploadedAt: Timestamp?
        /// Its status.
        package var state: State
        /// When it was last read in full; nil if never.
        package var readAt: Timestamp?
        /// The result of the reading, human-readable; empty if there was none.
        package var detail: String

        /// A period without a backup unless the rest is given.
        package init(
            date: String, start: Timestamp, state: State, key: String? = nil, size: Int64? = nil,
            storageClass: String = "", madeAt: Timestamp? = nil, uploadedAt: Timestamp? = nil, readAt: Timestamp? = nil,
            detail: String = ""
        ) {
            self.date = date
            self.start = start
            self.state = state
            self.key = key
            self.size = size
            self.storageClass = storageClass
            self.madeAt = madeAt
            self.uploadedAt = uploadedAt
            self.readAt = readAt
            self.detail = detail
        }
    }

    /// The set's name.
    package var set: String
    /// The bucket; empty if not applicable.
    package var bucket: String
    /// The prefix of its keys.
    package var prefix: String
    /// `daily at 02:00 UTC`.
    package var schedule: String
    /// The retention, as a number of backups.
    package var retention: Int
    /// When it was listed; nil before the first listing.
    package var listedAt: Timestamp?
    /// The error of the last listing; empty if it succeeded.
    package var error: String
    /// When the next backup is due.
    package var nextDue: Timestamp?
    /// Oldest first; at most `dayLimit`.
    package var days: [Day]
    /// The median size in bytes; nil if there are fewer than three.
    package var medianSize: Double?
    /// When the newest backup was made that is verified or not known to be bad; nil if there is none.
    package var newestGood: Timestamp?

    /// Maximum number of days per set.
    package static let dayLimit = 400

    /// A set that has not been listed unless the rest is given.
    package init(
        set: String, bucket: String = "", prefix: String = "", schedule: String = "", retention: Int = 0,
        listedAt: Timestamp? = nil, error: String = "", nextDue: Timestamp? = nil, days: [Day] = [],
        medianSize: Double? = nil, newestGood: Timestamp? = nil
    ) {
        self.set = set
        self.bucket = bucket
        self.prefix = prefix
        self.schedule = schedule
        self.retention = retention
        self.listedAt = listedAt
        self.error = error
        self.nextDue = nextDue
        self.days = days
        self.medianSize = medianSize
        self.newestGood = newestGood
    }

    /// Number of periods with a good backup: verified, present or archived.
    package var goodCount: Int {
        Set(days.filter { [.verified, .present, .archived].contains($0.state) }.map(\.date)).count
    }
}

/// All sets, and the data loss if Vault failed now.
package struct BackupsView: Sendable, Hashable {
    /// The time of this status.
    package var now: Timestamp
    /// In the order of the configuration.
    package var sets: [BackupCalendarView]
    /// When the last restore test succeeded; nil if none is recorded.
    package var restoreTestedAt: Timestamp?
    /// When the last restore test failed; nil if none is recorded.
    package var restoreTestFailedAt: Timestamp?
    /// The measured duration of the last successful restore; nil if no record states it.
    package var restoreDuration: Duration?
    /// How much time of writes may be lost, as promised in the configuration; nil if nothing is promised.
    package var promisedPoint: Duration?
    /// How long it may take until Vault serves again, as promised in the configuration; nil if nothing is promised.
    package var promisedTime: Duration?

    /// Everything is unknown by default.
    package init(
        now: Timestamp, sets: [BackupCalendarView] = [], restoreTestedAt: Timestamp? = nil,
        restoreTestFailedAt: Timestamp? = nil, restoreDuration: Duration? = nil
    ) {
        self.now = now
        self.sets = sets
        self.restoreTestedAt = restoreTestedAt
        self.restoreTestFailedAt = restoreTestFailedAt
        self.restoreDuration = restoreDuration
    }

    /// When the newest good backup of any set was made; nil if there is none.
    package var newestGood: Timestamp? { sets.compactMap(\.newestGood).max() }
    /// The data loss if Vault failed now: the time since then; nil if there is no good backup.
    package var recoveryPoint: Duration? { newestGood.map { max(now - $0, .zero) } }
    /// The measured time until Vault serves again; nil if it was never measured.
    package var recoveryTime: Duration? { restoreDuration }
}
