import Foundation
import Lab
import Platform
import TestServers
import Testing

/// Attacks on the running program's threads: files, name servers, readers of the log and receivers that do not answer. Its
/// probes and pages go on.
@Suite(.serialized) struct HeldThreadsTests {
    private static let forever = "2099-01-01T00:00:00Z"

    private func alerting(_ sink: Sink, _ more: String = "") -> String {
        """
        route: {receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 1s\(more)}
        receivers:
          - {name: ops, webhook_configs: [{url: "\(sink.url)/ops"}]}
          - {name: far, webhook_configs: [{url: "http://hook.dead.example/"}]}
          - {name: slow, webhook_configs: [{url: "\(sink.url)/slow", timeout: 2s}]}
        """
    }

    /// One node, which the sink plays.
    private func targets(_ sink: Sink, _ more: String = "", nodes: String = "") -> String {
        "vault: {clusters: [{name: test, nodes: [{name: live, url: '\(sink.url)'}\(nodes)]\(more)}]}"
    }

    private func makeFIFO(_ path: String) throws {
        unlink(path)
        try #require(mkfifo(path, 0o600) == 0)
    }

    private func page(_ agent: RunningAgent, _ sink: Sink, _ name: String) async throws {
        try await agent.post("\"alertname\":\"\(name)\",\"severity\":\"critical\"", endsAt: Self.forever)
        #expect(await waitUntil { sink.heard("/ops").contains { $0.contains("\"\(name)\"") } }, "\(agent.log)")
    }

    /// The node is asked again and again.
    private func probesGoOn(_ sink: Sink, _ count: Int = 5) async -> Bool {
        let before = sink.heard("/v1/sys/health").count
        return await waitUntil(atMost: .seconds(90)) { sink.heard("/v1/sys/health").count >= before + count }
    }

    private func query(_ agent: RunningAgent, _ name: String) async -> String {
        (try? await agent.get("/api/v1/query?query=\(name)")) ?? ""
    }

