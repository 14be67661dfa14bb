import Foundation
import LocalServers
import Testing

/// The built program as a daemon on a configuration of a test's own, without an estate: its one node does not answer.
struct RunningAgent: Sendable {
    let process: ChildProcess
    let folder: TemporaryDirectory
    let url: String

    /// - Parameters:
    ///   - alerting: the lines below `alerting:`, not indented.
    ///   - rules: a rule file's text.
    static func start(alerting: String, rules: String = "groups: []\n", folder given: TemporaryDirectory? = nil, more: String = "") async throws -> RunningAgent {
        let folder = try given ?? TemporaryDirectory()
        let port = try freePort()
        let rulesFile = try folder.write("rules.yml", rules)
        let indented = alerting.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
        let file = try folder.write("vaultwatch.yml", """
            global: {poll_interval: 1s, timeout: 500ms, evaluation_interval: 1s}
            vault: {clusters: [{name: test, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            rules: [\(rulesFile)]
            web: {listen_addresses: ["127.0.0.1:\(port)"]}
            storage: {path: \(folder.path)/state}
            alerting:
            \(indented)
            \(more)
            """)
        let process = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)"])
        let agent = RunningAgent(process: process, folder: folder, url: "http://127.0.0.1:\(port)")
        let isReady = await waitUntil {
            (try? await ChildProcess.run("curl", ["-sf", agent.url + "/-/ready"])) != nil
        }
        #expect(isReady, "\(agent.log)")
        return agent
    }

    var log: String { String(decoding: process.standardError(limit: 1 << 20), as: UTF8.self) }

    func get(_ path: String) async throws -> String {
        String(decoding: try await ChildProcess.run("curl", ["-s", "--max-time", "10", url + path]), as: UTF8.self)
    }

    /// Runs a command against this agent.
    func command(_ arguments: String...) async throws -> (exit: ChildProcess.Exit, output: String, error: String) {
        try await Binary.run(arguments + ["--url", url])
    }

    func stop() async {
        _ = await process.terminate()
        folder.remove()
    }
}
