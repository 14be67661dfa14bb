import Foundation
import Lab
import Logging
import Platform
import Synchronization
import Testing
import Transport

/// One of the two programs in a scenario: Debian's Alertmanager or vaultwatch. Scripts drive both through the same
/// interface.
final class Peer: Sendable {
    enum Kind: String, Hashable, CaseIterable, Sendable {
        case alertmanager
        case vaultwatch
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let kind: Kind
    let scenario: String
    let collector: Collector
    private let folder: TemporaryDirectory
    private let port: UInt16
    private let http: CurlTransport
    private let process = Mutex<ChildProcess?>(nil)
    /// The configuration, and the number of the process that reads it.
    private let written: Mutex<(text: String, life: Int)>
    private let url: String

    init(_ kind: Kind, scenario: String, configuration: String, collector: Collector, http: CurlTransport) throws {
        self.kind = kind
        self.scenario = scenario
        self.collector = collector
        self.http = http
        folder = try TemporaryDirectory()
        port = try freePort()
        url = "http://127.0.0.1:\(port)"
        written = Mutex((configuration, 0))
        if kind == .vaultwatch {
            // A target is required; without rules it has no effect.
            try folder.write(
                "vaultwatch.yml",
                """
                global: {poll_interval: 1h, timeout: 100ms}
                vault: {clusters: [{name: none, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
                alerting: {file: alertmanager.yml}
                # As Alertmanager, which knows no logins of its own.
                web: {allow_anonymous_changes: true}
                """)
        }
    }

    /// Each process has URLs of its own, so that a late request of a killed one is not taken for its successor's.
    private func write() throws {
        let (text, life) = written.withLock { $0 }
        try folder.write(
            "alertmanager.yml", text.replacingOccurrences(of: "URL/", with: collector.url(scenario) + "/\(life)/"))
    }

    // MARK: The process

    /// - Parameter isWaiting: until it is ready.
    func start(isWaiting: Bool = true) async throws {
        let life = written.withLock { written in
            written.life += 1
            return written.life
        }
        collector.begin(kind, scenario, life: life)
        try write()
        let arguments =
            switch kind {
            case .alertmanager:
                [
                    "--config.file=\(folder.file("alertmanager.yml"))", "--storage.path=\(folder.file("data"))",
                    "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
                    "--web.external-url=https://watch.example.org", "--web.route-prefix=/",
                ]
            case .vaultwatch:
                [
                    "run", "--config.file=\(folder.file("vaultwatch.yml"))", "--storage.path=\(folder.file("data"))",
                    "--web.listen-address=127.0.0.1:\(port)", "--web.external-url=https://watch.example.org",
                ]
            }
        let child = try await ChildProcess.start(
            kind == .alertmanager ? "prometheus-alertmanager" : Binary.path, arguments)
        process.withLock { $0 = child }
        guard isWaiting else { return }
        let isReady = await waitUntil(atMost: .seconds(60)) {
            if child.exit != nil { return true }
            return (try? await http.send(HTTPRequest(url: url + "/-/ready")).status) == 200
        }
        guard isReady, child.exit == nil else {
            throw Failure(
                description:
                    "\(kind) did not start: \(String(decoding: child.standardError(limit: 4096), as: UTF8.self))")
        }
    }

    /// Stops the process as `systemctl restart` does (TERM) or as a power failure (KILL), and starts it again.
    func restart(_ signal: Int32 = SIGTERM) async throws {
        await stop(signal)
        try await start()
    }

    func stop(_ signal: Int32 = SIGTERM) async {
        let child = process.withLock { process in
            defer { process = nil }
            return process
        }
        _ = await child?.terminate(asking: [signal], grace: .seconds(20))
    }

    func remove() { folder.remove() }

    func reload(_ configuration: String) async throws {
        written.withLock { $0.text = configuration }
        try write()
        try await call("POST", "/-/reload")
    }

    // MARK: Its API

    @discardableResult
    private func call(_ method: String, _ path: String, _ body: Any? = nil) async throws -> Any? {
        var request = HTTPRequest(url: url + path)
        request.method = method
        request.timeout = .seconds(30)
        if let body {
            request.headers = [("Content-Type", "application/json")]
            request.body = Array(try JSONSerialization.data(withJSONObject: body))
        }
        let response = try await http.send(request)
        guard (200..<300).contains(response.status) else {
            throw Failure(description: "\(kind) \(method) \(path): \(response.status) \(response.text)")
        }
        return try? JSONSerialization.jsonObject(with: Data(response.body))
    }

