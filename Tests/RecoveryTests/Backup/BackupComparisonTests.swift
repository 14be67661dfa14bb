@testable import Probes
import Testing

@testable import Recovery

struct BackupComparisonTests {
    private func facts(index: Int64, secrets: Int64) -> SnapshotFacts {
        var facts = SnapshotFacts()
        facts.index = index
        facts.secrets = secrets
        return facts
    }

    @Test func vanishedSecretsAndALowerIndexAreSuspicious() {
        let before = ["snapshot_index": "100", "snapshot_secrets": "7"]
        #expect(BackupComparison.suspicion(facts(index: 101, secrets: 6), previous: before) == nil)
        #expect(
            BackupComparison.suspicion(facts(index: 101, secrets: 0), previous: before)?.contains("no secret") == true)
        #expect(
            BackupComparison.suspicion(facts(index: 99, secrets: 7), previous: before)?.contains("below the 100")
                == true)
        // A new Vault has no secrets yet; an older backup says nothing.
        #expect(BackupComparison.suspicion(facts(index: 1, secrets: 0), previous: ["snapshot_secrets": "0"]) == nil)
        #expect(BackupComparison.suspicion(facts(index: 1, secrets: 0), previous: [:]) == nil)
    }

    @Test func snapshotWithoutKeyringIsNone() {
        var content = BackupContent(format: .raftSnapshot)
        #expect(BackupComparison.fault(content, isSnapshot: true)?.contains("not whole rows") == true)
        content.snapshot = facts(index: 1, secrets: 1)
        content.snapshot?.essentials = ["core/mounts", "core/seal-config"]
        #expect(BackupComparison.fault(content, isSnapshot: true)?.contains("core/keyring") == true)
        content.snapshot?.essentials.insert("core/keyring")
        #expect(BackupComparison.fault(content, isSnapshot: true) == nil)
        #expect(BackupComparison.fault(content, isSnapshot: false) != nil)
        content.fault = .truncated
        #expect(BackupComparison.fault(content, isSnapshot: true)?.contains("ends too early") == true)
    }
}
