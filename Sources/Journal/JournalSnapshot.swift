package import Alerts

/// The journal's contents at the start, except history.
package struct JournalSnapshot: Sendable, Hashable {
    /// A message of the outbox.
    package struct Message: Sendable, Hashable {
        /// The dispatcher's id.
        package var id: UInt64
        /// As it was decided.
        package var notification: Notification
    }

    /// In no particular order.
    package var alerts: [Alert] = []
    /// Undelivered messages, oldest first.
    package var outbox: [Message] = []
    /// Entries of the notification log by key, in their owner's encoding.
    package var records: [String: [UInt8]] = [:]
    /// Silences by id, in their owner's encoding.
    package var silences: [String: [UInt8]] = [:]
    /// States of other parts by key, in their encoding.
    package var states: [String: [UInt8]] = [:]
    /// How many rows could not be decoded, by table. They are missing above but stay in the file.
    package var unreadable: [String: Int] = [:]
    /// How many rows exceeded the load limits, by table. They are missing above and were deleted.
    package var omitted: [String: Int] = [:]

    /// An empty journal's snapshot.
    package init() {}

    /// The states whose keys begin with a prefix, by the rest of their keys.
    package func states(under prefix: String) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for (key, bytes) in states where key.hasPrefix(prefix) { found[String(key.dropFirst(prefix.count))] = bytes }
        return found
    }

    /// Applies the backlog: alerts get their newer states or are removed, and silences with a newer state are left out.
    mutating func overlay(_ newer: JournalBacklog) {
        alerts = alerts.compactMap { alert in
            switch newer.change(of: .alert(alert.id)) {
            case nil: alert
            case .alert(let newest): newest
            default: nil
            }
        }
        silences = silences.filter { !newer.contains(.silence($0.key)) }
    }
}