    @Test func filesThatAreFIFOs() async throws {
        let sink = try await Sink.start()
        let agent = try RunningAgent(alerting(sink)) { folder in
            let token = try folder.write("token", "t")
            try makeFIFO(folder.file("record"))
            return targets(sink, ", token_file: \(token)") + "\nrecords: [\(folder.file("record"))]"
        }
        try await agent.start()
        #expect(await waitUntil { await query(agent, "records_readable").contains(#""0"]"#) }, "\(agent.log)")
        for name in ["rules.yml", "token"] {
            try makeFIFO(agent.folder.file(name))
            await #expect(throws: (any Error).self) { try await agent.reload() }
            let lines = agent.log.split(separator: "\n")
            #expect(
                lines.contains {
                    $0.contains("reload refused") && $0.contains("/\(name):")
                        && $0.contains("is a FIFO (named pipe); expected a regular file")
                }, "\(agent.log)")
        }
        #expect(await probesGoOn(sink))
        try await page(agent, sink, "Paged")
        await agent.stop()
        await sink.stop()
    }

    /// Calls on the mount do not return: of a token while the agent runs, of a token and of records from its start.
    @Test func filesOnADeadMount() async throws {
        let sink = try await Sink.start()
        let record = #"{"event":"vault_backup_completed","time":"2025-11-20T03:00:00Z"}"# + "\n"
        let library = URL(filePath: Binary.path).deletingLastPathComponent().appending(path: "libHangingDisk.so").path
        for (hasRecords, isDeadAtStart) in [(false, false), (false, true), (true, true)] {
            let agent = try RunningAgent(alerting(sink)) { folder in
                try #require(mkdir(folder.file("mount"), 0o755) == 0)
                if !hasRecords {
                    let token = try folder.write("mount/token", "t")
                    return targets(sink, ", token_file: \(token)")
                }
                let names = (0..<8).map { "mount/record-\($0)" }
                for name in names { try folder.write(name, record) }
                return targets(sink) + "\nrecords: [\(names.map(folder.file).joined(separator: ", "))]"
            }
            let flag = agent.folder.file("hang")
            if isDeadAtStart { try agent.folder.write("hang", "") }
            try await agent.start([
                "env", "LD_PRELOAD=\(library)", "HANGING_DISK_FLAG=\(flag)",
                "HANGING_DISK_FOLDER=\(agent.folder.file("mount"))",
            ])
            try agent.folder.write("hang", "")
            #expect(await probesGoOn(sink, 2))
            try await page(agent, sink, "Paged\(hasRecords)\(isDeadAtStart)")
            if hasRecords {
                let isTold = await waitUntil(atMost: .seconds(120)) {
                    await query(agent, "sum(records_readable)").contains(#""0"]"#)
                }
                #expect(isTold, "\(agent.log)")
            }
            #expect(await probesGoOn(sink, 2))
            unlink(flag)
            await agent.stop()
        }
        await sink.stop()
    }

    /// Three name servers that take questions and answer none.
    @Test func nameServersThatAreDead() async throws {
        if let refusal = KernelFeature.namespaces.refusal, !KernelFeature.namespaces.isRequired {
            print("skipped: \(refusal)")
            return
        }
        let addresses = (1...3).map { "127.\(Int.random(in: 1...250)).\(Int.random(in: 1...250)).\($0)" }
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        for text in addresses {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(53).bigEndian
            inet_pton(AF_INET, text, &address.sin_addr)
            let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            sockets.append(server)
            let isBound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(isBound == 0, "\(String(cString: strerror(errno)))")
        }
        let sink = try await Sink.start()
        let nodes = (0..<40).map { ", {name: dead-\($0), url: 'http://node-\($0).dead.example:8200'}" }.joined()
        let route = ", routes: [{receiver: far, continue: true, matchers: [team=far]}, {receiver: ops}]"
        let agent = try RunningAgent(alerting(sink, route)) { folder in
            try folder.write("resolv.conf", addresses.map { "nameserver \($0)\n" }.joined())
            return targets(sink, nodes: nodes)
        }
        let mount = "mount --bind \(agent.folder.file("resolv.conf")) /etc/resolv.conf && exec \"$@\""
        try await agent.start(["unshare", "--mount", "sh", "-c", mount, "sh"])
        for index in 0..<20 {
            try await agent.post(
                "\"alertname\":\"A\(index)\",\"severity\":\"critical\",\"team\":\"far\"", endsAt: Self.forever)
        }
        var most = 0
        let before = sink.heard("/v1/sys/health").count
        let goesOn = await waitUntil(atMost: .seconds(120)) {
            most = max(most, (try? agent.status())?.threads ?? 0)
            return sink.heard("/v1/sys/health").count >= before + 25
        }
        #expect(goesOn, "\(agent.log)")
        try await page(agent, sink, "Paged")
        // 16 lookups for probes and 16 for delivery beside what there is at rest; each failed connect left one before.
        let cores = ProcessInfo.processInfo.activeProcessorCount
        #expect(most <= 32 + 24 + 2 * cores, "\(most) threads")
        let failures = try await agent.get("/metrics").split(separator: "\n").filter {
            $0.hasPrefix("vaultwatch_probe_failures_total{") && $0.contains(#"target="test/live""#)
                && !$0.hasSuffix(" 0")
        }
        #expect(failures.allSatisfy { !$0.contains("dns") && !$0.contains("timeout") }, "\(failures)")
        print(
            "dead name servers: \(most) threads at most, \(sink.heard("/v1/sys/health").count) probes of the live node")
        await agent.stop()
        await sink.stop()
    }

    /// Standard error is a pipe that is full from the start and that nobody reads.
    @Test func aLogThatNobodyReads() async throws {
        let sink = try await Sink.start()
        let agent = try RunningAgent(alerting(sink)) { _ in targets(sink) }
        let fifo = agent.folder.file("log")
        try makeFIFO(fifo)
        let reader = open(fifo, O_RDWR | O_NONBLOCK)
        try #require(reader >= 0)
        defer { close(reader) }
        let filler = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
        while write(reader, filler, filler.count) > 0 {}
        try await agent.start(["sh", "-c", "exec \"$@\" 2>\(fifo)", "sh"])
        #expect(await probesGoOn(sink))
        try await page(agent, sink, "Paged")
        #expect(try await agent.metric("vaultwatch_log_lost_lines") == 0)
        // What was written meanwhile is not lost.
        var text: [UInt8] = []
        let isRead = await waitUntil {
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = read(reader, &chunk, chunk.count)
            if count > 0 { text += chunk[..<count] }
            return String(decoding: text, as: UTF8.self).contains("ts=")
        }
        #expect(isRead)
        await agent.stop()
        await sink.stop()
    }

    /// Messages have connections of their own: ten thousand that hang at once leave every probe its place.
    @Test func aBurstOfWebhooks() async throws {
        let sink = try await Sink.start()
        let route = ", routes: [{receiver: slow, matchers: [team=slow]}]"
        let agent = try RunningAgent(alerting(sink, route)) { _ in targets(sink) }
        sink.fallSilent("/slow")
        try await agent.start()
        for batch in 0..<20 {
            let alerts = (0..<500).map { index in
                #"{"labels":{"alertname":"B\#(batch)-\#(index)","team":"slow"},"endsAt":"\#(Self.forever)"}"#
            }
            let file = try agent.folder.write("alerts.json", "[\(alerts.joined(separator: ","))]")
            // Not all may be taken: alerts from outside have a quota.
            _ = try? await ChildProcess.run(
                "curl", ["-s", "-H", "Content-Type: application/json", "-d", "@\(file)", agent.url + "/api/v2/alerts"])
        }
        #expect(await probesGoOn(sink, 10))
        let starved = agent.log.split(separator: "\n").filter {
            $0.contains("not begun in")
        }
        #expect(starved.isEmpty, "\(starved)")
        await agent.stop()
        await sink.stop()
    }
}
