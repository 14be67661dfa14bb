import Foundation
import Lab
import Platform
import Simulation
import Synchronization
import TestServers
import Testing

/// The real process with every target and receiver hostile at once, and clients that attack its page: the pages of the
/// one healthy node arrive in time all the same, and memory stays flat.
///
/// A minute of it; `VAULTWATCH_SOAK_SECONDS=n` for longer, as `make soak` does.
@Suite(.serialized) struct HostileEstateTests {
    private static let span = Duration.seconds(
        ProcessInfo.processInfo.environment["VAULTWATCH_SOAK_SECONDS"].flatMap(Int.init) ?? 60)
    /// Of the process, bytes. The unit's MemoryMax is above.
    private static let residentLimit = 160 << 20

    @Test func pagesArriveWhateverElseHappens() async throws {
        let servers = try HostileServers()
        let node = try SealableNode()
        let receiver = try PageReceiver()
        let folder = try TemporaryDirectory()
        let agent = try await start(folder, servers, node, receiver)
        let quiet = try await latencies(node, receiver, for: .seconds(10), "quiet", agent)
        let attackers = Task { await attack(agent) }
        let began = ContinuousClock.now
        let usage = Usage()
        let sampling = Task {
            while !Task.isCancelled {
                let status = try? ProcessStatus(of: agent.pid)
                let (resident, files) = (status?.residentBytes ?? 0, status?.openFiles ?? 0)
                let isEarly = ContinuousClock.now - began < HostileEstateTests.span / 10
                usage.peak.withLock { peak in
                    if isEarly { (peak.first, peak.files.0) = (max(peak.first, resident), max(peak.files.0, files)) }
                    (peak.last, peak.files.1) = (resident, files)
                    peak.highest = max(peak.highest, resident)
                }
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
        let attacked = try await latencies(node, receiver, for: HostileEstateTests.span, "attacked", agent)
        sampling.cancel()
        attackers.cancel()
        let requests = await attackers.value
        let memory = usage.peak.withLock { $0 }
        print(
            "pages: quiet \(HostileEstateTests.summary(quiet)), attacked \(HostileEstateTests.summary(attacked)); requests of attackers \(requests); resident at a tenth \(memory.first >> 20) MiB, at the end \(memory.last >> 20) MiB, at most \(memory.highest >> 20) MiB; open files \(memory.files.0), \(memory.files.1)"
        )
        #expect(memory.highest < HostileEstateTests.residentLimit, "\(memory.highest) bytes resident")
        #expect(memory.highest > 0)
        if HostileEstateTests.span >= .seconds(300) {
            #expect(Double(memory.last) < 1.05 * Double(memory.first), "\(memory)")
            #expect(memory.files.1 <= memory.files.0 + memory.files.0 / 20, "\(memory)")
        }
        #expect(await agent.process.terminate() == .exited(0), "\(agent.log)")
        servers.stop()
        node.server.stop()
        receiver.server.stop()
        folder.remove()
    }

    private final class Usage: Sendable {
        let peak = Mutex((first: 0, last: 0, highest: 0, files: (0, 0)))
        let requests = Mutex(0)
    }

    private struct Agent {
        let process: ChildProcess
        let url: String
        var pid: pid_t { process.pid }
        var log: String {
            String(decoding: process.standardError(limit: 1 << 20), as: UTF8.self).suffix(4000).description
        }
    }

    private func start(
        _ folder: TemporaryDirectory, _ servers: HostileServers, _ node: SealableNode, _ receiver: PageReceiver
    ) async throws -> Agent {
        let port = try freePort()
        for (name, text) in [("key", "AKIA"), ("secret", "s"), ("password", "p")] {
            _ = try folder.write(name, text, mode: 0o600)
        }
        _ = try folder.write(
            "rules.yml",
            """
            groups:
              - name: healthy
                rules:
                  - alert: VaultSealed
                    expr: vault_node_sealed{cluster="good"} == 1
                    labels: {severity: critical}
                    annotations: {vaultwatch_no_data: keep}
              - name: everything
                interval: 1s
                rules:
                  - {alert: Noise, expr: '{__name__=~"vault_.+|postgres_.+|backup_.+",cluster!="good"} > -Inf', labels: {severity: low}}
            """)
        let nodes = servers.nodes.enumerated().map { "{name: n\($0), url: '\($1.url)'}" }
        let databases = servers.databases.enumerated().map {
            "{name: db\($0), cluster: bad, host: 127.0.0.1, port: \($1.port), database: vault, user: u, sslmode: disable, password_file: \(folder.path)/password}"
        }
        let buckets = servers.buckets.enumerated().map {
            """
            {bucket: b\($0), endpoint: '\($1.url)', region: r, path_style: true, access_key_id_file: \(folder.path)/key, \
            secret_access_key_file: \(folder.path)/secret, poll_interval: 1s, timeout: 1s, \
            sets: [{name: s\($0), prefix: daily/, period: daily}]}
            """
        }
        let receivers = servers.receivers.enumerated().map {
            "{name: r\($0), webhook_configs: [{url: '\($1.url)/', timeout: 2s}]}"
        }
        let routes = servers.receivers.indices.map { "{receiver: r\($0), continue: true}" }
        let file = try folder.write(
            "vaultwatch.yml",
            """
            global: {poll_interval: 1s, timeout: 1s, evaluation_interval: 1s}
            vault:
              clusters:
                - {name: good, nodes: [{name: n, url: '\(node.server.url)'}]}
                - {name: bad, nodes: [\(nodes.joined(separator: ", "))]}
            postgres: {servers: [\(databases.joined(separator: ", "))]}
            backups: [\(buckets.joined(separator: ", "))]
            rules: [rules.yml]
            alerting:
              route:
                receiver: page
                group_wait: 0s
                group_interval: 1s
                routes: [{receiver: page, matchers: ['alertname=VaultSealed'], continue: true}, \(routes.joined(separator: ", "))]
              receivers:
                - {name: page, webhook_configs: [{url: '\(receiver.server.url)/', timeout: 5s}]}
            \(receivers.map { "    - " + $0 }.joined(separator: "\n"))
            storage: {path: \(folder.path)/state, retention: 2m}
            web: {listen_addresses: ["127.0.0.1:\(port)"], allow_anonymous_changes: true}
            """)
        let process = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)", "--log.level=error"])
        let agent = Agent(process: process, url: "http://127.0.0.1:\(port)")
        let isReady = await waitUntil {
            (try? await ChildProcess.run("curl", ["-sf", agent.url + "/-/ready"])) != nil
        }
        try #require(isReady, "\(agent.log)")
        return agent
    }

    /// Seals and unseals the healthy node until the time is over.
    /// - Returns: from each change to its page.
    private func latencies(
        _ node: SealableNode, _ receiver: PageReceiver, for span: Duration, _ name: String, _ agent: Agent
    ) async throws -> [Duration] {
        var all: [Duration] = []
        let end = ContinuousClock.now + span
        var isSealed = false
        while ContinuousClock.now < end {
            isSealed.toggle()
            let wanted = isSealed ? "firing" : "resolved"
            let began = ContinuousClock.now
            node.setSealed(isSealed)
            let isTold = await waitUntil(atMost: .seconds(60)) {
                receiver.last.map { $0.status == wanted && $0.at >= began } ?? false
            }
            try #require(isTold, "\(name): no page of \(wanted) within a minute; \(agent.log)")
            all.append((receiver.last?.at ?? .now) - began)
        }
        if isSealed {
            node.setSealed(false)
            #expect(await waitUntil { receiver.isResolved })
        }
        return all
    }

    /// Clients that do their worst until the task is cancelled.
    /// - Returns: how many requests were made.
    private func attack(_ agent: Agent) async -> Int {
        let usage = Usage()
        let query = "quantile_over_time(0.9,(vector(time())*7919%1000)[900s:1s])"
        let now = Int(Date().timeIntervalSince1970)
        let fat =
            "["
            + (0..<50).map {
                "{\"labels\":{\"alertname\":\"Fat\",\"n\":\"\($0)\",\"x\":\"\(String(repeating: "y", count: 60_000))\"}}"
            }.joined(separator: ",") + "]"
        let folder = try? TemporaryDirectory()
        let body = (try? folder?.write("fat.json", fat)) ?? ""
        let attacks: [[String]] = [
            [
                "-G", agent.url + "/api/v1/query_range", "--data-urlencode", "query=" + query, "-d",
                "start=\(now - 9999)&end=\(now)&step=1",
            ],
            [
                "-G", agent.url + "/api/v1/query_range", "--data-urlencode", "query={__name__=~\".+\"}", "-d",
                "start=\(now - 9999)&end=\(now)&step=1",
            ],
            [
                "-X", "POST", "-H", "Content-Type: application/json", "--data-binary", "@" + body,
                agent.url + "/api/v2/alerts",
            ],
            ["-X", "POST", agent.url + "/-/reload"],
            [agent.url + "/metrics"], [agent.url + "/api/v2/alerts"],
            [agent.url + "/api/v1/vaultwatch/history?limit=1000"],
            ["-H", "Host: evil.example", agent.url + "/"],
        ]
        await withTaskGroup(of: Void.self) { group in
            for words in attacks {
                group.addTask {
                    while !Task.isCancelled {
                        _ = try? await ChildProcess.run(
                            "curl", ["-s", "-g", "-o", "/dev/null", "--max-time", "20"] + words)
                        usage.requests.withLock { $0 += 1 }
                    }
                }
            }
        }
        return usage.requests.withLock { $0 }
    }

    private static func summary(_ times: [Duration]) -> String {
        let sorted = times.sorted().map { Int($0 / .milliseconds(1)) }
        guard !sorted.isEmpty else { return "none" }
        return
            "\(sorted.count), median \(sorted[sorted.count / 2]) ms, p99 \(sorted[min(sorted.count - 1, sorted.count * 99 / 100)]) ms"
    }
}
