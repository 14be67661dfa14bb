import Foundation
import Lab
import Platform
import Synchronization
import TestServers
import Text
import Transport
#if canImport(Glibc)
    import Glibc
#endif

/// Many Vault nodes over TLS, polled every 5 s: one agent with the shipped rules, then Debian's Prometheus with
/// blackbox_exporter, which ask each node for its health alone. nginx answers for the nodes, each under a loopback
/// address of its own, five nodes a cluster.
struct ScaleBenchmark {
    private static let warmUp = Duration.seconds(60)
    private static let span = Duration.seconds(60)
    private static let kills = 10

    private struct Figures {
        /// Percent of one core, of all processes together.
        var cpu = 0.0
        /// MiB, of all processes together.
        var resident = 0.0
        /// How many nodes count as up, after the span.
        var up = 0
        /// Milliseconds.
        var page: Double?
        /// MiB.
        var pageBytes: Double?
        /// Milliseconds until the webhook, sorted.
        var kills: [Double] = []
        /// Milliseconds until the webhook.
        var lostCluster: Double?
        /// How many messages told of the lost cluster.
        var lostClusterMessages = 0
    }

    static func run(_ folder: String, sizes: [Int]) async throws {
        print()
        print(
            "| Vault nodes | agent | CPU of a core | resident | nodes up | /metrics | killed node → webhook, median | slowest | lost cluster → webhook |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        var curves: (ours: [ScaleChart.Point], peers: [ScaleChart.Point]) = ([], [])
        for size in sizes.sorted() {
            let nodes = try await SimulatedNodes(clusters: max(1, size / SimulatedNodes.perCluster))
            do {
                let ours = try await measureOurs(folder + "/vaultwatch", nodes, kills: size == sizes.max() ? kills : 0)
                row(size, "vaultwatch", ours)
                let theirs = try await measurePeers(nodes)
                row(size, "Prometheus, blackbox_exporter", theirs)
                curves.ours.append(.init(nodes: size, cpu: ours.cpu, resident: ours.resident))
                curves.peers.append(.init(nodes: size, cpu: theirs.cpu, resident: theirs.resident))
                print(
                    "| \(size) | ratio | \(text(ours.cpu / theirs.cpu)) | \(text(ours.resident / theirs.resident)) | | | | | |"
                )
            } catch {
                await nodes.stop()
                throw error
            }
            await nodes.stop()
        }
        guard sizes.count > 1 else { return }
        let chart = ScaleChart(ours: curves.ours, peers: curves.peers, caption: caption())
        try Data(chart.svg().utf8).write(to: URL(filePath: "Tests/Benchmarks/scale.svg"))
    }

    /// The machine and the date.
    private static func caption() -> String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? "unknown"
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let date = Date().formatted(.iso8601.year().month().day())
        return
            "TLS, every 5 s; \(cores) cores of \(model.trimmingCharacters(in: .whitespaces)), which the nodes shared; \(date)"
    }

    private static func row(_ size: Int, _ agent: String, _ figures: Figures) {
        let page = figures.page.map { "\(text($0)) ms, \(text(figures.pageBytes ?? 0)) MiB" } ?? ""
        let median = figures.kills.isEmpty ? "" : "\(text(figures.kills[figures.kills.count / 2])) ms"
        let slowest = figures.kills.last.map { "\(text($0)) ms" } ?? ""
        let lost = figures.lostCluster.map { "\(text($0)) ms, messages: \(figures.lostClusterMessages)" } ?? ""
        print(
            "| \(size) | \(agent) | \(text(figures.cpu)) % | \(text(figures.resident)) MiB | \(figures.up) | \(page) | \(median) | \(slowest) | \(lost) |"
        )
    }

    private static func text(_ value: Double) -> String { String((value * 100).rounded() / 100) }

    // MARK: vaultwatch

    private static func measureOurs(_ program: String, _ nodes: SimulatedNodes, kills: Int) async throws -> Figures {
        let messages = Mutex<[String]>([])
        let receiver = try LabServer { request in
            messages.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
            return .response(LabResponse(200))
        }
        try await receiver.start()
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let clusters = nodes.clusters.enumerated().map { index, addresses in
            let list = addresses.enumerated().map { "{name: n\($0), url: 'https://\($1)'}" }
            return
                "  - {name: c\(index), ca_file: '\(nodes.caFile)', server_name: localhost, nodes: [\(list.joined(separator: ", "))]}"
        }
        try directory.write(
            "vaultwatch.yml",
            """
            global: {poll_interval: 5s, timeout: 2s}
            vault:
              clusters:
            \(clusters.joined(separator: "\n"))
            rules: ['\(FileManager.default.currentDirectoryPath)/rules/*.yml']
            alerting:
              route: {receiver: hook, group_by: [cluster], group_wait: 0s, group_interval: 1s, repeat_interval: 4h}
              receivers: [{name: hook, webhook_configs: [{url: '\(receiver.url)/'}]}]
            """)
        let agent = try await MeasuredServer.vaultwatch(program, in: directory, atMost: .seconds(60))
        var figures = try await rest([agent.process])
        figures.up = try await count(agent, "sum(vault_node_up)")
        var request = HTTPRequest(url: agent.url + "/metrics")
        request.timeout = .seconds(30)
        request.bodyLimitBytes = 64 << 20
        var pages: [Double] = []
        for _ in 0..<5 {
            let began = ContinuousClock.now
            let answer = try await agent.http.send(request)
            pages.append((ContinuousClock.now - began).seconds * 1000)
            figures.pageBytes = Double(answer.body.count) / 1_048_576
        }
        figures.page = pages.sorted()[2]
        let victim = nodes.victims
        for _ in 0..<kills {
            figures.kills.append(
                try await time(messages, "\"n\(victim.count - 1)\"") { victim[victim.count - 1].kill() }.milliseconds)
            try await revive([victim[victim.count - 1]], messages)
        }
        figures.kills.sort()
        if kills > 0 {
            let lost = try await time(messages, "\"c0\"") { for node in victim { node.kill() } }
            figures.lostCluster = lost.milliseconds
            try await Task.sleep(for: .seconds(5))
            figures.lostClusterMessages = messages.withLock { $0.count } - lost.before
            try await revive(victim, messages)
        }
        await agent.stop()
        await receiver.close()
        return figures
    }

