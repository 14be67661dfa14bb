import Samples
import Text

/// Why a write or a read did not reach the disk.
package enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// SQLite refused it.
    case sqlite(SQLiteError)
    /// The file can't be opened; opening is retried.
    case unavailable(String)
    /// How long the disk has not responded.
    case stalled(Duration)
    /// The file has not been loaded since the start, so nothing is written to it yet.
    case unread
    /// Too many callers are waiting.
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
    /// Whether the disk responds in time and everything written is on it.
    package var isHealthy = true
    /// What is wrong; nil when healthy.
    package var failure: String?
    /// How long the disk has not responded; nil while it does, or while the wait is within its limit.
    package var stalled: Duration?
    /// Rows that wait in memory for the disk.
    package var backlog = 0
    /// Rows dropped because they exceeded a limit.
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
    /// The file could not be used. It was renamed and an empty one created: write your state again.
    case begunAnew(keptAs: String, reason: String)
    /// Writes to the journal fail, for this reason; changes wait in memory.
    case failing(String)
    /// The whole backlog is on the disk.
    case recovered
    /// A row over the size limit was not written; the others of the same write were.
    case refused(row: String, bytes: Int)
    /// This many rows were dropped while the disk did not accept writes, which it does again: write your state again.
    case rowsLost(Int)
}
