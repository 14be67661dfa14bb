import Synchronization

/// The latest verification result of each backup set. It survives a configuration reload, so that a reload does not
/// download backups again.
package final class BackupVerdicts: Sendable {
    private let verdicts = Mutex<[String: BackupVerdict]>([:])
    /// Sets that are no longer configured stay in the table; this many names at most.
    private static let limit = 1000

    /// What is known of the other backups too.
    package let ledger = BackupLedger()

    /// An empty table.
    package init() {}

    subscript(set: String) -> BackupVerdict? {
        get { verdicts.withLock { $0[set] } }
        set {
            if let newValue { ledger.note(newValue, of: set) }
            verdicts.withLock { verdicts in
                if verdicts.count >= BackupVerdicts.limit, verdicts[set] == nil { verdicts.removeAll() }
                verdicts[set] = newValue
            }
        }
    }
}
