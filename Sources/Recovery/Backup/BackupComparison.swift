import Probes
import Text

/// Compares a new snapshot with the backup before it.
enum BackupComparison {
    /// Metadata of a snapshot: the index of its last change, and its rows of secrets.
    static let indexField = "snapshot_index"
    static let secretsField = "snapshot_secrets"

    /// What must be whole before a backup counts, beyond what the daemon checks: a snapshot without these does not start a
    /// Vault.
    /// - Returns: what is wrong, in words; nil if nothing is.
    static func fault(_ content: BackupContent, isSnapshot: Bool) -> String? {
        if let fault = content.fault { return "the source gave \(fault.phrase)" }
        guard isSnapshot else {
            return content.format == .postgresCustom ? nil : "the source gave no dump in pg_dump's custom format"
        }
        guard content.format == .raftSnapshot else { return "the source gave no snapshot" }
        guard let facts = content.snapshot else {
            return "the snapshot's state.bin is not whole rows to its end, although its checksums are right"
        }
        let missing = SnapshotFacts.essentialKeys.subtracting(facts.essentials).sorted()
        return missing.isEmpty
            ? nil : "the snapshot has no \(Words.list(missing)), without which no Vault starts from it"
    }

    /// What is suspicious about a snapshot: it would be restored in good faith, and most of the data be lost.
    /// - Parameter previous: the metadata of the backup before it; empty if unknown.
    /// - Returns: a sentence; nil if nothing is suspicious.
    static func suspicion(_ facts: SnapshotFacts, previous: [String: String]) -> String? {
        let before = previous[secretsField].flatMap { Int64($0) }
        if let before, before > 0, facts.secrets == 0 {
            return "it holds no secret at all, and the backup before held \(before) rows of secrets"
        }
        if let index = previous[indexField].flatMap({ Int64($0) }), facts.index < index {
            return
                "its index \(facts.index) is below the \(index) of the backup before: this is another cluster, or one that was restored to an earlier state"
        }
        return nil
    }
}
