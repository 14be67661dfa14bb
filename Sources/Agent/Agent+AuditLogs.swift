import Journal
import Probes

/// Up to where audit logs have been counted, across restarts.
extension Agent {
    private static let auditPrefix = "audit_log/"

    /// Changes since the last journal write, to be written together with the next one.
    static func changes(of positions: AuditPositions) -> [JournalChange] {
        positions.takeChanges().sorted { $0.key < $1.key }.map { name, bytes in
            bytes.map { .state(key: auditPrefix + name, $0) } ?? .forgetState(key: auditPrefix + name)
        }
    }

    /// Everything, for a journal that was created anew.
    static func allChanges(of positions: AuditPositions) -> [JournalChange] {
        positions.all.sorted { $0.key < $1.key }.map { .state(key: auditPrefix + $0.key, $0.value) }
    }

    /// Restores where the last run ended.
    static func restore(_ positions: AuditPositions, _ snapshot: JournalSnapshot) {
        for (key, bytes) in snapshot.states where key.hasPrefix(auditPrefix) {
            positions.restore(String(key.dropFirst(auditPrefix.count)), bytes)
        }
    }
}