    /// - Returns: until a firing message names `label`, in milliseconds, and how many messages there were before.
    private static func time(_ messages: borrowing Mutex<[String]>, _ label: String, _ fault: () -> Void) async throws
        -> (milliseconds: Double, before: Int)
    {
        let before = messages.withLock { $0.count }
        let began = ContinuousClock.now
        fault()
        while !messages.withLock({ all in all.dropFirst(before).contains { $0.contains(label) } }) {
            guard ContinuousClock.now < began + .seconds(40) else {
                throw ChildProcessError(program: "vaultwatch", reason: "has not told of the killed nodes")
            }
            try await Task.sleep(for: .microseconds(200))
        }
        return ((ContinuousClock.now - began).seconds * 1000, before)
    }

    private static func revive(_ nodes: [SimulatedNodes.Victim], _ messages: borrowing Mutex<[String]>) async throws {
        let before = messages.withLock { $0.count }
        for node in nodes { try await node.start() }
        _ = await waitUntil(atMost: .seconds(60)) {
            messages.withLock { all in all.dropFirst(before).contains { $0.contains("\"status\":\"resolved\"") } }
        }
        try await Task.sleep(for: .milliseconds(Int.random(in: 6000...11_000)))
    }

    // MARK: The peers

    private static func measurePeers(_ nodes: SimulatedNodes) async throws -> Figures {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(
            "blackbox.yml",
            """
            modules:
              vault:
                prober: http
                timeout: 2s
                http:
                  valid_status_codes: [200, 429]
                  tls_config: {ca_file: '\(nodes.caFile)', server_name: localhost}
            """)
        let exporter = "127.0.0.1:\(try freePort())"
        let targets = nodes.clusters.flatMap { $0 }.map { "'https://\($0)/v1/sys/health'" }
        try directory.write(
            "rules.yml", "groups: [{name: vault, rules: [{alert: VaultNodeDown, expr: probe_success == 0}]}]\n")
        try directory.write(
            "prometheus.yml",
            """
            global: {scrape_interval: 5s, scrape_timeout: 4s, evaluation_interval: 5s}
            rule_files: [rules.yml]
            scrape_configs:
            - job_name: vault
              metrics_path: /probe
              params: {module: [vault]}
              static_configs: [{targets: [\(targets.joined(separator: ", "))]}]
              relabel_configs:
              - {source_labels: [__address__], target_label: __param_target}
              - {source_labels: [__param_target], target_label: instance}
              - {target_label: __address__, replacement: '\(exporter)'}
            """)
        let blackbox = try await ChildProcess.start(
            "prometheus-blackbox-exporter",
            [
                "--config.file=\(directory.file("blackbox.yml"))", "--web.listen-address=\(exporter)",
                "--log.level=error",
            ])
        let prometheus = try await MeasuredServer("prometheus") { port in
            [
                "--config.file=\(directory.file("prometheus.yml"))", "--storage.tsdb.path=\(directory.file("data"))",
                "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
            ]
        }
        var figures = try await rest([blackbox, prometheus.process])
        figures.up = try await count(prometheus, "sum(probe_success)")
        await prometheus.stop()
        _ = await blackbox.terminate()
        return figures
    }

    // MARK: Both

    private static func rest(_ processes: [ChildProcess]) async throws -> Figures {
        try await Task.sleep(for: warmUp)
        let before = try processes.map { try ProcessFigures.cpuTicks($0.pid) }.reduce(0, +)
        try await Task.sleep(for: span)
        let after = try processes.map { try ProcessFigures.cpuTicks($0.pid) }.reduce(0, +)
        var figures = Figures()
        figures.cpu = Double(after - before) / Double(sysconf(Int32(_SC_CLK_TCK))) / span.seconds * 100
        figures.resident = try processes.map { try ProcessFigures.memory($0.pid).resident }.reduce(0, +)
        return figures
    }

    /// The value of a query, of an agent or a Prometheus.
    private static func count(_ server: MeasuredServer, _ query: String) async throws -> Int {
        struct Answer: Decodable {
            struct Data: Decodable { var result: [Sample] }
            struct Sample: Decodable {
                var value: String
                init(from decoder: any Decoder) throws {
                    var list = try decoder.container(keyedBy: Keys.self).nestedUnkeyedContainer(forKey: .value)
                    _ = try list.decode(Double.self)
                    value = try list.decode(String.self)
                }
                private enum Keys: String, CodingKey { case value }
            }
            var data: Data
        }
        let encoded = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? query
        let answer = try await server.http.send(HTTPRequest(url: server.url + "/api/v1/query?query=\(encoded)"))
        return Int(try JSONDecoder().decode(Answer.self, from: Data(answer.body)).data.result.first?.value ?? "") ?? 0
    }
}
