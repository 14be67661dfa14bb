import Foundation
import Lab
import Platform
import Samples
import Simulation
import Testing

@testable import Probes

/// The audit log of the simulated cluster, read as that of a real one.
struct SimulatedAuditLogTests {
    private static let root = "s.LabRootToken00000000000"
    private static let watch = "s.LabWatchToken0000000000"

    private func cluster() -> SimulatedVaultCluster {
        var options = SimulatedVaultCluster.Options()
        options.recordsAudit = true
        var cluster = SimulatedVaultCluster(
            options,
            nodes: (1...2).map { ("vault-\($0)", "https://127.0.1.\($0)0:8200", "https://127.0.1.\($0)0:8201") },
            at: moment(0).wall)
        for index in 0..<2 { _ = cluster.perform(.unseal, on: index, at: moment(0), random: SeededRandom(seed: 1)) }
        return cluster
    }

    private func ask(
        _ cluster: inout SimulatedVaultCluster, _ uri: String, method: String = "GET", token: String? = nil,
        body: String = "", node: Int = 0
    ) -> AuditRecording.Reading {
        let request = LabRequest(
            method: method, uri: "/v1/" + uri, headers: token.map { ["x-vault-token": $0] } ?? [:],
            body: Array(body.utf8))
        _ = cluster.answer(request, node: node, at: moment(1), random: SeededRandom(seed: 1))
        return AuditRecording.Reading(cluster.takeAuditRecords().map { $0.line + "\n" }.joined())
    }

    @Test func eachRequestTellsWhatItWouldInVault() throws {
        var cluster = cluster()
        let canary = ask(&cluster, "smtp/canary/admin", token: Self.watch, node: 1)
        #expect(canary.kinds == [.secretRead: 1] && canary.entries.count == 2)
        #expect(canary.entries.map(\.auth.displayName) == ["token", "token"])
        #expect(Set(canary.entries.map(\.id)).count == 1 && canary.entries[0].auth.accessor.hasPrefix("hmac-sha256:"))
        #expect(ask(&cluster, "smtp/tenant-2/admin", token: Self.watch).kinds == [.denied: 1])
        #expect(ask(&cluster, "smtp/tenant-2/admin", token: "s.none").kinds == [.tokenUnknown: 1])
        #expect(ask(&cluster, "smtp/tenant-2/admin").kinds == [.tokenMissing: 1])
        #expect(ask(&cluster, "smtp/tenant-2/admin", token: Self.root).kinds == [.rootTokenUse: 1, .secretRead: 1])
        #expect(ask(&cluster, "smtp/none", token: Self.root).kinds == [.rootTokenUse: 1, .notFound: 1])
        let login = { (id: String) in #"{"role_id":"1f3d2c7a-lab-role","secret_id":"\#(id)"}"# }
        let good = ask(&cluster, "auth/approle/login", method: "POST", body: login("9b7e5a31-lab-secret"))
        #expect(good.kinds == [.login: 1] && good.entries.last?.auth.displayName == "approle")
        #expect(ask(&cluster, "auth/approle/login", method: "POST", body: login("x")).kinds == [.loginFailed: 1])
        #expect(
            ask(&cluster, "sys/step-down", method: "PUT", token: Self.root).kinds == [.rootTokenUse: 1, .stepDown: 1])
    }

    /// The same requests are not audited as in Vault, and what is refused is no deed.
    @Test func statusIsNotAudited() throws {
        var cluster = cluster()
        for path in ["sys/health", "sys/leader", "sys/seal-status"] {
            #expect(ask(&cluster, path).entries.isEmpty, "\(path)")
        }
        #expect(ask(&cluster, "sys/seal", method: "PUT", token: Self.watch).kinds == [.denied: 1])
        let seal = ask(&cluster, "sys/seal", method: "PUT", token: Self.root)
        #expect(seal.kinds == [.rootTokenUse: 1, .seal: 1] && seal.entries.count == 1)
    }

    /// Names are plain, values are not.
    @Test func secretsAreHashed() {
        var cluster = cluster()
        let request = LabRequest(
            method: "GET", uri: "/v1/smtp/canary/admin", headers: ["x-vault-token": Self.watch], body: [])
        _ = cluster.answer(request, node: 0, at: moment(1), random: SeededRandom(seed: 1))
        let text = cluster.takeAuditRecords().map(\.line).joined()
        #expect(text.contains(#""password":"hmac-sha256:"#) && !text.contains(Self.watch))
        #expect(cluster.takeAuditRecords().isEmpty)
    }
}
