import Alerts

/// One row to write or delete. Changes of one `write` are one transaction.
package enum JournalChange: Sendable, Hashable {
    case alert(Alert)
    case forgetAlert(fingerprint: UInt64)
    /// A message that is to be sent. `id` is the dispatcher's.
    case outbox(id: UInt64, Notification)
    /// Its sending has begun: after a crash the receiver may have it.
    case attempted(id: UInt64)
    /// Accepted or withdrawn.
    case forgetOutbox(id: UInt64)
    /// An entry of the notification log in its owner's encoding.
    case record(key: String, [UInt8])
    case forgetRecord(key: String)
    case silence(id: String, [UInt8])
    case forgetSilence(id: String)
    /// State of another part, e.g. a rule group's `for` timers, in its encoding.
    case state(key: String, [UInt8])
    case forgetState(key: String)
    case history(HistoryEntry)

    /// What row it is about: of two changes to one row the later holds. Nil: history only grows.
    var row: Row? {
        switch self {
        case .alert(let alert): .alert(alert.fingerprint)
        case .forgetAlert(let fingerprint): .alert(fingerprint)
        case .outbox(let id, _), .forgetOutbox(let id): .outbox(id)
        case .attempted(let id): .attempt(id)
        case .record(let key, _), .forgetRecord(let key): .record(key)
        case .silence(let id, _), .forgetSilence(let id): .silence(id)
        case .state(let key, _), .forgetState(let key): .state(key)
        case .history: nil
        }
    }

    enum Row: Hashable, Sendable {
        case alert(UInt64)
        case outbox(UInt64)
        case attempt(UInt64)
        case record(String)
        case silence(String)
        case state(String)
    }

    /// Bytes that the caller chose the size of.
    var size: Int {
        switch self {
        case .record(let key, let bytes), .silence(let key, let bytes), .state(let key, let bytes):
            key.utf8.count + bytes.count
        default: 0
        }
    }
}
