import Alerts

/// All that the journal holds, history apart: what a start begins with.
package struct JournalSnapshot: Sendable, Hashable {
    package struct Message: Sendable, Hashable {
        package var id: UInt64
        package var notification: Notification
        /// Whether a sending was begun.
        package var attempted: Bool
    }

    package var alerts: [Alert] = []
    /// Oldest first.
    package var outbox: [Message] = []
    package var records: [String: [UInt8]] = [:]
    package var silences: [String: [UInt8]] = [:]
    package var states: [String: [UInt8]] = [:]
    /// Rows whose content could not be read, by table; they are left out above.
    package var unreadable: [String: Int] = [:]

    package init() {}
}
