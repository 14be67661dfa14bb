import Foundation
import Lab
import Platform
import Synchronization
import Testing

/// Two agents, as processes, with the shipped rules on one simulated estate. They share the configuration but for their
/// addresses, and nothing else.
final class AgentPair: Sendable {
    private struct Member {
        let folder: TemporaryDirectory
        let file: String
        let url: String
        var process: ChildProcess?
    }

    private let members: Mutex<[Member]>

    /// - Parameter alerting: the section `alerting` of each, not indented.
    static func start(on estate: Estate, alerting: (_ member: Int) -> String) async throws -> AgentPair {
        let pair = try AgentPair(estate, alerting)
        for index in 0..<2 { try await pair.start(index) }
        return pair
    }

    private init(_ estate: Estate, _ alerting: (Int) -> String) throws {
        let endpoints = try estate.endpoints()
        members = Mutex(
            try (0..<2).map { index in
                let folder = try TemporaryDirectory()
                let listen = "127.0.0.1:\(try freePort())"
                let text = DemoConfiguration.text(
                    endpoints, rules: Binary.root + "/rules/*.yml", listen: listen, storage: folder.path + "/state"
                )
                .replacingOccurrences(
                    of: "poll_interval: 5s\n  timeout: 4s",
                    with: "poll_interval: 1s\n  timeout: 1s\n  external_labels: {region: eu, __replica__: \"\(index)\"}"
                )
                let parts = text.components(separatedBy: "\nalerting:\n")
                let tail = try #require(parts.last?.range(of: "\nweb:\n"))
                let indented = alerting(index).split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
                let file = try folder.write(
                    "vaultwatch.yml",
                    parts[0] + "\nalerting:\n" + indented + String(parts[1][tail.lowerBound...]))
                return Member(folder: folder, file: file, url: "http://" + listen, process: nil)
            })
    }

    func start(_ index: Int) async throws {
        let member = members.withLock { $0[index] }
        let child = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(member.file)"])
        members.withLock { $0[index].process = child }
        let isReady = await waitUntil(atMost: .seconds(60)) {
            (try? await ChildProcess.run("curl", ["-sf", member.url + "/-/ready"])) != nil
        }
        #expect(isReady, "\(log(index))")
    }

    /// Kills an agent, as a power failure would.
    func kill(_ index: Int) async {
        let process = members.withLock { $0[index].process }
        _ = process?.signal(SIGKILL)
        _ = await process?.wait()
    }

    func stop() async {
        for member in members.withLock({ $0 }) {
            _ = await member.process?.terminate()
            member.folder.remove()
        }
    }

    func log(_ index: Int) -> String {
        let bytes = members.withLock { $0[index].process?.standardError(limit: 8192) } ?? []
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What an agent answers; empty if it does not.
    func get(_ index: Int, _ path: String) async -> String {
        let url = members.withLock { $0[index].url }
        let bytes = try? await ChildProcess.run("curl", ["-sf", "--max-time", "10", url + path])
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    /// Whether an agent's page of metrics has a series that begins with this text, with a value above a bound.
    func measures(_ index: Int, _ series: String, above bound: Double) async -> Bool {
        await get(index, "/metrics").split(separator: "\n").contains { line in
            line.hasPrefix(series) && (line.split(separator: " ").last.flatMap { Double($0) } ?? 0) > bound
        }
    }
}
