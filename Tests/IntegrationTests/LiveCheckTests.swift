import Foundation
import Lab
import LocalServers
import Testing
@testable import vaultwatch

/// Commands that ask the targets themselves, without a running agent.
@Suite(.serialized) struct LiveCheckTests {
    /// Each target and each receiver is asked, and what contradicts itself is told.
    @Test func theLiveCheckAsksEverything() async throws {
        let estate = try await Estate.quiet(postgres: true, security: .https)
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: "127.0.0.1:0", storage: folder.path + "/state"))
        let (exit, output, error) = try await Binary.run(["check", "config", "--live", file])
        #expect(exit == .exited(0), "\(output)\(error)")
        let rows = output.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ") }
        for expected in [
            "ok load balancer leads to active", "ok vault-1 active", "ok vault-2 standby", "ok primary primary 15", "ok replica replica 15", "WARN daily complete",
            "! the backups claim to be snapshots, but Vault's storage is postgresql", "critical pagerduty/0 http://127.0.0.1", "critical email/0 smtp://127.0.0.1",
        ] {
            #expect(rows.contains { $0.hasPrefix(expected) }, "\(expected) is missing in\n\(output)")
        }
        #expect(rows.count { $0.contains(" reachable, SMTP 250") } == 4)
        #expect(rows.count { $0.contains(" reachable, HTTP 2") } == 3)
        #expect(estate.inbox.messages().isEmpty, "a check sends nothing")

        // Findings are a warning to Nagios; an outage is critical.
        #expect(try await Binary.run(["status", "--once", "--config.file=\(file)"]).exit == .exited(1))
        try await estate.perform(.node("vault-2", .seal))
        let sealed = try await Binary.run(["status", "--once", "--config.file=\(file)"])
        #expect(sealed.exit == .exited(2) && sealed.output.contains("sealed"))
        await estate.stop()
        let (after, gone, _) = try await Binary.run(["check", "config", "--live", file])
        #expect(after == .exited(1), "\(gone)")
        folder.remove()
    }
}
