import Foundation
import Lab
import Platform
import Samples
import Testing

/// Answers compared with those of a real Vault 1.8 in the same state.
struct SimulatedVaultClusterTests {
    private let random = FixedRandom()
    private let root = "s.LabRootToken00000000000"
    private let watch = "s.LabWatchToken0000000000"

    private func cluster(
        _ options: SimulatedVaultCluster.Options = SimulatedVaultCluster.Options(), unsealed: Bool = true
    )
        -> SimulatedVaultCluster
    {
        var cluster = SimulatedVaultCluster(
            options,
            nodes: (1...3).map { ("vault-\($0)", "https://127.0.1.\($0)0:8200", "https://127.0.1.\($0)0:8201") },
            at: at(0).wall)
        if unsealed { for index in 0..<3 { _ = cluster.perform(.unseal, on: index, at: at(0), random: random) } }
        return cluster
    }

    private func ask(
        _ cluster: inout SimulatedVaultCluster, _ node: Int, _ uri: String, method: String = "GET",
        token: String? = nil,
        body: String = "", at time: Double = 1
    ) throws -> LabResponse {
        let request = LabRequest(
            method: method, uri: "/v1/" + uri, headers: token.map { ["x-vault-token": $0] } ?? [:],
            body: Array(body.utf8))
        let answer = cluster.answer(request, node: node, at: at(time), random: random)
        guard case .response(let response) = answer.reply else { throw Unanswered() }
        return response
    }

    private struct Unanswered: Error {}

