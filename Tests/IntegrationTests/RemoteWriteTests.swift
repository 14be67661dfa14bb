import Foundation
import Lab
import Platform
import Testing

/// Remote write to Debian's Prometheus, which is what it speaks of: the same values there as here, through an outage of
/// the server and a kill of the agent.
struct RemoteWriteTests {
    /// Prometheus with its receiver, on a port and a folder that outlive it.
    private final class Server {
        let port: UInt16
        let folder: TemporaryDirectory
        private var process: ChildProcess?

        init() throws {
            port = try freePort()
            folder = try TemporaryDirectory()
            try folder.write("p.yml", "global: {}\n")
        }

        func start() async throws {
            var options = ChildProcess.Options()
            options.standardOutput = .discard
            process = try await ChildProcess.start(
                "prometheus",
                [
                    "--config.file=\(folder.file("p.yml"))", "--storage.tsdb.path=\(folder.file("data"))",
                    "--web.listen-address=127.0.0.1:\(port)", "--web.enable-remote-write-receiver", "--log.level=warn",
                ], options: options)
            let url = url
            let isReady = await waitUntil { (try? await ChildProcess.run("curl", ["-sf", url + "/-/ready"])) != nil }
            #expect(isReady)
        }

        func stop() async { await process?.terminate() }

        var url: String { "http://127.0.0.1:\(port)" }

        /// What it complained of: a refused sample is an error there.
        var log: String {
            process.map { String(decoding: $0.standardError(limit: 1 << 16), as: UTF8.self) } ?? ""
        }
    }

