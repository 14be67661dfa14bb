import Journal
import Platform
import Probes
import Testing

@testable import Agent

/// Up to where audit logs have been counted, as rows of the journal.
struct AuditPositionsTests {
    private static let stored =
        #"[{"path":"/var/log/vault/audit.log","identity":{"device":1,"inode":2},"offset":3,"head":{"length":4,"hash":18446744073709551615}}]"#

    @Test func whatIsWrittenIsReadAgain() throws {
        let positions = AuditPositions()
        var snapshot = JournalSnapshot()
        snapshot.states = [
            "audit_log/prod/vault-1": Array(Self.stored.utf8), "audit_log/broken": [0xff], "backup_set/x": [1],
        ]
        Agent.restore(positions, snapshot)
        #expect(positions.all.keys.sorted() == ["prod/vault-1"])
        #expect(Agent.changes(of: positions).isEmpty, "what was read need not be written")
        guard case .state(let key, let bytes)? = Agent.allChanges(of: positions).first else {
            Issue.record("no row")
            return
        }
        #expect(key == "audit_log/prod/vault-1")
        let again = AuditPositions()
        again.restore("prod/vault-1", bytes)
        #expect(again.all.count == 1)
        positions.retain([])
        #expect(Agent.changes(of: positions) == [.forgetState(key: "audit_log/prod/vault-1")])
    }

    /// After a start without the journal what is read already counts, not what is merged later.
    @Test func whatIsBeingReadIsNotReplaced() {
        let positions = AuditPositions()
        positions.restore("a", Array(Self.stored.utf8))
        positions.restore("a", Array("[]".utf8))
        #expect(positions.all["a"].map { String(decoding: $0, as: UTF8.self).contains("audit.log") } == true)
    }
}
