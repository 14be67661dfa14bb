import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Transport

@testable import Probes

/// What the API documentation shows of each endpoint that is asked seldom.
struct VaultFactsTests {
    /// A performance secondary that is a disaster recovery primary too, of Enterprise, on integrated storage, with
    /// auto-unseal: everything there is to ask.
    static func answer(_ request: HTTPRequest) -> Result<HTTPResponse, TransportError> {
        let path = String(
            request.url.drop(while: { $0 != ":" }).dropFirst(3).drop(while: { $0 != "/" }).dropFirst("/v1/".count))
        switch path {
        case "sys/health":
            return .success(
                json(
                    200,
                    """
                    {"initialized":true,"sealed":false,"standby":false,"server_time_utc":1765368000,"version":"1.15.4+ent",
                    "replication_performance_mode":"secondary","replication_dr_mode":"primary","cluster_id":"i"}
                    """))
        case "sys/seal-status":
            return .success(
                json(
                    200,
                    #"{"type":"awskms","initialized":true,"sealed":false,"t":3,"n":5,"progress":0,"storage_type":"raft"}"#
                ))
        case "sys/leader":
            return .success(json(200, #"{"ha_enabled":true,"is_self":true,"leader_address":"https://a"}"#))
        case "sys/replication/dr/status":
            return .success(
                json(
                    200,
                    """
                    {"data":{"mode":"primary","state":"running","last_dr_wal":291,"cluster_id":"e4bf",
                    "merkle_root":"43f40fc775b40cc76cd5d7e289b2e6eaf4ba138c","known_secondaries":["s"],"secondaries":[
                    {"node_id":"s","connection_status":"connected"},{"node_id":"t","connection_status":"disconnected"}]}}
                    """))
        case "sys/replication/performance/status":
            return .success(
                json(
                    200,
                    """
                    {"data":{"mode":"secondary","state":"stream-wals","connection_state":"ready","last_remote_wal":290,"primaries":[
                    {"api_address":"https://p","connection_status":"connected","last_heartbeat":"2025-12-10T11:59:50Z"}]}}
                    """))
        case "sys/seal-backend-status":
            return .success(
                json(
                    200,
                    """
                    {"healthy":false,"unhealthy_since":"2023-09-22T08:34:11Z","backends":[{"name":"hsm","healthy":true},
                    {"name":"transit","healthy":false},{"name":"old","healthy":false,"disabled":true}]}
                    """))
        case "sys/rekey/init", "sys/rekey-recovery-key/init":
            return .success(json(200, #"{"nonce":"n","started":true,"t":3,"n":5,"progress":1,"required":3}"#))
        case "sys/generate-root/attempt":
            return .success(json(200, #"{"nonce":"","started":false,"progress":0,"required":3,"complete":false}"#))
        case "auth/approle/login":
            return .success(json(200, #"{"auth":{"client_token":"hvs.one","lease_duration":3600,"renewable":true}}"#))
        case "sys/ha-status":
            return .success(
                json(
                    200,
                    """
                    {"Nodes":[{"hostname":"a","api_address":"https://a","active_node":true,"last_echo":null},
                    {"hostname":"b","api_address":"https://b","active_node":false,"last_echo":"2025-12-10T11:59:58Z"}]}
                    """))
        case "sys/storage/raft/autopilot/state": return .success(Recording.response("raft.autopilot-state"))
        case "sys/storage/raft/configuration": return .success(Recording.response("raft.configuration"))
        case "sys/license/status":
            return .success(
                json(
                    200,
                    """
                    {"data":{"autoloading_used":true,"autoloaded":{"expiration_time":"2026-05-17T23:59:59Z",
                    "termination_time":"2026-06-17T23:59:59Z"}}}
                    """))
        case "sys/storage/raft/snapshot-auto/config?list=true":
            return .success(json(200, #"{"data":{"keys":["nightly","every hour","../../unseal",".."]}}"#))
        case "sys/storage/raft/snapshot-auto/status/nightly":
            return .success(
                json(200, #"{"data":{"consecutive_errors":2,"last_snapshot_end":"2025-12-10T02:00:00Z"}}"#))
        default: return .success(json(404, #"{"errors":[]}"#))
        }
    }

    static func cluster(_ http: any HTTPClient, _ platform: Platform) -> VaultCluster {
        var options = VaultClusterOptions(name: "main", nodes: [.init(name: "a", url: "https://a")])
        options.authentication = .appRole(
            roleID: Secret(value: "r"), secretID: Secret(value: "s"), mount: "approle")
        return VaultCluster(options: options, http: http, platform: platform)
    }

    private func run(_ cluster: VaultCluster) async -> ProbeReport {
        for probe in cluster.probes() where probe.target.kind == .vaultNode { _ = await probe.run() }
        guard let probe = cluster.probes().first(where: { $0.target.kind == .vaultFacts }) else {
            return ProbeReport(samples: [], status: TargetStatus(.unknown, ""))
        }
        return await probe.run()
    }

    private func time() throws -> VirtualTime {
        VirtualTime(wall: try #require(Timestamp(rfc3339: "2025-12-10T12:00:00Z")))
    }

    @Test func everythingThatThereIsToAsk() async throws {
        let http = ScriptedHTTP(VaultFactsTests.answer)
        let report = await run(VaultFactsTests.cluster(http, testPlatform(try time())))
        #expect(report.failure == nil)
        let samples = report.samples
        #expect(samples.value("vault_replication_streaming", ["kind": "performance"]) == 1)
        #expect(samples.value("vault_replication_streaming", ["kind": "dr"]) == nil)
        #expect(samples.value("vault_replication_peers", ["kind": "dr", "connection": "disconnected"]) == 1)
        // By the node's clock, which is half a second ahead by the rounding of its time.
        let age = try #require(samples.value("vault_replication_heartbeat_age_seconds", ["kind": "performance"]))
        #expect(abs(age - 10.5) < 0.01)
        #expect(samples.value("vault_replication_wal_index", ["kind": "dr", "side": "own"]) == 291)
        #expect(
            samples.value("vault_replication_merkle_root", ["kind": "dr", "mode": "primary", "replication": "e4bf"])
                == Double(0x43f4_0fc7_75b4))
        #expect(samples.value("vault_seal_backend_healthy", ["node": "a", "backend": "transit"]) == 0)
        #expect(samples.value("vault_seal_backend_healthy", ["node": "a", "backend": "hsm"]) == 1)
        #expect(samples.value("vault_seal_backend_healthy", ["node": "a", "backend": "old"]) == nil)
        #expect(samples.value("vault_rekey_started", ["keys": "recovery"]) == 1)
        #expect(samples.value("vault_rekey_progress", ["keys": "unseal"]) == 1)
        #expect(samples.value("vault_root_generation_started") == 0)
        #expect(samples.value("vault_ha_nodes") == 2)
        #expect(samples.value("vault_raft_healthy") == 1 && samples.value("vault_raft_failure_tolerance") == 0)
        #expect(samples.value("vault_raft_servers") == 3 && samples.value("vault_raft_voters") == 1)
        #expect(samples.value("vault_autosnapshot_consecutive_errors", ["name": "nightly"]) == 2)
        #expect(samples.value("vault_license_expiry_timestamp_seconds") != nil)
        #expect(http.requests.contains { $0.url.hasSuffix("/snapshot-auto/status/every%20hour") })
        // A name that would lead elsewhere is not asked after, and no question writes.
        #expect(
            http.requests.allSatisfy {
                !$0.url.contains("unseal") && ($0.method == "GET" || $0.url.hasSuffix("/login"))
            })
        // The token goes where it is needed alone.
        for request in http.requests where request.url.contains("/rekey") || request.url.contains("/replication/") {
            #expect(!request.headers.contains { $0.name == "X-Vault-Token" }, "\(request.url)")
        }
    }

    /// Vault 1.8 knows few of the endpoints, and a policy may refuse the rest: neither is asked every minute.
    @Test func whatIsRefusedRestsForTenMinutes() async throws {
        let time = try time()
        let http = ScriptedHTTP { request in
            request.url.hasSuffix("/sys/ha-status") || request.url.contains("/storage/raft/")
                ? .success(json(403, #"{"errors":["permission denied"]}"#)) : VaultFactsTests.answer(request)
        }
        let cluster = VaultFactsTests.cluster(http, testPlatform(time))
        for probe in cluster.probes() where probe.target.kind == .vaultNode { _ = await probe.run() }
        let probe = try #require(cluster.probes().first { $0.target.kind == .vaultFacts })
        func asked(_ end: String) -> Int { http.requests.count { $0.url.hasSuffix(end) } }
        for _ in 0..<5 { #expect(await probe.run().samples.value("vault_fact_available", ["fact": "ha_status"]) == 0) }
        #expect(asked("/sys/ha-status") == 1 && asked("/autopilot/state") == 1 && asked("/sys/rekey/init") == 5)
        await time.run(for: .seconds(601))
        _ = await probe.run()
        #expect(asked("/sys/ha-status") == 2)
    }

    /// An audit device that blocks lets an audited question hang: the rest is not asked after it.
    @Test func aNodeThatHangsIsAskedOnceARound() async throws {
        let http = ScriptedHTTP { request in
            request.url.contains("/sys/rekey")
                ? .failure(TransportError(.timeout, "silent")) : VaultFactsTests.answer(request)
        }
        let report = await run(VaultFactsTests.cluster(http, testPlatform(try time())))
        #expect(report.failure == nil)
        #expect(http.requests.count { $0.url.contains("/sys/rekey") || $0.url.contains("generate-root") } == 1)
        #expect(!report.samples.has("vault_rekey_started"))
    }

    /// Of a cluster without replication and with key shares only the attempts are asked after.
    @Test func aPlainClusterIsAskedLittle() async throws {
        let http = ScriptedHTTP { request in
            switch request.url {
            case "https://a/v1/sys/health": .success(Recording.response("active.health"))
            case "https://a/v1/sys/seal-status": .success(Recording.response("active.seal-status"))
            case "https://a/v1/sys/leader": .success(Recording.response("active.leader"))
            default: VaultFactsTests.answer(request)
            }
        }
        _ = await run(VaultFactsTests.cluster(http, testPlatform(try time())))
        let asked = http.requests.map(\.url).filter { !$0.contains("health") && !$0.contains("seal-status") }
        #expect(
            Set(asked.map { $0.dropFirst("https://a/v1/".count) }) == [
                "sys/leader", "sys/rekey/init", "sys/generate-root/attempt", "auth/approle/login", "sys/ha-status",
            ])
    }

    @Test(arguments: [
        (#"{"mode":"secondary","state":"stream-wals"}"#, true),
        (#"{"mode":"secondary","state":"stream-wals","connection_state":"idle"}"#, true),
        (#"{"mode":"secondary","state":"stream-wals","connection_state":"transient_failure"}"#, false),
        (#"{"mode":"secondary","state":"stream-wals","primaries":[{"connection_status":"disconnected"}]}"#, false),
        (#"{"mode":"secondary","state":"merkle-sync"}"#, false), (#"{"mode":"secondary","state":"idle"}"#, false),
        (#"{"mode":"secondary"}"#, false),
    ])
    func aSecondaryStreamsOrDoesNot(body: String, isStreaming: Bool) throws {
        let data = "{\"data\":\(body)}"
        for text in [body, data] {
            let answer = try #require(decodeJSON(Enveloped<ReplicationAnswer>.self, Array(text.utf8))).answer
            #expect(answer.isStreaming == isStreaming)
        }
    }

    @Test(arguments: [
        ("1.15.4", "2024-10-09T00:00:00Z"), ("1.16.0", "2025-03-05T00:00:00Z"), ("1.16.3+ent", "2026-04-13T00:00:00Z"),
        ("1.17.2+ent.hsm", "2025-06-25T00:00:00Z"), ("1.18.0", "2025-10-22T00:00:00Z"),
        ("1.19.0", "2026-04-13T00:00:00Z"), ("1.19.16+ent", nil), ("1.20.10", "2026-09-05T00:00:00Z"),
        ("1.21.5", nil), ("1.8.0-dev", nil), ("2.0.0", nil), ("2.1.0", nil), ("3", nil), ("1.16", nil),
        ("1.99999999999999999999.0", nil), ("", nil), ("x", nil),
    ])
    func theEndOfSupport(version: String, end: String?) {
        #expect(VaultReleases.supportEnd(version, isOpenBao: false)?.rfc3339 == end)
        // The version of OpenBao that has the same number.
        if version.hasPrefix("2.") { #expect(VaultReleases.supportEnd(version, isOpenBao: true) == nil) }
    }
}
