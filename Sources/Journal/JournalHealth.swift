import Samples

/// Why a write or a read did not reach the disk.
package enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    case sqlite(SQLiteError)
    /// The file can't be opened; it is tried again.
    case unavailable(String)
    /// A value over the bound, in bytes.
    case tooLarge(Int)
    /// Too many writes wait already.
    case overloaded
    case closed

    package var description: String {
        switch self {
        case .sqlite(let error): "journal: \(error)"
        case .unavailable(let reason): "journal: unavailable: \(reason)"
        case .tooLarge(let bytes): "journal: a value of \(bytes) bytes is too large"
        case .overloaded: "journal: too many writes wait"
        case .closed: "journal: closed"
        }
    }
}

/// How the journal does.
package struct JournalHealth: Sendable, Hashable {
    /// Whether everything written is on the disk.
    package var isHealthy = true
    /// The last failure, while it lasts.
    package var failure: String?
    /// Rows that wait in memory for the disk.
    package var backlog = 0
    /// Rows given up because even the backlog was full.
    package var lost = 0
    /// Size of the database file, bytes.
    package var bytes: Int64 = 0
    /// Transactions since the start.
    package var commits = 0
}

/// What the owner of the journal should say and log.
package enum JournalEvent: Sendable, Hashable {
    /// The file was unreadable, lies under another name now, and an empty one was begun: write your state again.
    case begunAnew(keptAs: String, reason: String)
    /// Writes fail; they wait in memory.
    case failing(String)
    /// All that waited is on the disk.
    case recovered
}
