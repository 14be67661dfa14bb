package import Samples

/// The backups of one set, one by one, as the last listing and all readings so far have them.
package struct BackupCalendarView: Sendable, Hashable {
    /// What is known of one backup, or of its absence.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// Read whole; checksum, encryption and content are right as far as they can be checked.
        case verified
        /// Listed, not read.
        case present
        /// Nothing is there for a time that should have one.
        case missing
        /// Read whole, and not to be restored.
        case corrupt
        /// In a storage class that needs a thaw of hours before it can be read.
        case archived
        /// Listed with no byte in it.
        case empty
        /// Its time has not come, or its grace is not over.
        case due
    }

    /// One period of the schedule, or one more backup in a period.
    package struct Day: Sendable, Hashable {
        /// `2025-11-26`, `2025-11` or `2025-11-26T02:30Z`, by the schedule.
        package var date: String
        /// When its period begins.
        package var start: Timestamp
        /// The whole key; nil where there is none.
        package var key: String?
        /// Bytes; nil where there is none.
        package var size: Int64?
        /// The storage class: `STANDARD`; empty where it is not known.
        package var storageClass: String
        /// When the backup was made, by its key; nil where there is none.
        package var madeAt: Timestamp?
        /// When it was uploaded; nil where there is none.
        package var uploadedAt: Timestamp?
        /// What is known of it.
        package var state: State
        /// When it was last read whole; nil where it never was.
        package var readAt: Timestamp?
        /// What the reading found, for people; empty where there was none.
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
    /// The bucket; empty where it does not matter.
    package var bucket: String
    /// What its keys begin with.
    package var prefix: String
    /// `daily at 02:00 UTC`.
    package var schedule: String
    /// How many backups are kept.
    package var retention: Int
    /// When it was listed; nil before the first listing.
    package var listedAt: Timestamp?
    /// Why the last listing failed; empty where it did not.
    package var error: String
    /// When the next backup is due.
    package var nextDue: Timestamp?
    /// The oldest first; at most `dayLimit`.
    package var days: [Day]
    /// The median size in bytes; nil with fewer than three.
    package var medianSize: Double?
    /// When the newest backup was made that is verified or not known to be bad; nil where there is none.
    package var newestGood: Timestamp?

    /// The most days of one set.
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

    /// How many periods have a good backup: verified, present or archived.
    package var goodCount: Int {
        Set(days.filter { [.verified, .present, .archived].contains($0.state) }.map(\.date)).count
    }
}

/// All sets, and what would be lost if Vault were lost now.
package struct BackupsView: Sendable, Hashable {
    /// The time that all of it holds for.
    package var now: Timestamp
    /// In the order of the configuration.
    package var sets: [BackupCalendarView]
    /// When the last restore test succeeded; nil where none is recorded.
    package var restoreTestedAt: Timestamp?
    /// When the last restore test failed; nil where none is recorded.
    package var restoreTestFailedAt: Timestamp?
    /// How long the last successful restore took, as measured; nil where no record says so.
    package var restoreDuration: Duration?

    /// Nothing is known unless it is given.
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

    /// When the newest good backup of any set was made; nil where there is none.
    package var newestGood: Timestamp? { sets.compactMap(\.newestGood).max() }
    /// What would be lost now: everything since then; nil where there is no good backup.
    package var recoveryPoint: Duration? { newestGood.map { max(now - $0, .zero) } }
    /// How long it takes until Vault serves again, as measured; nil where it never was.
    package var recoveryTime: Duration? { restoreDuration }
}