    private struct Answer: Decodable {
        struct Body: Decodable {
            var result: [Series]
        }
        struct Series: Decodable {
            var metric: [String: String]
            var values: [Point]?
            var value: Point?
        }
        struct Point: Decodable {
            var time: Double
            var text: String

            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                time = try list.decode(Double.self)
                text = try list.decode(String.self)
            }
        }
        var data: Body
    }

    private static func ask(_ url: String, _ query: String, at time: Double? = nil) async throws -> [Answer.Series] {
        var arguments = ["-sf", "--max-time", "10", "-G", url + "/api/v1/query", "--data-urlencode", "query=\(query)"]
        if let time { arguments += ["-d", "time=\(time)"] }
        let bytes = try await ChildProcess.run("curl", arguments)
        return try JSONDecoder().decode(Answer.self, from: Data(bytes)).data.result
    }

    /// All points of the last seconds up to a time, by series; without the external labels, which each series must have.
    private static func points(
        _ url: String, last seconds: Int, before end: Double, external: [String: String] = [:]
    ) async throws -> [String: [String]] {
        // In whole milliseconds: what is less is rounded by one and cut off by the other.
        let to = (end * 1000).rounded() / 1000
        var found: [String: [String]] = [:]
        let query = #"{__name__=~"vault_.+|estate:.+|ALERTS.*|vaultwatch_store_.+"}[\#(seconds)s]"#
        for series in try await ask(url, query, at: to) {
            for (name, value) in external {
                #expect(series.metric[name] == value, "\(series.metric)")
            }
            let name = series.metric.filter { external[$0.key] == nil }.map { "\($0.key)=\($0.value)" }.sorted().joined(
                separator: ",")
            // Prometheus 2 has a sample at the beginning of a range, and 3 has not.
            let points = (series.values ?? []).filter { $0.time > to - Double(seconds) + 0.0005 }
                .map { "\($0.time) \($0.text)" }
            if !points.isEmpty { found[name] = points }
        }
        return found
    }

    private static let rules = """
        groups:
          - name: g
            rules:
              - {record: 'estate:nodes:count', expr: 'count(vault_node_up)'}
              - {alert: Always, expr: 'vector(1)', annotations: {summary: x}}
        """
    private static let alerting = "route: {receiver: none}\nreceivers: [{name: none}]"
    private static let external = ["region": "eu", "__replica__": "a"]

    /// The example of packaging/README.md, with the server's address in place of the one there.
    private static func example(_ url: String) throws -> (global: String, remoteWrite: String) {
        let readme = try String(contentsOfFile: Binary.root + "/packaging/README.md", encoding: .utf8)
        let section = try #require(readme.components(separatedBy: "## Long history: remote write\n").last)
        let block = try #require(section.components(separatedBy: "```yaml\n").dropFirst().first)
        let lines = try #require(block.components(separatedBy: "\n```").first).components(separatedBy: "\n")
        let start = try #require(lines.firstIndex(of: "remote_write:"))
        return (
            lines[1..<start].joined().trimmingCharacters(in: .whitespaces),
            lines[start...].joined(separator: "\n").replacingOccurrences(
                of: "http://prometheus.example.org:9090", with: url)
        )
    }

    /// The time up to which the server has everything, in seconds.
    private static func sentUpTo(_ agent: RunningAgent) async throws -> Double {
        try await agent.metric(#"vaultwatch_remote_write_highest_sent_timestamp_seconds{remote_name="prometheus"}"#)
            ?? 0
    }

    /// 2.42 knows version 1 alone. It answers version 2 with 204 and takes nothing of it, which must not go unnoticed.
    @Test(arguments: ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"])
    func prometheusHasTheSameValues(_ message: String) async throws {
        let server = try Server()
        try await server.start()
        let estate = try await Estate.quiet()
        let nodes = try estate.endpoints().nodes.map { "{name: \($0.name), url: '\($0.url)'}" }.joined(separator: ", ")
        let example = try Self.example(server.url)
        let agent = try RunningAgent(Self.alerting, Self.rules, global: example.global) { _ in
            """
            vault: {clusters: [{name: test, nodes: [\(nodes)]}]}
            \(example.remoteWrite)
                protobuf_message: \(message)
                queue_config: {batch_send_deadline: 1s, min_backoff: 100ms, max_backoff: 1s}
            """
        }
        try await agent.start()
        let hasArrived = await waitUntil {
            (try? await Self.ask(server.url, #"count_over_time(vault_node_up{region="eu"}[1m]) > 5"#).count) == 3
        }
        #expect(hasArrived, "\(agent.log)\n\(server.log)")

        // The server is away, and the agent is killed meanwhile.
        await server.stop()
        let isWaiting = await waitUntil {
            let waiting = try? await agent.metric(#"vaultwatch_remote_write_samples_pending{remote_name="prometheus"}"#)
            return waiting ?? 0 > 1000
        }
        #expect(isWaiting, "\(agent.log)")
        let before = Date().timeIntervalSince1970
        // What is in memory alone, of the last second, may go with the process.
        let isOnDisk = await waitUntil { Date().timeIntervalSince1970 > before + 3 }
        #expect(isOnDisk)
        let ours = try await Self.points(agent.url, last: 10, before: before)
        #expect(ours.count > 50 && ours.values.contains { $0.count >= 8 }, "\(ours.count) series")
        await agent.kill()
        try await agent.start()
        let after = Date().timeIntervalSince1970
        try await server.start()
        let hasCaughtUp = await waitUntil(atMost: .seconds(60)) { (try? await Self.sentUpTo(agent)) ?? 0 > after + 8 }
        #expect(hasCaughtUp, "\(agent.log)\n\(server.log)")

        let theirs = try await Self.points(server.url, last: 10, before: before, external: Self.external)
        #expect(theirs == ours, "\(Self.difference(theirs, ours))")
        let later = [
            try await Self.points(agent.url, last: 4, before: after + 7),
            try await Self.points(server.url, last: 4, before: after + 7, external: Self.external),
        ]
        #expect(later[0] == later[1] && later[0].count > 50, "\(Self.difference(later[1], later[0]))")
        for name in ["estate:nodes:count", "ALERTS"] {
            #expect(ours.keys.contains { $0.contains("__name__=\(name)") }, "\(ours.keys.sorted())")
        }
        let page = try await agent.get("/metrics")
        let refused = #"vaultwatch_remote_write_samples_failed_total{reason="400",remote_name="prometheus"}"#
        #expect(RunningAgent.value(refused, in: page) == 0, "\(agent.log)")
        await agent.stop()
        await server.stop()
        await estate.stop()
        server.folder.remove()
    }

    /// An endpoint that a reload adds gets samples, one that it changes gets what waited for it, and one that it removes
    /// leaves nothing behind.
    @Test func aReloadTakesEffect() async throws {
        let sink = try await Sink.start()
        let agent = try RunningAgent(Self.alerting, Self.rules)
        let file = agent.folder.path + "/vaultwatch.yml"
        let without = try String(contentsOfFile: file, encoding: .utf8)
        func configure(_ path: String?) async throws {
            let section = path.map {
                "remote_write: [{url: '\(sink.url)\($0)', name: a, queue_config: {batch_send_deadline: 1s}}]\n"
            }
            try (without + (section ?? "")).write(toFile: file, atomically: true, encoding: .utf8)
        }
        try await agent.start()
        sink.reply("/one", 503)
        try await configure("/one")
        try await agent.reload()
        func metric(_ name: String) async -> Double {
            ((try? await agent.metric("vaultwatch_remote_write_\(name){remote_name=\"a\"}")) ?? nil) ?? 0
        }
        #expect(await waitUntil { await metric("samples_retried_total") > 0 }, "\(agent.log)")
        let waiting = await metric("samples_pending")
        #expect(waiting > 0)
        #expect(await metric("samples_total") == 0)

        try await configure("/two")
        try await agent.reload()
        #expect(await waitUntil { await metric("samples_total") > waiting }, "\(agent.log)")
        #expect(!sink.heard("/two").isEmpty)

        try await configure(nil)
        try await agent.reload()
        let queue = agent.folder.path + "/state/remote_write"
        let isEmpty = await waitUntil { (try? FileManager.default.contentsOfDirectory(atPath: queue)) == [] }
        #expect(isEmpty, "\(agent.log)")
        await agent.stop()
        await sink.stop()
    }

    private static func difference(_ theirs: [String: [String]], _ ours: [String: [String]]) -> String {
        Set(theirs.keys).union(ours.keys).filter { theirs[$0] != ours[$0] }.sorted().prefix(5).map {
            "\($0): there \(theirs[$0] ?? []), here \(ours[$0] ?? [])"
        }.joined(separator: "\n")
    }
}
