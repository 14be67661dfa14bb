import Foundation
import Lab
import Platform
import Samples
import Testing

/// Answers about tokens compared with those of a real Vault 1.8.
struct SimulatedTokenTests {
    private let random = FixedRandom()
    private static let token = "s.lab-token"

    private func cluster(_ life: SimulatedVaultCluster.TokenLife? = nil) -> SimulatedVaultCluster {
        var cluster = SimulatedVaultCluster(
            SimulatedVaultCluster.Options(), nodes: [("vault-1", "https://127.0.1.10:8200", "https://127.0.1.10:8201")],
            at: at(0).wall)
        _ = cluster.perform(.unseal, on: 0, at: at(0), random: random)
        if let life { cluster.add(token: Self.token, life, issued: at(0).wall) }
        return cluster
    }

    private func ask(
        _ cluster: inout SimulatedVaultCluster, _ uri: String, method: String = "GET", token: String = token,
        body: String = "", at time: Double = 1
    ) -> LabReply {
        cluster.answer(
            LabRequest(method: method, uri: "/v1/" + uri, headers: ["x-vault-token": token], body: Array(body.utf8)),
            node: 0, at: at(time), random: random
        ).reply
    }

    /// The status, and the keys and values that do not live, are the recording's.
    private func expect(_ reply: LabReply, like name: String, sourceLocation: SourceLocation = #_sourceLocation) throws
    {
        guard case .response(let response) = reply else {
            Issue.record("\(name): \(reply)", sourceLocation: sourceLocation)
            return
        }
        let recording = try Recording(name)
        #expect(response.status == recording.status, "\(name)", sourceLocation: sourceLocation)
        #expect(
            try recording.shape(response.body, Self.live) == recording.shape(live: Self.live), "\(name)",
            sourceLocation: sourceLocation)
    }

    private static let live: Set = [
        "request_id", "accessor", "creation_time", "expire_time", "issue_time", "ttl", "id",
    ]

    @Test func lookUpsAreAsRecorded() throws {
        for (life, name) in [
            (SimulatedVaultCluster.TokenLife(period: 86_400), "periodic"),
            (.init(ttl: 3600, isBatch: true), "batch"), (.init(ttl: 3600, isRenewable: false), "non-renewable"),
            (.init(ttl: 20, explicitMaxTTL: 30), "max-ttl"),
        ] {
            var cluster = cluster(life)
            try expect(ask(&cluster, "auth/token/lookup-self"), like: "token.lookup-self-" + name)
        }
        var cluster = cluster(.init(ttl: 20))
        try expect(
            ask(&cluster, "auth/token/lookup-self", token: "s.LabRootToken00000000000"), like: "token.lookup-self-root")
        try expect(ask(&cluster, "auth/token/lookup-self", at: 21), like: "token.lookup-self-expired")
    }

    @Test func refusalsAreAsRecorded() throws {
        var batch = cluster(.init(ttl: 3600, isBatch: true))
        try expect(ask(&batch, "auth/token/renew-self", method: "POST"), like: "token.renew-self-batch")
        try expect(ask(&batch, "auth/token/revoke-self", method: "POST"), like: "token.revoke-self-batch")
        var fixed = cluster(.init(ttl: 3600, isRenewable: false))
        try expect(ask(&fixed, "auth/token/renew-self", method: "POST"), like: "token.renew-self-non-renewable")
        try expect(
            ask(&fixed, "auth/token/renew-self", method: "POST", token: "s.LabRootToken00000000000"),
            like: "token.renew-self-root")
        guard case .response(let revoked) = ask(&fixed, "auth/token/revoke-self", method: "POST") else { return }
        #expect(revoked.status == 204)
        try expect(ask(&fixed, "auth/token/revoke-self", method: "POST"), like: "token.revoke-self-again")
    }

    @Test func aSecretIDOfOneUseLogsInOnce() throws {
        var cluster = cluster()
        cluster.options.secretIDUses = 1
        let options = cluster.options
        let body = "{\"role_id\":\"\(options.roleID)\",\"secret_id\":\"\(options.secretID)\"}"
        guard case .response(let login) = ask(&cluster, "auth/approle/login", method: "POST", body: body) else {
            return
        }
        #expect(login.status == 200)
        try expect(ask(&cluster, "auth/approle/login", method: "POST", body: body), like: "approle.login-exhausted")
        try expect(
            ask(&cluster, "auth/approle/login", method: "POST", body: #"{"role_id":"x","secret_id":"y"}"#),
            like: "approle.login-wrong-role")
    }

    @Test func limitedUsesAreSpent() {
        var cluster = cluster(.init(ttl: 3600, uses: 2))
        for status in [200, 200, 403] {
            guard case .response(let answer) = ask(&cluster, "smtp/canary/admin") else { return }
            #expect(answer.status == status)
        }
    }

    /// Health answers whatever the audit devices do.
    @Test func auditDevicesBlockWhatIsAudited() throws {
        var cluster = cluster(.init(ttl: 3600))
        try expect(ask(&cluster, "sys/audit"), like: "active.audit-list")
        cluster.options.audit = .full
        try expect(ask(&cluster, "smtp/canary/admin"), like: "audit-full.canary-read")
        cluster.options.audit = .blocked
        #expect(ask(&cluster, "smtp/canary/admin") == .hang)
        guard case .response(let health) = ask(&cluster, "sys/health") else {
            Issue.record("health hangs")
            return
        }
        #expect(health.status == 200)
    }
}
