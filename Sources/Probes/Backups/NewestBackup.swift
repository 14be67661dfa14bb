import Synchronization

/// The newest backup of a set as its listing last showed it, for the probe that reads it whole.
final class NewestBackup: Sendable {
    struct Value: Sendable, Hashable {
        var object: BackupObject
        /// Of the metadata, in lower case; nil when it has none of that form.
        var checksum: String?
    }

    private let value = Mutex<Value?>(nil)

    var current: Value? { value.withLock { $0 } }

    /// - Returns: whether it is another one than before.
    func replace(_ new: Value?) -> Bool {
        value.withLock { value in
            defer { value = new }
            return value != new
        }
    }
}
