package import Alerts
import Samples

/// One row to write or delete. The changes of one `write` are one transaction.
package enum JournalChange: Sendable, Hashable {
    /// An alert, by its id.
    case alert(Alert)
    /// Deletes an alert.
    case forgetAlert(id: UInt64)
    /// A message to be sent, by the dispatcher's id.
    case outbox(id: UInt64, Notification)
    /// Deletes a message that was accepted or withdrawn.
    case forgetOutbox(id: UInt64)
    /// An entry of the notification log, in its owner's encoding.
    case record(key: String, [UInt8])
    /// Deletes an entry of the notification log.
    case forgetRecord(key: String)
    /// A silence, in its owner's encoding.
    case silence(id: String, [UInt8])
    /// Deletes a silence.
    case forgetSilence(id: String)
    /// State of another part, such as a rule group's active alerts, in that part's encoding.
    case state(key: String, [UInt8])
    /// Deletes such a state.
    case forgetState(key: String)
    /// Adds an entry to the history.
    case history(HistoryEntry)

    /// The row that is changed: of two changes to the same row the later one wins. Nil for history, which is
    /// append-only.
    var row: Row? {
        switch self {
        case .alert(let alert): .alert(alert.id)
        case .forgetAlert(let id): .alert(id)
        case .outbox(let id, _), .forgetOutbox(let id): .outbox(id)
        case .record(let key, _), .forgetRecord(let key): .record(key)
        case .silence(let id, _), .forgetSilence(let id): .silence(id)
        case .state(let key, _), .forgetState(let key): .state(key)
        case .history: nil
        }
    }

    /// The identity of a row.
    enum Row: Hashable, Sendable, CustomStringConvertible {
        case alert(UInt64)
        case outbox(UInt64)
        case record(String)
        case silence(String)
        case state(String)

        /// Its name in the log: `alert 8c1f…`, `message 7`, `notification log ops…`, `silence 3f…`, `state rules/…`.
        var description: String {
            switch self {
            case .alert(let id): "alert \(String(id, radix: 16))"
            case .outbox(let id): "message \(id)"
            case .record(let key): "notification log \(key.split(separator: "\u{1f}").joined(separator: " "))"
            case .silence(let id): "silence \(id)"
            case .state(let key): "state \(key.split(separator: "\u{1f}").joined(separator: " "))"
            }
        }
    }

    var isDeletion: Bool {
        switch self {
        case .forgetAlert, .forgetOutbox, .forgetRecord, .forgetSilence, .forgetState: true
        case .alert, .outbox, .record, .silence, .state, .history: false
        }
    }

    /// Its approximate size in memory and in the file: its texts, and 100 bytes for the rest.
    var size: Int {
        let text =
            switch self {
            case .alert(let alert): alert.sizeBytes
            case .outbox(_, let notification):
                notification.alerts.reduce(
                    notification.groupKey.utf8.count + JournalChange.size(notification.groupLabels.dictionary)
                ) {
                    $0 + $1.sizeBytes
                }
            case .record(let key, let bytes), .silence(let key, let bytes), .state(let key, let bytes):
                key.utf8.count + bytes.count
            case .forgetRecord(let key), .forgetSilence(let key), .forgetState(let key): key.utf8.count
            case .history(let entry):
                entry.subject.utf8.count + entry.detail.utf8.count + entry.receiver.utf8.count
                    + entry.integration.utf8.count + 8 * entry.incidents.count
            case .forgetAlert, .forgetOutbox: 0
            }
        return text + 100
    }

    private static func size(_ texts: [String: String]) -> Int {
        texts.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    }
}
