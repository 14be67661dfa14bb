/// How far a command has come.
package struct BackupProgress: Sendable, Hashable {
    /// What is under way.
    package enum Phase: String, Sendable, CaseIterable {
        /// Reading from Vault or PostgreSQL, and encrypting.
        case source
        /// Sending to the bucket.
        case upload
        /// Reading from the bucket.
        case readBack = "read_back"
    }

    /// What is under way.
    package var phase: Phase
    /// The key it concerns; empty for `source`.
    package var key: String
    /// Bytes so far.
    package var done: Int64
    /// Bytes altogether; nil if unknown, as a snapshot has no length.
    package var total: Int64?

    /// How far something has come.
    package init(phase: Phase, key: String = "", done: Int64, total: Int64? = nil) {
        self.phase = phase
        self.key = key
        self.done = done
        self.total = total
    }

    /// Takes progress; called often, from any thread; must not block.
    package typealias Report = @Sendable (BackupProgress) -> Void
}