    /// Status, content type, and the body's keys down to the leaves must be the recording's; values of the kind that
    /// do not live must be the same.
    private func expect(_ response: LabResponse, like name: String, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let recording = try Recording(name)
        #expect(response.status == recording.status, "\(name)", sourceLocation: sourceLocation)
        #expect(response.headers["Content-Type"] == "application/json", sourceLocation: sourceLocation)
        #expect(response.headers["Cache-Control"] == "no-store", sourceLocation: sourceLocation)
        #expect(
            try recording.shape(response.body, Self.live) == recording.shape(live: Self.live), "\(name)",
            sourceLocation: sourceLocation)
    }

    private static let live: Set = [
        "server_time_utc", "active_time", "request_id", "leader_address", "leader_cluster_address", "nonce", "accessor",
        "creation_time",
        "expire_time", "issue_time", "ttl", "id", "storage_type",
    ]

    @Test func activeNodeAnswersAsRecorded() throws {
        var cluster = cluster()
        try expect(ask(&cluster, 0, "sys/health"), like: "active.health")
        try expect(ask(&cluster, 0, "sys/seal-status"), like: "active.seal-status")
        try expect(ask(&cluster, 0, "sys/leader"), like: "active.leader")
        try expect(ask(&cluster, 0, "sys/replication/status"), like: "active.replication-status")
        try expect(ask(&cluster, 0, "sys/ha-status", token: root), like: "active.ha-status")
        try expect(
            ask(&cluster, 0, "sys/storage/raft/autopilot/state", token: root), like: "active.autopilot-unsupported")
        try expect(ask(&cluster, 0, "sys/storage/raft/snapshot", token: root), like: "active.snapshot-unsupported")
        try expect(ask(&cluster, 0, "auth/token/lookup-self", token: watch), like: "active.lookup-self")
        try expect(ask(&cluster, 0, "smtp/canary/admin", token: watch), like: "active.canary-read")
        try expect(ask(&cluster, 0, "smtp/other/admin", token: watch), like: "active.canary-denied")
        try expect(ask(&cluster, 0, "smtp/canary/admin", token: "s.none"), like: "active.bad-token")
    }

    @Test func standbyAnswersAsRecorded() throws {
        var cluster = cluster()
        try expect(ask(&cluster, 1, "sys/health"), like: "standby.health")
        try expect(ask(&cluster, 1, "sys/seal-status"), like: "standby.seal-status")
        try expect(ask(&cluster, 1, "sys/leader"), like: "standby.leader")
        try expect(ask(&cluster, 1, "sys/ha-status", token: root), like: "standby.ha-status")
        try expect(ask(&cluster, 1, "smtp/canary/admin", token: watch), like: "standby.canary-read")
    }

    @Test func sealedNodeAnswersAsRecorded() throws {
        var cluster = cluster()
        _ = cluster.perform(.seal, on: 1, at: at(0), random: random)
        try expect(ask(&cluster, 1, "sys/health"), like: "sealed.health")
        try expect(ask(&cluster, 1, "sys/seal-status"), like: "sealed.seal-status")
        try expect(ask(&cluster, 1, "sys/leader"), like: "sealed.leader")
        try expect(ask(&cluster, 1, "smtp/canary/admin", token: watch), like: "sealed.canary-read")
    }

    @Test func uninitialisedNodeAnswersAsRecorded() throws {
        var options = SimulatedVaultCluster.Options()
        options.initialised = false
        var cluster = cluster(options, unsealed: false)
        try expect(ask(&cluster, 0, "sys/health"), like: "uninitialised.health")
        try expect(ask(&cluster, 0, "sys/leader"), like: "uninitialised.leader")
        try expect(ask(&cluster, 0, "sys/seal-status"), like: "uninitialised.seal-status")
    }

    @Test func keysUnsealOneByOneOverTheAPI() throws {
        var cluster = cluster(unsealed: false)
        let keys = cluster.options.keys
        try expect(
            ask(&cluster, 0, "sys/unseal", method: "PUT", body: "{\"key\":\"\(keys[0])\"}"),
            like: "unsealing-1-of-3.seal-status")
        _ = try ask(&cluster, 0, "sys/unseal", method: "PUT", body: "{\"key\":\"\(keys[0])\"}")
        #expect(cluster.nodes[0].progress == 1, "the same key counts once")
        _ = try ask(&cluster, 0, "sys/unseal", method: "PUT", body: "{\"reset\":true}")
        #expect(cluster.nodes[0].progress == 0)
        for key in [keys[4], keys[2]] {
            _ = try ask(&cluster, 0, "sys/unseal", method: "PUT", body: "{\"key\":\"\(key)\"}")
        }
        #expect(try ask(&cluster, 0, "sys/unseal", method: "PUT", body: "{\"key\":\"00ff\"}").status == 500)
        #expect(cluster.role(0) == .sealed)
        for key in keys.prefix(3) {
            _ = try ask(&cluster, 0, "sys/unseal", method: "PUT", body: "{\"key\":\"\(key)\"}")
        }
        #expect(cluster.role(0) == .active)
    }

    @Test func healthCodesFollowTheParameters() throws {
        var cluster = cluster()
        #expect(try ask(&cluster, 1, "sys/health?standbyok=true").status == 200)
        #expect(try ask(&cluster, 1, "sys/health?standbyok").status == 200)
        #expect(try ask(&cluster, 1, "sys/health?standbyok=false").status == 429)
        #expect(try ask(&cluster, 1, "sys/health?standbycode=299").status == 299)
        #expect(try ask(&cluster, 0, "sys/health?activecode=x").status == 400)
    }

    @Test func storageErrorIs500WithoutWords() throws {
        var cluster = cluster()
        _ = cluster.perform(.storageError, on: 2, at: at(0), random: random)
        let response = try ask(&cluster, 2, "sys/health")
        #expect(response.status == 500)
        #expect(String(decoding: response.body, as: UTF8.self) == "{\"errors\":[]}\n")
    }

    @Test func leaderIsNamedAsInRealElections() throws {
        struct Leader: Decodable { let leader_address: String; let is_self: Bool }
        var cluster = cluster()
        func leader(_ node: Int, at time: Double) throws -> Leader {
            try JSONDecoder().decode(Leader.self, from: Data(ask(&cluster, node, "sys/leader", at: time).body))
        }
        #expect(try ask(&cluster, 0, "sys/seal", method: "PUT", token: root, at: 10).status == 204)
        #expect(try leader(1, at: 10.1).leader_address == "")
        #expect(try ask(&cluster, 1, "smtp/canary/admin", token: watch, at: 10.1).status == 500)
        #expect(try leader(1, at: 11.7).is_self)
        #expect(try ask(&cluster, 1, "sys/health", at: 11.7).status == 200)
        _ = cluster.perform(.kill, on: 1, at: at(20), random: random)
        #expect(try leader(2, at: 30).leader_address == "https://127.0.1.20:8200", "the dead one is still named")
        #expect(try ask(&cluster, 2, "smtp/canary/admin", token: watch, at: 30).status == 307)
        #expect(try leader(2, at: 34.6).is_self)
    }

    @Test func restartedNodeIsSealed() throws {
        var cluster = cluster()
        _ = cluster.perform(.kill, on: 2, at: at(1), random: random)
        #expect(throws: Unanswered.self) { try ask(&cluster, 2, "sys/health", at: 2) }
        _ = cluster.perform(.start, on: 2, at: at(3), random: random)
        #expect(try ask(&cluster, 2, "sys/health", at: 4).status == 503)
    }

    @Test func appRoleLoginGivesATokenThatReads() throws {
        struct Login: Decodable { struct Auth: Decodable { let client_token: String }; let auth: Auth }
        var cluster = cluster()
        let body = "{\"role_id\":\"\(cluster.options.roleID)\",\"secret_id\":\"\(cluster.options.secretID)\"}"
        let login = try JSONDecoder().decode(
            Login.self, from: Data(ask(&cluster, 1, "auth/approle/login", method: "POST", body: body).body))
        #expect(try ask(&cluster, 0, "smtp/canary/admin", token: login.auth.client_token).status == 200)
        #expect(try ask(&cluster, 0, "auth/approle/login", method: "POST", body: "{\"role_id\":\"x\"}").status == 400)
        #expect(try ask(&cluster, 0, "sys/seal", method: "PUT", token: login.auth.client_token).status == 403)
    }

    @Test(arguments: [("active", 0), ("standby", 1), ("sealed", 2)]) func telemetryHasTheRecordedSeries(
        state: String, node: Int
    ) throws {
        var cluster = cluster()
        _ = cluster.perform(.kill, on: 2, at: at(0.1), random: random)
        _ = cluster.perform(.start, on: 2, at: at(0.2), random: random)
        let name = state == "sealed" ? "sealed.metrics" : "\(state).metrics-prometheus"
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/\(name).http")
        func series(_ text: String) -> [String] {
            text.split(separator: "\n").filter {
                $0.contains(" ")
                    && ($0.hasPrefix("#") || $0.hasPrefix("go_") || $0.hasPrefix("vault_") || $0.hasPrefix("process_"))
            }
            .map { $0.hasPrefix("#") ? String($0) : String($0[..<($0.lastIndex(of: " ") ?? $0.endIndex)]) }.sorted()
        }
        let recorded = String(decoding: try Data(contentsOf: file), as: UTF8.self).split(separator: "\r\n").joined(
            separator: "\n")
        let ours = try ask(&cluster, node, "sys/metrics?format=prometheus")
        #expect(ours.headers["Content-Type"] == "text/plain; charset=utf-8")
        #expect(series(String(decoding: ours.body, as: UTF8.self)) == series(recorded))
    }

    @Test func countersGrow() throws {
        var cluster = cluster()
        func count(at time: Double) throws -> Double {
            let text = String(
                decoding: try ask(&cluster, 0, "sys/metrics?format=prometheus", at: time).body, as: UTF8.self)
            let line = try #require(
                text.split(separator: "\n").first { $0.hasPrefix("vault_core_handle_request_count ") })
            return try #require(Double(line.split(separator: " ")[1]))
        }
        #expect(try count(at: 449) == 8)
        #expect(try count(at: 898) == 16)
    }

    @Test func telemetryNeedsATokenWithoutTheFlag() throws {
        var options = SimulatedVaultCluster.Options()
        options.unauthenticatedMetrics = false
        var cluster = cluster(options)
        #expect(try ask(&cluster, 0, "sys/metrics?format=prometheus").status == 400)
        #expect(try ask(&cluster, 0, "sys/metrics?format=prometheus", token: watch).status == 200)
        #expect(try ask(&cluster, 0, "sys/metrics?format=prometheus", token: "s.none").status == 403)
        #expect(try ask(&cluster, 1, "sys/metrics?format=prometheus", token: watch).status == 400)
        _ = cluster.perform(.seal, on: 2, at: at(1), random: random)
        #expect(
            String(decoding: try ask(&cluster, 2, "sys/metrics?format=prometheus").body, as: UTF8.self).contains(
                "cannot forward local-only request"))
    }
}
