import Foundation
import Lab
import Platform
import Synchronization
import TestServers
import Transport

/// 10,000 alerts that fire at once, through grouping and the outbox to a loopback receiver: ours and Debian's
/// Alertmanager with the same configuration, in the same run, one after the other. Ours writes every step to the disk
/// before it acts; the peer does not.
struct AlertingBenchmark {
    private static let count = 10_000
    /// As many as Prometheus sends in one request.
    private static let batch = 64

    private struct Figures {
        /// From the first request to the last alert's arrival, seconds.
        var wall = 0.0
        /// User and system time of the process, start included, seconds.
        var cpu = 0.0
        /// Peak resident memory, MiB.
        var memory = 0.0
        var messages = 0
    }

    static func run(_ folder: String) async throws {
        print()
        print("| \(count) alerts at once | vaultwatch | alertmanager | ratio |")
        print("|---|---|---|---|")
        for (what, groupBy) in [("100 groups", "[cluster]"), ("a group each", "['...']")] {
            var ours: [Figures] = []
            var theirs: [Figures] = []
            for _ in 0..<3 {
                ours.append(try await measure(folder + "/vaultwatch", isOurs: true, groupBy))
                theirs.append(try await measure("prometheus-alertmanager", isOurs: false, groupBy))
            }
            row("\(what): to the last delivery, s", ours, theirs, \.wall)
            row("\(what): CPU, s", ours, theirs, \.cpu)
            row("\(what): peak memory, MiB", ours, theirs, \.memory)
        }
    }

    private static func row(_ what: String, _ ours: [Figures], _ theirs: [Figures], _ figure: KeyPath<Figures, Double>)
    {
        let a = ours.map { $0[keyPath: figure] }.sorted()[ours.count / 2]
        let b = theirs.map { $0[keyPath: figure] }.sorted()[theirs.count / 2]
        func text(_ value: Double) -> String { String((value * 100).rounded() / 100) }
        print("| \(what) | \(text(a)) | \(text(b)) | \(text(a / b)) |")
    }

    private static func measure(_ program: String, isOurs: Bool, _ groupBy: String) async throws -> Figures {
        let heard = Mutex<(alerts: Int, messages: Int)>((0, 0))
        let mark = Array("\"fingerprint\"".utf8)
        let receiver = try LabServer { request in
            let alerts = occurrences(of: mark, in: request.body)
            heard.withLock { heard in
                heard.alerts += alerts
                heard.messages += 1
            }
            return .response(LabResponse(200))
        }
        try await receiver.start()
        let directory = try TemporaryDirectory()
        try directory.write(
            "alertmanager.yml",
            """
            route: {receiver: hook, group_by: \(groupBy), group_wait: 1s, group_interval: 1s, repeat_interval: 4h}
            receivers: [{name: hook, webhook_configs: [{url: '\(receiver.url)/'}]}]
            """)
        try directory.write(
            "vaultwatch.yml",
            """
            global: {poll_interval: 1h, timeout: 100ms}
            vault: {clusters: [{name: none, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            alerting: {file: alertmanager.yml}
            web: {allow_anonymous_changes: true}
            """)
        let server =
            isOurs
            ? try await MeasuredServer.vaultwatch(program, in: directory)
            : try await MeasuredServer(program) { port in
                [
                    "--config.file=\(directory.file("alertmanager.yml"))", "--storage.path=\(directory.file("data"))",
                    "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=", "--log.level=error",
                ]
            }
        let began = ContinuousClock.now
        for start in stride(from: 0, to: count, by: batch) {
            var request = HTTPRequest(url: server.url + "/api/v2/alerts")
            request.method = "POST"
            request.headers = [("Content-Type", "application/json")]
            request.timeout = .seconds(60)
            request.body = Array(body(start..<min(start + batch, count)).utf8)
            let answer = try await server.http.send(request)
            guard answer.status == 200 else {
                throw ChildProcessError(program: program, reason: "refused alerts: \(answer.status) \(answer.text)")
            }
        }
        let arrived = await waitUntil(atMost: .seconds(120)) { heard.withLock { $0.alerts } >= count }
        let took = ContinuousClock.now - began
        guard arrived else {
            throw ChildProcessError(
                program: program, reason: "only \(heard.withLock { $0.alerts }) of \(count) alerts arrived")
        }
        let usage = usage(server.process.pid)
        await server.stop()
        await receiver.close()
        directory.remove()
        return Figures(
            wall: Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18, cpu: usage.cpu,
            memory: usage.memory,
            messages: heard.withLock { $0.messages })
    }

    private static func body(_ range: Range<Int>) -> String {
        "["
            + range.map { i in
                """
                {"labels":{"alertname":"Target\(i % 7)","cluster":"c\(i % 100)","instance":"host-\(i).example.org:9100","severity":"high","job":"node"},\
                "annotations":{"summary":"host-\(i) does not answer","description":"No answer for 5 minutes; the last one was fine.","runbook_url":"https://example.org/runbooks#target"},\
                "generatorURL":"http://rules.example.org/graph?g0.expr=up"}
                """
            }.joined(separator: ",") + "]"
    }

    private static func occurrences(of mark: [UInt8], in body: [UInt8]) -> Int {
        body.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            var count = 0
            var place = 0
            while place + mark.count <= bytes.count,
                let found = memchr(start + place, Int32(mark[0]), bytes.count - mark.count - place + 1)
            {
                place = start.distance(to: UnsafeRawPointer(found))
                if memcmp(found, mark, mark.count) == 0 { count += 1 }
                place += 1
            }
            return count
        }
    }

    /// From /proc; proc(5).
    private static func usage(_ pid: pid_t) -> (cpu: Double, memory: Double) {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        let ticks = fields.count > 12 ? (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0) : 0
        let peak = Double((try? ProcessStatus(of: pid))?.peakResidentBytes ?? 0)
        return (ticks / Double(sysconf(Int32(_SC_CLK_TCK))), peak / 1_048_576)
    }
}
