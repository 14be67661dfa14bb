import Foundation
import Lab
import Platform
import Synchronization
import TestServers
import Testing

/// The built program as a daemon on a configuration of a test's own, without an estate: its one node does not answer.
final class RunningAgent: Sendable {
    let folder: TemporaryDirectory
    let url: String
    /// The agent's Unix socket.
    let socket: String
    /// What `--http.config.file` takes, for who may change things.
    let login: String
    /// The configuration but for `alerting`.
    private let rest: String
    private var file: String { folder.path + "/vaultwatch.yml" }
    private let running = Mutex<ChildProcess?>(nil)

    /// - Parameters:
    ///   - alerting: the lines below `alerting:`, not indented.
    ///   - rules: a rule file's text.
    ///   - global: one more key of the section `global`.
    ///   - targets: sections of the configuration in place of the one node.
    ///   - wrapper: a command before the program's own.
    static func start(
        alerting: String, rules: String = "groups: []\n", global: String = "",
        targets: String = RunningAgent.deadNode, wrapper: (TemporaryDirectory) -> [String] = { _ in [] }
    ) async throws -> RunningAgent {
        let agent = try RunningAgent(alerting, rules, global: global) { _ in targets }
        try await agent.start(wrapper(agent.folder))
        return agent
    }

    /// A node that does not answer.
    static let deadNode = #"vault: {clusters: [{name: test, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}"#

    /// Nothing runs yet.
    /// - Parameters:
    ///   - global: more of the section `global`, in YAML's flow style.
    ///   - web: one more line of the section `web`.
    ///   - targets: what is probed, as lines of the configuration.
    init(
        _ alerting: String, _ rules: String = "groups: []\n", global: String = "", web: String = "",
        targets: (TemporaryDirectory) throws -> String = { _ in RunningAgent.deadNode }
    ) throws {
        folder = try TemporaryDirectory()
        let port = try freePort()
        let rulesFile = try folder.write("rules.yml", rules)
        rest = """
            global: {poll_interval: 1s, timeout: 500ms, evaluation_interval: 1s\(global.isEmpty ? "" : ", " + global)}
            \(try targets(folder))
            rules: [\(rulesFile)]
            web:
              listen_addresses: ["127.0.0.1:\(port)"]
              users: {ann: "\(RunningAgent.hash)"}
              tokens: {robot: \(RunningAgent.token)}
              \(web)
            storage: {path: \(folder.path)/state}
            """
        socket = folder.path + "/state/vaultwatch.sock"
        login = try folder.write("login.yml", "basic_auth: {username: ann, password: secret}\n")
        url = "http://127.0.0.1:\(port)"
        try configure(alerting)
    }

    /// bcrypt of "secret", cost 4; from perl's crypt.
    static let hash = ReloadTests.hash
    /// A bearer token.
    static let token = "0123456789abcdef0123456789abcdef"

    /// Writes the configuration anew; a running agent reads it at a reload.
    func configure(_ alerting: String) throws {
        let indented = alerting.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(
            separator: "\n")
        _ = try folder.write("vaultwatch.yml", rest + "\nalerting:\n" + indented + "\n")
    }

    func reload() async throws {
        try await ChildProcess.run("curl", ["-sf", "--max-time", "60", "-X", "POST"] + bearer + [url + "/-/reload"])
    }

    /// Who may change things without the socket, which needs a disk that can be written.
    private var bearer: [String] { ["-H", "Authorization: Bearer \(RunningAgent.token)"] }

    func start(_ wrapper: [String] = []) async throws {
        let words = wrapper + [Binary.path, "run", "--config.file=\(file)"]
        let process = try await ChildProcess.start(words[0], Array(words.dropFirst()))
        running.withLock { $0 = process }
        let isReady = await waitUntil { (try? await ChildProcess.run("curl", ["-sf", url + "/-/ready"])) != nil }
        #expect(isReady, "\(log)")
    }

    /// Kills the process, as a power failure would.
    func kill() async {
        guard let process = running.withLock({ $0 }) else { return }
        process.signal(SIGKILL)
        _ = await process.wait()
    }

    func stop() async {
        if let process = running.withLock({ $0 }) { _ = await process.terminate() }
        folder.remove()
    }

