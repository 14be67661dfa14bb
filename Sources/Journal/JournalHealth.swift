import Samples
import Text

/// Why a write or a read did not reach the disk.
package enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// SQLite refused it.
    case sqlite(SQLiteError)
    /// The file can't be opened; it is tried again.
    case unavailable(String)
    /// How long the disk has not answered.
    case stalled(Duration)
    /// The file has not been read since the start, so nothing is written to it yet.
    case unread
    /// Too many callers wait already.
    case overloaded
    /// After `close()`.
    case closed

    /// A line for the log and for `/-/healthy`.
    package var description: String {
        switch self {
        case .sqlite(let error): "journal: \(error)"
        case .unavailable(let reason): "journal: unavailable: \(reason)"
        case .stalled(let time): "journal: the disk has not answered for \(time.components.seconds) s"
        case .unread: "journal: not read yet since the start"
        case .overloaded: "journal: too many requests are waiting"
        case .closed: "journal: closed"
        }
    }
}

/// The journal's state, for metrics and `/-/healthy`.
package struct JournalHealth: Sendable, Hashable {
    /// Whether the disk answers in time and everything written is on it.
    package var isHealthy = true
    /// What is wrong; nil when healthy.
    package var failure: String?
    /// How long the disk has not answered; nil while it does, or while the wait is still within its limit.
    package var stalled: Duration?
    /// Rows that wait in memory for the disk.
    package var backlog = 0
    /// Rows given up: over the limits of what may wait, or too large.
    package var lost = 0
    /// Size of the database file in bytes, as of the last access.
    package var bytes: Int64 = 0
    /// Bytes left on its file system, as of the last access; nil while unknown.
    package var availableBytes: Int64?
    /// Transactions since the start.
    package var commits = 0
}

/// Changes of the journal's state that its owner logs and acts on.
package enum JournalEvent: Sendable, Hashable {
    /// The file could not be used. It has another name now and an empty one was begun: write your state again.
    case begunAnew(keptAs: String, reason: String)
    /// The journal is not written any more, for this reason; changes wait in memory.
    case failing(String)
    /// Everything that waited is on the disk.
    case recovered
    /// A row over the size limit was not written; those beside it were.
    case refused(row: String, bytes: Int)
    /// So many rows were dropped while the disk did not take them, and it takes them again: write your state again.
    case rowsLost(Int)
}
