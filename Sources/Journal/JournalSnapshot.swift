package import Alerts

/// All that the journal holds, history apart: what a start begins with.
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
    /// How many rows could not be decoded, by table. They are left out above and stay in the file.
    package var unreadable: [String: Int] = [:]
    /// How many rows were more than a start takes in, by table. They are left out above and deleted.
    package var omitted: [String: Int] = [:]

    /// An empty journal's.
    package init() {}

    /// Takes the newer states of alerts that wait to be written, the ends of such as are over among them, and leaves out
    /// silences of which a newer state waits.
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
