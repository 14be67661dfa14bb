import Foundation
import Lab
import Platform
import Synchronization
import TestServers
import Transport
#if canImport(Glibc)
    import Glibc
#endif

/// How late rules are evaluated while clients ask the heaviest queries that the API takes, some without reading the
/// answers. Lateness is the time from the moment at which a group is due to the next evaluation that began, read from
/// the timestamps of its own series, so that a moment without any evaluation counts as well.
struct RuleLatenessBenchmark {
    private static let groups = 20
    /// Milliseconds.
    private static let interval: Int64 = 200
    private static let span = Duration.seconds(30)
    /// Clients at once: of each kind of query, and of those that never read the answer.
    private static let clients = 4

    static func run(_ folder: String) async throws {
        print()
        print(
            "| \(groups) rule groups every \(interval) ms | p50 | p99 | worst | of health, p99 | queries answered | the longest | peak memory |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for isStorm in [false, true] { try await measure(folder + "/vaultwatch", isStorm: isStorm) }
    }

    private static func measure(_ program: String, isStorm: Bool) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(
            "rules.yml",
            "groups:\n"
                + (0..<groups).map {
                    "- {name: g\($0), interval: \(interval)ms, rules: [{record: tick, labels: {g: '\($0)'}, expr: vector(1)}]}\n"
                }.joined())
        try directory.write(
            "vaultwatch.yml",
            """
            global: {poll_interval: 5s, timeout: 1s}
            vault: {clusters: [{name: none, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            rules: [rules.yml]
            alerting: {route: {receiver: none}, receivers: [{name: none}]}
            """)
        let agent = try await MeasuredServer.vaultwatch(program, in: directory)
        let began = now()
        let (health, queries) = try await storm(agent.http, agent.url, agent.port, isStorm: isStorm)
        let ended = now()
        let lateness = try await lateness(agent.http, agent.url, began, ended)
        let memory = ((try? ProcessStatus(of: agent.process.pid))?.peakResidentBytes ?? 0) >> 20
        await agent.stop()
        func text(_ share: Double, _ values: [Double]) -> String {
            values.isEmpty ? "–" : "\(Int(values[min(values.count - 1, Int(Double(values.count) * share))])) ms"
        }
        print(
            "| \(isStorm ? "under a storm of queries" : "at rest") | \(text(0.5, lateness)) | \(text(0.99, lateness)) | \(text(1, lateness)) | \(text(0.99, health)) | \(queries.count) | \(text(1, queries)) | \(memory) MiB |"
        )
    }

    private final class Times: Sendable {
        private let all = Mutex<[Double]>([])
        func add(_ time: Double) { all.withLock { $0.append(time) } }
        var sorted: [Double] { all.withLock { $0.sorted() } }
    }

    /// Queries that compute for seconds within the limits: quantiles of 15-minute windows at 10,000 steps over 8 series.
    /// And one that returns all that there is.
    private static func queries(_ url: String) -> [String] {
        let end = now() / 1000
        let series = (0..<8).map { "label_replace(vector(time()) * 7919 % 1000, \"n\", \"\($0)\", \"\", \"\")" }
        func range(_ expression: String) -> String {
            "\(url)/api/v1/query_range?start=\(end - 9999)&end=\(end)&step=1&query=\(encoded(expression))"
        }
        return [
            range("quantile_over_time(0.9, (\(series.joined(separator: " or ")))[900s:1s])"),
            range("{__name__=~\".+\"}"),
        ]
    }

    /// - Returns: how long `/-/healthy` took meanwhile, and the queries that were answered, milliseconds, sorted.
    private static func storm(_ http: CurlTransport, _ url: String, _ port: UInt16, isStorm: Bool) async throws
        -> (health: [Double], queries: [Double])
    {
        let end = ContinuousClock.now + span
        let health = Times()
        let answered = Times()
        await withTaskGroup(of: Void.self) { group in
            if isStorm {
                for query in queries(url) {
                    for _ in 0..<clients {
                        group.addTask {
                            while ContinuousClock.now < end {
                                var request = HTTPRequest(url: query)
                                request.timeout = .seconds(15)
                                let began = ContinuousClock.now
                                if let answer = try? await http.send(request), answer.status == 200 {
                                    answered.add(milliseconds(ContinuousClock.now - began))
                                }
                                try? await Task.sleep(for: .milliseconds(20))
                            }
                        }
                    }
                }
                for _ in 0..<clients {
                    group.addTask {
                        let sockets = (0..<4).map { _ in unread(port, queries("")[0]) }
                        try? await Task.sleep(for: span)
                        for socket in sockets where socket >= 0 { close(socket) }
                    }
                }
            }
            group.addTask {
                while ContinuousClock.now < end {
                    let began = ContinuousClock.now
                    var request = HTTPRequest(url: url + "/-/healthy")
                    request.timeout = .seconds(60)
                    _ = try? await http.send(request)
                    let took = ContinuousClock.now - began
                    health.add(milliseconds(took))
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
        }
        return (health.sorted, answered.sorted)
    }

    /// A connection whose answer nobody reads. - Returns: -1 where there is none.
    private static func unread(_ port: UInt16, _ path: String) -> Int32 {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return -1 }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
        guard connected == 0, send(socket, request, request.utf8.count, 0) == request.utf8.count else {
            close(socket)
            return -1
        }
        return socket
    }

    /// Milliseconds, sorted, one for each moment at which one of the groups was due.
    private static func lateness(_ http: CurlTransport, _ url: String, _ from: Int64, _ to: Int64) async throws
        -> [Double]
    {
        var answer: HTTPResponse?
        let reached = await waitUntil(atMost: .seconds(120)) {
            var request = HTTPRequest(url: "\(url)/api/v1/query?query=\(encoded("tick[2m]"))&time=\(to / 1000 + 1)")
            request.timeout = .seconds(10)
            answer = try? await http.send(request)
            return answer?.status == 200
        }
        guard reached, let body = answer?.body else {
            throw ChildProcessError(program: "vaultwatch", reason: "does not answer any more")
        }
        let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        let series = (object?["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
        var all: [Double] = []
        for one in series {
            let values = one["values"] as? [[Any]] ?? []
            let times = values.compactMap { ($0.first as? Double).map { Int64(($0 * 1000).rounded()) } }
                .filter { $0 >= from + interval }
            guard let first = times.first else { continue }
            // Due at one of the phases that occur, the one that explains the evaluations best.
            let phases = Set(times.map { $0 % interval })
            func moments(_ phase: Int64) -> [Double] {
                var next = 0
                var found: [Double] = []
                for due in stride(from: first - first % interval + phase, to: to, by: Int(interval)) where due >= first
                {
                    while next < times.count, times[next] < due { next += 1 }
                    found.append(Double((next < times.count ? times[next] : to) - due))
                }
                return found.sorted()
            }
            let best = phases.map(moments).min {
                $0.reduce(0, +) < $1.reduce(0, +)
            }
            all += best ?? []
        }
        guard series.count == groups else {
            throw ChildProcessError(program: "vaultwatch", reason: "\(series.count) of \(groups) groups were evaluated")
        }
        return all.sorted()
    }

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    private static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    private static func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1000 + Double(duration.components.attoseconds) * 1e-15
    }
}