    /// An alert to post; times are seconds from now.
    struct Posted: Sendable {
        var labels: [String: String]
        var annotations: [String: String] = [:]
        var starts: Double?
        var ends: Double?
        /// The start time as text, instead of `starts`.
        var startsAt: String?
        var generatorURL: String?

        init(
            _ name: String, _ labels: [String: String] = [:], annotations: [String: String] = [:],
            starts: Double? = nil, ends: Double? = nil
        ) {
            self.labels = labels.merging(["alertname": name]) { old, _ in old }
            self.annotations = annotations
            self.starts = starts
            self.ends = ends
        }
    }

    private func time(_ seconds: Double) -> String {
        Date(timeIntervalSinceNow: seconds).formatted(
            .iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true))
    }

    func post(_ alerts: Posted...) async throws {
        let list = alerts.map { alert in
            var out: [String: Any] = ["labels": alert.labels, "annotations": alert.annotations]
            if let starts = alert.starts { out["startsAt"] = time(starts) }
            if let text = alert.startsAt { out["startsAt"] = text }
            if let ends = alert.ends { out["endsAt"] = time(ends) }
            if let link = alert.generatorURL { out["generatorURL"] = link }
            return out
        }
        try await call("POST", "/api/v2/alerts", list)
    }

    /// Fires alerts by name.
    func fire(_ names: String..., labels: [String: String] = [:]) async throws {
        for name in names { try await post(Posted(name, labels)) }
    }

    /// Resolves a firing alert.
    func resolve(_ name: String, labels: [String: String] = [:]) async throws {
        try await post(Posted(name, labels, ends: 0))
    }

    /// - Returns: its id.
    func silence(_ name: String, seconds: Double) async throws -> String {
        let answer = try await call(
            "POST", "/api/v2/silences",
            [
                "matchers": [["name": "alertname", "value": name, "isRegex": true, "isEqual": true]],
                "startsAt": time(0), "endsAt": time(seconds),
                "createdBy": "test", "comment": "scenario",
            ] as [String: Any])
        guard let id = (answer as? [String: Any])?["silenceID"] as? String else {
            throw Failure(description: "\(kind): no silenceID")
        }
        return id
    }

    func expire(_ id: String) async throws { try await call("DELETE", "/api/v2/silence/\(id)") }

    /// Its alerts and groups, for the report of a failure.
    func state() async -> String {
        let groups = try? await http.send(HTTPRequest(url: url + "/api/v2/alerts/groups")).text
        let metrics = try? await http.send(HTTPRequest(url: url + "/metrics")).text
        let lines = (metrics ?? "").split(separator: "\n").filter { line in
            ["vaultwatch_notification", "vaultwatch_journal", "vaultwatch_dispatcher", "vaultwatch_loop"].contains {
                line.hasPrefix($0)
            } && !line.hasSuffix(" 0") && !line.contains("_bucket")
        }
        let child = process.withLock { $0 }
        return (groups ?? "no answer") + "\n" + lines.joined(separator: "\n") + "\n"
            + String(decoding: child?.standardError(limit: 8192) ?? [], as: UTF8.self)
    }

    // MARK: What it said

    var heard: [Collector.Heard] { collector.heard(kind, scenario) }

    func heard(_ line: String, by receiver: String = "ops") -> [Collector.Heard] {
        heard.filter { $0.line == line && $0.receiver == receiver }
    }

    /// Waits until a receiver has got a notification a number of times.
    func hears(_ line: String, by receiver: String = "ops", times: Int = 1) async throws {
        let came = await waitUntil(atMost: .seconds(40)) { heard(line, by: receiver).count >= times }
        if !came {
            throw Failure(
                description:
                    "\(kind): \(receiver) did not hear \(line); it heard \(heard.map { "\($0.receiver): \($0.line)" })")
        }
    }

    /// Waits until a number of requests to a receiver were rejected.
    func isRefused(by receiver: String = "ops", times: Int = 1) async throws {
        let came = await waitUntil(atMost: .seconds(40)) { collector.refused(kind, scenario, receiver) >= times }
        if !came { throw Failure(description: "\(kind): nothing was sent to \(receiver)") }
    }

    /// Waits for some flushes of every group, to check what must not be sent. The groups' interval is one second.
    func passTurns() async throws { try await Task.sleep(for: .milliseconds(2500)) }

    func fail(_ replies: [LabReply], at receiver: String = "ops") { collector.fail(kind, scenario, receiver, replies) }
    func keepFailing(_ reply: LabReply?, at receiver: String = "ops") {
        collector.keepFailing(kind, scenario, receiver, reply)
    }
}

extension LabReply {
    static func status(_ code: Int, headers: [String: String] = [:]) -> LabReply {
        .response(LabResponse(code, headers: headers))
    }
}
