import Synchronization

/// The newest backup of a set in the latest listing, for the probe that verifies its content.
final class NewestBackup: Sendable {
    struct Value: Sendable, Hashable {
        var object: BackupObject
        /// The SHA-256 from the metadata, in lower case; nil if absent or malformed.
        var checksum: String?
    }

    private let value = Mutex<Value?>(nil)

    var current: Value? { value.withLock { $0 } }

    /// - Returns: whether the value changed.
    func replace(_ new: Value?) -> Bool {
        value.withLock { value in
            defer { value = new }
            return value != new
        }
    }
}
