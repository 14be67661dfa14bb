import Foundation
import Lab
import Platform
import Testing
@testable import vaultwatch

/// `silence add` says what it silences: a slip of the pen is told at once, and not by the page at night.
@Suite(.serialized) struct SilenceAddTests {
    @Test(arguments: [
        ("nodee==vault-2", "'nodee=vault-2'"), ("node == vault-2", "'node=vault-2'"), ("{node==v1}", "'node=v1'"),
        ("alertname=A,node==v1", "'node=v1'"), ("node!==v1", "'node!=v1'"),
    ])
    func twoSignsAreRefused(_ word: String, _ instead: String) throws {
        do {
            let taken = try MatcherWords.parse([word])
            Issue.record("\(word) is taken as \(taken)")
        } catch {
            #expect("\(error)".contains("equality is one sign, \(instead)"), "\(error)")
        }
    }

    /// What really begins with the sign can be said, and other operators have two.
    @Test(arguments: [#"node="=v1""#, "node=v1==", "node=~v1", "node!=v1", "node!~v1"])
    func othersAreTaken(_ word: String) throws {
        #expect(try MatcherWords.parse([word]).count == 1)
    }

    /// Without `--dry-run` too, beside the ID: how many alerts it matches, and names and values that nothing has.
    @Test func whatItMatchesIsTold() async throws {
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: ops, group_wait: 0s}
                receivers: [{name: ops}]
                """,
            rules: """
                groups:
                  - name: test
                    rules:
                      - {alert: Sealed, expr: vector(1), labels: {severity: critical, node: vault-2}}
                      - {alert: Sealed, expr: vector(2), labels: {severity: critical, node: vault-3}}
                """)
        #expect(
            await waitUntil { (try? await agent.command("alerts").output.contains("Sealed")) == true }, "\(agent.log)")
        for (word, told) in [
            ("node=vault-2", "matches 1 of 2 firing alerts\n"),
            ("node=vault-77", "matches 0 of 2 firing alerts; nothing that fired in the last 24 h would have been"),
            ("nodee=vault-2", #"no alert has a label "nodee", now or in the last 24 h"#),
        ] {
            let made = try await agent.command("silence", "add", "-c", "x", word)
            #expect(made.exit == .exited(0) && made.error.contains(told), "\(word): \(made)")
            #expect(made.output.trimmingCharacters(in: .whitespacesAndNewlines).count == 36, "\(made)")
        }
        let doubled = try await agent.command("silence", "add", "-c", "x", "nodee==vault-2")
        #expect(doubled.exit == .exited(2) && doubled.error.contains("equality is one sign"), "\(doubled)")
        #expect(try await agent.command("silence", "list", "-q").output.split(separator: "\n").count == 3)
        await agent.stop()
    }
}
