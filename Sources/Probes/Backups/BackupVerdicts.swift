import Synchronization

/// Verdicts by backup set. It outlives a reload of the configuration, so that a reload reads no backup again.
package final class BackupVerdicts: Sendable {
    private let verdicts = Mutex<[String: BackupVerdict]>([:])
    /// Names of sets that were configured once may stay behind; so many at most.
    private static let limit = 1000

    package init() {}

    subscript(set: String) -> BackupVerdict? {
        get { verdicts.withLock { $0[set] } }
        set {
            verdicts.withLock { verdicts in
                if verdicts.count >= BackupVerdicts.limit, verdicts[set] == nil { verdicts.removeAll() }
                verdicts[set] = newValue
            }
        }
    }
}
