import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Text
import Transport

@testable import Probes

/// The probes of a cluster over a scripted network.
struct VaultProbesTests {
    private static let nodes = [
        VaultClusterOptions.Node(name: "a", url: "https://a:8200/"), .init(name: "b", url: "https://b:8200"),
    ]

    private func options(_ change: (inout VaultClusterOptions) -> Void = { _ in }) -> VaultClusterOptions {
        var options = VaultClusterOptions(name: "main", nodes: VaultProbesTests.nodes)
        options.canaryPath = "secret/data/canary"
        options.loadBalancerURL = "https://vault"
        options.authentication = .appRole(
            roleID: Secret(value: "role"), secretID: Secret(value: "swordfish"), mount: "approle")
        change(&options)
        return options
    }

    /// `a` is active, `b` stands by; the load balancer leads to `a`.
    private static func healthy(_ request: HTTPRequest) -> Result<HTTPResponse, TransportError> {
        let isB = request.url.hasPrefix("https://b")
        switch request.url.drop(while: { $0 != ":" }).dropFirst(3).drop(while: { $0 != "/" }) {
        case "/v1/sys/health": return .success(Recording.response(isB ? "standby.health" : "active.health"))
        case "/v1/sys/seal-status": return .success(Recording.response("active.seal-status"))
        case "/v1/sys/leader": return .success(Recording.response(isB ? "standby.leader" : "active.leader"))
        case "/v1/auth/approle/login":
            return .success(json(200, #"{"auth":{"client_token":"hvs.one","lease_duration":3600,"renewable":true}}"#))
        case "/v1/secret/data/canary":
            let token = request.headers.first { $0.name == "X-Vault-Token" }?.value
            return .success(
                Recording.response(token?.hasPrefix("hvs.") == true ? "active.canary-read" : "active.bad-token"))
        case "/v1/sys/metrics?format=prometheus": return .success(Recording.response("active.metrics-prometheus"))
        default: return .success(json(404, #"{"errors":[]}"#))
        }
    }

    private func reports(_ cluster: VaultCluster) async -> [ProbeTarget: ProbeReport] {
        var reports: [ProbeTarget: ProbeReport] = [:]
        for probe in cluster.probes() { reports[probe.target] = await probe.run() }
        // Nodes first, then the probes that need the active node.
        for probe in cluster.probes() where probe.target.kind == .vaultCanary {
            reports[probe.target] = await probe.run()
        }
        return reports
    }

    @Test func everythingOfAHealthyCluster() async throws {
        let http = ScriptedHTTP(VaultProbesTests.healthy)
        let reports = await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))
        #expect(reports.count == 8)
        for (target, report) in reports {
            #expect(report.failure == nil, "\(target): \(report.failure?.description ?? "")")
        }
        let canary = try #require(reports[ProbeTarget(.vaultCanary, "main/active_node")]).samples
        #expect(canary.value("vault_canary_success", ["via": "active_node"]) == 1)
        #expect(canary.value("vault_canary_duration_seconds_bucket", ["le": "0.005"]) == 1)
        #expect(canary.value("vault_canary_duration_seconds_bucket", ["le": "0.0025"]) == 0)
        #expect(canary.value("vault_token_valid") == 1)
        let balancer = try #require(reports[ProbeTarget(.vaultLoadBalancer, "main")]).samples
        #expect(balancer.value("vault_load_balancer_reaches_active") == 1)
        #expect(balancer.value("vault_load_balancer_same_cluster") == 1)
        #expect(balancer.value("vault_load_balancer_answers_total", ["state": "active"]) == 1)
        let node = try #require(reports[ProbeTarget(.vaultNode, "main/b")])
        #expect(node.derived.first?.samples.value("vault_cluster_active_nodes") == 1)
        #expect(node.samples.value("vault_node_request_duration_seconds_count", ["endpoint": "health"]) == 1)
        #expect(http.requests.count { $0.url.hasSuffix("/login") } == 1)
        // No token is sent where none is needed, nor to the login.
        for request in http.requests where request.url.contains("/sys/health") || request.url.hasSuffix("/login") {
            #expect(!request.headers.contains { $0.name == "X-Vault-Token" })
        }
        #expect(http.requests.allSatisfy { !$0.url.contains("8200//") })
    }

    /// What health tells is not asked of sys/seal-status every turn.
    @Test func theSealIsAskedWhereHealthLeavesItOpen() async throws {
        let time = VirtualTime()
        let health = Mutex("standby.health")
        let http = ScriptedHTTP { request in
            request.url.hasSuffix("/health")
                ? .success(Recording.response(health.withLock { $0 })) : VaultProbesTests.healthy(request)
        }
        let probe = VaultNodeProbe(
            cluster: VaultCluster(options: options(), http: http, platform: testPlatform(time)),
            node: VaultProbesTests.nodes[1])
        func asked() -> Int { http.requests.count { $0.url.hasSuffix("/seal-status") } }
        for _ in 0..<3 {
            let samples = await probe.run().samples
            #expect(samples.value("vault_node_seal_shares") != nil)
            #expect(samples.value("vault_node_endpoint_up", ["endpoint": "seal_status"]) == 1)
            await time.run(for: .seconds(5))
        }
        #expect(asked() == 1)
        await time.run(for: .seconds(60))
        _ = await probe.run()
        #expect(asked() == 2)
        // Any change of its health asks, and a sealed node is asked each time: how many shares were given is news.
        health.withLock { $0 = "active.health" }
        _ = await probe.run()
        #expect(asked() == 3)
        health.withLock { $0 = "sealed.health" }
        for _ in 0..<2 { _ = await probe.run() }
        #expect(asked() == 5)
    }

    /// A standby names the same leader as long as no node of its cluster has changed.
    @Test func theLeaderIsAskedOfAStandbyNowAndThen() async throws {
        let time = VirtualTime()
        let active = Mutex("active.health")
        let leader = Mutex("standby.leader")
        let http = ScriptedHTTP { request in
            if request.url == "https://a:8200/v1/sys/health" {
                return .success(Recording.response(active.withLock { $0 }))
            }
            if request.url == "https://b:8200/v1/sys/leader" {
                return .success(Recording.response(leader.withLock { $0 }))
            }
            return VaultProbesTests.healthy(request)
        }
        let cluster = VaultCluster(options: options(), http: http, platform: testPlatform(time))
        let a = VaultNodeProbe(cluster: cluster, node: VaultProbesTests.nodes[0])
        let b = VaultNodeProbe(cluster: cluster, node: VaultProbesTests.nodes[1])
        func asked(_ node: String) -> Int { http.requests.count { $0.url == "https://\(node):8200/v1/sys/leader" } }
        for turn in 0..<8 {
            _ = await a.run()
            let samples = await b.run().samples
            #expect(samples.value("vault_node_knows_leader") == 1)
            #expect(samples.value("vault_node_endpoint_up", ["endpoint": "leader"]) == 1)
            // The active one may have lost and won an election since.
            #expect(asked("a") == turn + 1 && asked("b") == turn / 4 + 1)
            await time.run(for: .seconds(5))
        }
        // Another node has changed: who leads now?
        active.withLock { $0 = "sealed.health" }
        _ = await a.run()
        _ = await b.run()
        #expect(asked("b") == 3)
        // One that names none is asked each time.
        await time.run(for: .seconds(20))
        leader.withLock { $0 = "active.bad-token" }
        for _ in 0..<3 { #expect(await b.run().samples.value("vault_node_knows_leader") == nil) }
        #expect(asked("b") == 6)
    }

    /// A failed answer about the seal is no knowledge.
    @Test func aSealThatWasNotToldIsAskedAgain() async {
        let http = ScriptedHTTP { request in
            request.url.hasSuffix("/seal-status") ? .success(json(500, "{}")) : VaultProbesTests.healthy(request)
        }
        let probe = VaultNodeProbe(
            cluster: VaultCluster(options: options(), http: http, platform: testPlatform()),
            node: VaultProbesTests.nodes[0])
        for _ in 0..<3 { _ = await probe.run() }
        #expect(http.requests.count { $0.url.hasSuffix("/seal-status") } == 3)
    }

    /// Health alone is asked between two turns; what it measures may differ.
    @Test func aGlanceReportsAChangeAlone() async throws {
        let time = VirtualTime()
        let state = Mutex((health: "active.health", isDown: false))
        let http = ScriptedHTTP { request in
            let (health, isDown) = state.withLock { $0 }
            if isDown { return .failure(TransportError(.connect, "connection refused")) }
            guard request.url.hasSuffix("/health") else { return VaultProbesTests.healthy(request) }
            var response = Recording.response(health)
            let now = "\"server_time_utc\":\(1_800_000_000 + time.monotonic().nanoseconds / 1_000_000_000)"
            response.body = Array(
                String(decoding: response.body, as: UTF8.self)
                    .replacing(/"server_time_utc":[0-9]+/, with: now).utf8)
            return .success(response)
        }
        let cluster = VaultCluster(
            options: options { $0.nodes = [VaultProbesTests.nodes[0]] }, http: http, platform: testPlatform(time))
        let probe = VaultNodeProbe(cluster: cluster, node: VaultProbesTests.nodes[0])
        // Before its first turn there is nothing to compare with.
        #expect(await probe.glance() == nil)
        #expect(http.requests.isEmpty)
        _ = await probe.run()
        let before = http.requests.count
        await time.run(for: .seconds(1))
        #expect(await probe.glance() == nil)
        #expect(http.requests.count == before + 1)
        // A failover is measured from the last glance.
        let last = time.monotonic()
        await time.run(for: .seconds(2))
        state.withLock { $0.health = "sealed.health" }
        let sealed = try #require(await probe.glance())
        #expect(sealed.samples.value("vault_node_sealed") == 1)
        #expect(await probe.glance() == nil)
        state.withLock { $0.health = "active.health" }
        let back = try #require(await probe.glance())
        #expect(
            back.derived.first?.samples.value("vault_cluster_last_outage_duration_seconds")
                == (time.monotonic() - last).seconds)
        state.withLock { $0.isDown = true }
        let down = try #require(await probe.glance())
        #expect(down.failure?.reason == "connect")
        #expect(down.samples.value("vault_node_up") == 0)
        // It is for its next turn to say that it is back.
        let requests = http.requests.count
        #expect(await probe.glance() == nil)
        #expect(http.requests.count == requests)
    }

    @Test func theNamespaceGoesWithLoginAndCanaryAlone() async {
        let http = ScriptedHTTP(VaultProbesTests.healthy)
        _ = await reports(
            VaultCluster(options: options { $0.namespace = "team" }, http: http, platform: testPlatform()))
        for request in http.requests {
            let hasNamespace = request.headers.contains { $0.name == "X-Vault-Namespace" && $0.value == "team" }
            #expect(
                hasNamespace
                    == (request.url.contains("/auth/") || request.url.hasSuffix("/canary")), "\(request.url)")
        }
    }

    @Test func aRefusedTokenCostsOneLoginAndNoFailedRead() async throws {
        let logins = Mutex(0)
        let http = ScriptedHTTP { request in
            if request.url.hasSuffix("/login") {
                let count = logins.withLock { logins in
                    logins += 1
                    return logins
                }
                return .success(json(200, #"{"auth":{"client_token":"hvs.\#(count)","lease_duration":3600}}"#))
            }
            if request.headers.contains(where: { $0.value == "hvs.1" }), !request.url.contains("/sys/") {
                return .success(Recording.response("active.bad-token"))
            }
            return VaultProbesTests.healthy(request)
        }
        let cluster = VaultCluster(
            options: options {
                $0.loadBalancerURL = nil; $0.telemetry = false
            }, http: http, platform: testPlatform())
        let report = try #require(await reports(cluster)[ProbeTarget(.vaultCanary, "main/active_node")])
        #expect(report.failure == nil)
        #expect(report.samples.value("vault_logins_total") == 2)
        #expect(report.samples.value("vault_canary_failures_total") == nil)
    }

    /// A wrong secret id must not cause a storm of logins, and must not be shown.
    @Test func aWrongSecretIDBacksOffAndStaysSecret() async throws {
        let time = VirtualTime()
        let http = ScriptedHTTP { request in
            request.url.hasSuffix("/login")
                ? .success(json(400, #"{"errors":["invalid secret id"]}"#)) : VaultProbesTests.healthy(request)
        }
        let cluster = VaultCluster(
            options: options {
                $0.loadBalancerURL = nil; $0.telemetry = false
            }, http: http, platform: testPlatform(time))
        for _ in 0..<5 { _ = await reports(cluster) }
        #expect(http.requests.count { $0.url.hasSuffix("/login") } == 1)
        await time.run(for: .seconds(2))
        let report = try #require(await reports(cluster)[ProbeTarget(.vaultCanary, "main/active_node")])
        #expect(http.requests.count { $0.url.hasSuffix("/login") } == 2)
        #expect(report.failure?.reason == "token")
        #expect(report.samples.value("vault_token_valid") == 0)
        #expect(report.samples.value("vault_token_failure", ["reason": "login"]) == 1)
        #expect(report.samples.value("vault_login_failures_total", ["reason": "denied"]) == 2)
        #expect(!"\(report)".contains("swordfish"))
    }

    @Test func canaryFailuresHaveTheirReasons() async throws {
        for (answer, reason) in [
            (Recording.response("sealed.canary-read"), "sealed"), (json(404, #"{"errors":[]}"#), "not_found"),
            (json(302, ""), "redirect"),
            (json(500, ""), "http"), (json(500, #"{"errors":["internal error"]}"#), "audit"),
            (json(429, #"{"errors":["request path \"x\": rate limit quota exceeded"]}"#), "rate_limited"),
            (json(500, #"{"errors":["local node not active but active cluster node not found"]}"#), "no_active_node"),
            (Recording.response("active.canary-denied"), "denied"),
        ] {
            let http = ScriptedHTTP { $0.url.hasSuffix("/canary") ? .success(answer) : VaultProbesTests.healthy($0) }
            let report = try #require(
                await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))[
                    ProbeTarget(.vaultCanary, "main/active_node")])
            #expect(report.failure?.reason == reason)
            #expect(report.samples.value("vault_canary_success", ["via": "active_node"]) == 0)
            #expect(report.samples.value("vault_canary_duration_seconds_count", ["via": "active_node"]) == 0)
        }
        let headless = ScriptedHTTP {
            $0.url.hasSuffix("/health") ? .success(Recording.response("sealed.health")) : VaultProbesTests.healthy($0)
        }
        let report = try #require(
            await reports(VaultCluster(options: options(), http: headless, platform: testPlatform()))[
                ProbeTarget(.vaultCanary, "main/active_node")])
        #expect(report.failure?.reason == "no_active_node")
    }

    @Test func aLoadBalancerThatLeadsAstrayIsSeen() async throws {
        let http = ScriptedHTTP { request in
            guard request.url.hasPrefix("https://vault/") else { return VaultProbesTests.healthy(request) }
            return .success(Recording.response("raft.standby.health"))
        }
        let report = try #require(
            await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))[
                ProbeTarget(.vaultLoadBalancer, "main")])
        #expect(report.samples.value("vault_load_balancer_reaches_active") == 0)
        #expect(report.samples.value("vault_load_balancer_answers_total", ["state": "standby"]) == 1)
        #expect(report.samples.value("vault_load_balancer_answers_total", ["state": "active"]) == 0)
        #expect(report.samples.value("vault_load_balancer_same_cluster") == 0)
    }

    /// A balancer that has no node to route to answers by itself.
    @Test(arguments: [
        json(503, "<html><body><h1>503 Service Unavailable</h1></body></html>"), json(502, ""), json(504, "upstream"),
    ])
    func aLoadBalancersOwnAnswerIsNone(answer: HTTPResponse) async throws {
        let http = ScriptedHTTP {
            $0.url.hasPrefix("https://vault/") ? .success(answer) : VaultProbesTests.healthy($0)
        }
        let report = try #require(
            await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))[
                ProbeTarget(.vaultLoadBalancer, "main")])
        #expect(report.samples.value("vault_load_balancer_up") == 0)
        #expect(report.status.health == .critical)
    }

    @Test func aLoadBalancerMayChooseStandbys() async throws {
        let http = ScriptedHTTP {
            $0.url.hasPrefix("https://vault/")
                ? .success(Recording.response("standby.health")) : VaultProbesTests.healthy($0)
        }
        let report = try #require(
            await reports(
                VaultCluster(
                    options: options { $0.loadBalancerAccepts = [.active, .standby] }, http: http,
                    platform: testPlatform()))[ProbeTarget(.vaultLoadBalancer, "main")])
        #expect(report.samples.value("vault_load_balancer_accepts", ["state": "standby"]) == 1)
        #expect(report.samples.value("vault_load_balancer_up") == 1 && report.status.health == .ok)
    }

    /// Gauges hold the host's name unless `disable_hostname` is set; `metrics_prefix` replaces `vault`.
    /// Source: vault#1898, vault#7902; go-metrics puts the name into gauges alone.
    @Test func telemetryUnderOtherNames() async throws {
        let page = """
            # TYPE acme_host1_expire_num_leases gauge
            acme_host1_expire_num_leases 7
            # TYPE acme_host1_runtime_alloc_bytes gauge
            acme_host1_runtime_alloc_bytes 5
            # TYPE acme_host1_token_count_by_ttl gauge
            acme_host1_token_count_by_ttl{creation_ttl="+Inf"} 2
            # TYPE acme_core_handle_request summary
            acme_core_handle_request_sum 2500
            acme_core_handle_request_count 5
            # TYPE acme_barrier_get summary
            acme_barrier_get_sum 1
            acme_barrier_get_count 1

            """
        for text in [
            page, page.replacing("acme_", with: "vault_"),
            page.replacing("acme_host1_", with: "vault_").replacing("acme_", with: "vault_"),
        ] {
            let http = ScriptedHTTP {
                $0.url.contains("/sys/metrics") ? .success(json(200, text)) : VaultProbesTests.healthy($0)
            }
            let samples = try #require(
                await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))[
                    ProbeTarget(.vaultTelemetry, "main/a")]
            ).samples
            #expect(samples.value("vault_telemetry_leases") == 7, "\(text)")
            #expect(samples.value("vault_telemetry_tokens_by_ttl", ["creation_ttl": "+Inf"]) == 2)
            #expect(samples.value("vault_telemetry_request_duration_seconds_sum") == 2.5)
            #expect(samples.value("vault_telemetry_recognized") == 1)
        }
    }

    @Test func aChangeAsksTheOtherNodesAgain() async throws {
        let isSealed = Mutex(false)
        let http = ScriptedHTTP { request in
            let sealed = isSealed.withLock { $0 }
            return sealed && request.url == "https://a:8200/v1/sys/health"
                ? .success(Recording.response("sealed.health")) : VaultProbesTests.healthy(request)
        }
        let cluster = VaultCluster(options: options(), http: http, platform: testPlatform())
        let probe = try #require(cluster.probes().first { $0.target == ProbeTarget(.vaultNode, "main/a") })
        #expect(await probe.run().confirm.isEmpty)
        #expect(await probe.run().confirm.isEmpty)
        isSealed.withLock { $0 = true }
        #expect(await probe.run().confirm == [ProbeTarget(.vaultNode, "main/b")])
    }

    @Test func telemetryIsTranslatedToBaseUnits() async throws {
        let page = """
            vault_core_handle_request{quantile="0.5"} NaN
            vault_core_handle_request_sum 2500
            vault_core_handle_request_count 5
            vault_postgres_get_sum 40
            vault_postgres_get_count 8
            vault_token_count{cluster="c",namespace="root"} 3
            vault_token_count{cluster="c",namespace="team/"} 4
            vault_core_response_status_code{code="500",type="5xx"} 1
            vault_core_response_status_code{code="503",type="5xx"} 2
            vault_secret_kv_count{cluster="c",mount_point="secret/",namespace="root"} 7
            vault_audit_file__log_request_count 3
            vault_audit_log_request_failure 0
            vault_core_unsealed{cluster=""} 1
            vault_core_active{cluster="c"} 1
            vault_route_read_secret__sum 5

            """
        let http = ScriptedHTTP {
            $0.url.contains("/sys/metrics") ? .success(json(200, page)) : VaultProbesTests.healthy($0)
        }
        let samples = try #require(
            await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))[
                ProbeTarget(.vaultTelemetry, "main/a")]
        ).samples
        #expect(samples.value("vault_telemetry_request_duration_seconds_sum") == 2.5)
        #expect(samples.value("vault_telemetry_request_duration_seconds_count") == 5)
        #expect(
            samples.value("vault_telemetry_storage_duration_seconds_sum", ["backend": "postgres", "operation": "get"])
                == 0.04)
        #expect(samples.value("vault_telemetry_tokens") == 7)
        #expect(samples.value("vault_telemetry_responses_total", ["type": "5xx"]) == 3)
        #expect(samples.value("vault_telemetry_kv_secrets", ["mount": "secret/", "namespace": "root"]) == 7)
        #expect(
            samples.value(
                "vault_telemetry_audit_device_duration_seconds_count", ["device": "file", "kind": "request"]) == 3)
        #expect(samples.value("vault_telemetry_audit_failures_total", ["kind": "request"]) == 0)
        #expect(samples.value("vault_telemetry_recognized") == 0)
        #expect(samples.count == 11)
    }

    @Test func telemetryNotOfferedIsNoFailure() async throws {
        let http = ScriptedHTTP { request in
            request.url.contains("/sys/metrics")
                ? .success(json(400, #"{"errors":["missing client token"]}"#)) : VaultProbesTests.healthy(request)
        }
        let report = try #require(
            await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))[
                ProbeTarget(.vaultTelemetry, "main/b")])
        #expect(report.failure == nil && report.samples.value("vault_telemetry_up") == 0)
        let broken = ScriptedHTTP {
            $0.url.contains("/sys/metrics") ? .success(json(200, "{{{")) : VaultProbesTests.healthy($0)
        }
        let other = try #require(
            await reports(VaultCluster(options: options(), http: broken, platform: testPlatform()))[
                ProbeTarget(.vaultTelemetry, "main/b")])
        #expect(other.failure?.reason == "body")
    }

    /// The number of mounts is up to those who may create them.
    @Test func seriesFromTelemetryAreBounded() async throws {
        let page = (0..<5000).map { "vault_secret_kv_count{mount_point=\"m\($0)/\"} 1\n" }.joined()
        let http = ScriptedHTTP {
            $0.url.contains("/sys/metrics") ? .success(json(200, page)) : VaultProbesTests.healthy($0)
        }
        let report = try #require(
            await reports(VaultCluster(options: options(), http: http, platform: testPlatform()))[
                ProbeTarget(.vaultTelemetry, "main/a")])
        #expect(report.samples.count { $0.labels.name == "vault_telemetry_kv_secrets" } == 200)
    }

    /// A node's three questions go over one kept connection.
    @Test func sixHundredNodesTakeSixHundredConnections() async throws {
        let server = try RawServer.http(everyAddress: true) { _ in RawServer.ok("{}") }
        let transport = CurlTransport(platform: testPlatform(SystemTime()))
        var options = VaultClusterOptions(
            name: "main",
            nodes: (0..<600).map { number in
                .init(
                    name: "n\(number)", url: "http://127.0.\(1 + number / 200).\(1 + number % 200):\(server.port)")
            })
        options.timeout = .seconds(30)
        let probes = VaultCluster(options: options, http: transport, platform: testPlatform(SystemTime())).probes()
            .filter { $0.target.kind == .vaultNode }
        #expect(probes.count == 600)
        for _ in 0..<3 {
            await withDiscardingTaskGroup { group in
                for probe in probes {
                    group.addTask {
                        let report = await probe.run()
                        #expect(report.samples.value("vault_node_endpoint_up", ["endpoint": "leader"]) == 1)
                    }
                }
            }
            #expect(server.connections == 600)
        }
        transport.close()
    }

    /// A canary that gets no answer holds up its own connection alone: health, seal status and leader go over another.
    @Test func aHangingCanaryDelaysNoHealth() async throws {
        let (asked, asking) = AsyncStream<Void>.makeStream()
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                if request.contains("/canary") {
                    asking.yield()
                    _ = connection.read()
                    return
                }
                let name =
                    request.contains("/leader")
                    ? "leader" : request.contains("/seal-status") ? "seal-status" : "health"
                guard connection.write(RawServer.ok(Recording.response("active." + name).text)) else { return }
            }
        }
        let transport = CurlTransport(platform: testPlatform(SystemTime()))
        let options = options {
            $0.nodes = [.init(name: "a", url: server.url)]
            $0.loadBalancerURL = nil
            $0.telemetry = false
            $0.authentication = .token(Secret(value: "s.file"))
            $0.timeout = .seconds(60)
        }
        let cluster = VaultCluster(options: options, http: transport, platform: testPlatform(SystemTime()))
        let probes = cluster.probes()
        let node = try #require(probes.first { $0.target.kind == .vaultNode })
        let canary = try #require(probes.first { $0.target.kind == .vaultCanary })
        _ = await node.run()
        let hanging = Task { await canary.run() }
        for await _ in asked { break }
        for _ in 0..<3 {
            let samples = await node.run().samples
            for endpoint in ["health", "seal_status", "leader"] {
                #expect(samples.value("vault_node_endpoint_up", ["endpoint": endpoint]) == 1)
            }
        }
        hanging.cancel()
        #expect(await hanging.value.failure != nil)
        transport.close()
        server.stop()
    }

    /// Whatever the first answer takes is missing for the others: a probe is over when one request would be.
    @Test func threeQuestionsTakeNoLongerThanOneMay() async throws {
        let time = VirtualTime()
        let asked = Mutex<[(path: String, timeout: Duration)]>([])
        let http = SlowHTTP(time: time) { request in
            asked.withLock { $0.append((String(request.url.suffix(6)), request.timeout)) }
            return request.url.hasSuffix("health") ? .seconds(3) : .milliseconds(600)
        }
        let cluster = VaultCluster(options: options(), http: http, platform: testPlatform(time))
        let probe = try #require(cluster.probes().first { $0.target == ProbeTarget(.vaultNode, "main/a") })
        let run = Task { await probe.run() }
        await time.run(for: .seconds(5))
        let samples = await run.value.samples
        #expect(asked.withLock { $0.map(\.path) } == ["health", "status", "leader"])
        #expect(asked.withLock { $0.map(\.timeout) } == [.seconds(4), .seconds(1), .milliseconds(400)])
        #expect(samples.value("vault_node_endpoint_up", ["endpoint": "health"]) == 1)
        #expect(samples.value("vault_node_endpoint_up", ["endpoint": "seal_status"]) == 1)
        #expect(samples.value("vault_node_endpoint_up", ["endpoint": "leader"]) == 0)
    }

    /// A node that was out of reach a moment ago is not tried three times.
    @Test func aNodeOutOfReachIsAskedOnce() async throws {
        let server = try RawServer { _ in }
        let url = server.url
        server.stop()
        var options = VaultClusterOptions(name: "main", nodes: [.init(name: "a", url: url)])
        options.telemetry = false
        let transport = CurlTransport(platform: testPlatform(SystemTime()))
        let counted = CountedHTTP(transport)
        let cluster = VaultCluster(options: options, http: counted, platform: testPlatform(SystemTime()))
        let report = await cluster.probes()[0].run()
        #expect(report.failure?.reason == "connect")
        #expect(counted.count == 1)
        #expect(report.samples.value("vault_node_endpoint_up", ["endpoint": "leader"]) == 0)
        transport.close()
    }
}

/// Answers 200 with an empty object after a time of the test's choosing, or fails at the request's timeout.
private struct SlowHTTP: HTTPClient {
    let time: VirtualTime
    let delay: @Sendable (HTTPRequest) -> Duration

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let delay = delay(request)
        try? await time.sleep(for: min(delay, request.timeout))
        guard delay <= request.timeout else { throw TransportError(.timeout, "slow") }
        return json(200, "{}")
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        throw TransportError(.other, "not scripted")
    }
}

private final class CountedHTTP: HTTPClient {
    private let client: any HTTPClient
    private let requests = Mutex(0)
    var count: Int { requests.withLock { $0 } }

    init(_ client: any HTTPClient) { self.client = client }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        requests.withLock { $0 += 1 }
        return try await client.send(request)
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        try await client.stream(request, receive: receive)
    }
}