    var pid: pid_t { running.withLock { $0?.pid } ?? 0 }
    var log: String {
        running.withLock { $0.map { String(decoding: $0.standardError(limit: 1 << 20), as: UTF8.self) } } ?? ""
    }

    func get(_ path: String) async throws -> String {
        String(decoding: try await ChildProcess.run("curl", ["-s", "--max-time", "10", url + path]), as: UTF8.self)
    }

    /// The value of a series on the metrics page.
    func metric(_ series: String) async throws -> Double? {
        RunningAgent.value(series, in: try await get("/metrics"))
    }

    static func value(_ series: String, in page: String) -> Double? {
        page.split(separator: "\n").first { $0.hasPrefix(series + " ") }.flatMap {
            Double($0.dropFirst(series.count + 1))
        }
    }

    /// Posts an alert, or its end.
    func post(_ labels: String, endsAt: String? = nil) async throws {
        let end = endsAt.map { #","endsAt":"\#($0)""# } ?? ""
        try await ChildProcess.run(
            "curl",
            ["-sf", "-H", "Content-Type: application/json", "-d", #"[{"labels":{\#(labels)}\#(end)}]"#] + bearer
                + [url + "/api/v2/alerts"])
    }

    /// Posts a body of JSON.
    /// - Returns: the status, and the text of the answer.
    func post(_ path: String, body: String) async throws -> (status: Int, text: String) {
        let file = try folder.write("body.json", body)
        let answer = String(
            decoding: try await ChildProcess.run(
                "curl",
                [
                    "-s", "--max-time", "60", "-w", "\n%{http_code}", "-H", "Content-Type: application/json",
                    "--data-binary", "@" + file,
                ] + bearer + [url + path]), as: UTF8.self)
        let end = answer.lastIndex(of: "\n") ?? answer.startIndex
        return (Int(answer[end...].dropFirst()) ?? 0, String(answer[..<end]))
    }

    /// Writes the rules anew and makes the agent read them.
    func take(rules: String) async throws {
        _ = try folder.write("rules.yml", rules)
        try await reload()
    }

    /// What the kernel tells of the process.
    func status() throws -> ProcessStatus { try ProcessStatus(of: pid) }

    /// Runs a command against this agent, over its socket.
    func command(_ arguments: String...) async throws -> (exit: ChildProcess.Exit, output: String, error: String) {
        try await Binary.run(arguments + ["--url", "unix:" + socket])
    }
}

/// A receiver on loopback that answers as scripted and records the requests.
final class Sink: Sendable {
    private struct State {
        var bodies: [String: [String]] = [:]
        var replies: [String: LabResponse] = [:]
        var silent: Set<String> = []
    }

    private final class Box: Sendable { let sink = Mutex<Sink?>(nil) }

    private let state = Mutex(State())
    private let server: LabServer

    private init(_ box: Box) throws {
        server = try LabServer { request in box.sink.withLock { $0 }?.answer(request) ?? .reset }
        box.sink.withLock { $0 = self }
    }

    static func start() async throws -> Sink {
        let sink = try Sink(Box())
        try await sink.server.start()
        return sink
    }

    func stop() async { await server.close() }

    var url: String { server.url }

    /// Sets the status that a path returns from now on instead of 200.
    func reply(_ path: String, _ status: Int, _ text: String = "") {
        state.withLock { $0.replies[path] = LabResponse(status, type: "application/json", text) }
    }

    /// Makes a path not answer from now on.
    func fallSilent(_ path: String) { state.withLock { _ = $0.silent.insert(path) } }

    /// Makes a path answer again. Requests that it has not answered stay so.
    func speak(_ path: String) { state.withLock { _ = $0.silent.remove(path) } }

    /// The requests to a path that were answered with 2xx.
    func heard(_ path: String) -> [String] { state.withLock { $0.bodies[path] ?? [] } }

    private func answer(_ request: LabRequest) -> LabReply {
        state.withLock { state in
            if state.silent.contains(request.path) { return .hang }
            let reply = state.replies[request.path] ?? LabResponse(200)
            if reply.status < 300 {
                state.bodies[request.path, default: []].append(String(decoding: request.body, as: UTF8.self))
            }
            return .response(reply)
        }
    }
}
