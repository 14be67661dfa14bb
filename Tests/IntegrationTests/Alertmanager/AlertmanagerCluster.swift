import Foundation
import Lab
import Platform
import Synchronization

/// Two of Debian's Alertmanagers as one cluster, which notify a webhook and a mail address.
final class AlertmanagerCluster: Sendable {
    struct Failure: Error, CustomStringConvertible { let description: String }

    private struct Member {
        let port: UInt16
        let clusterPort: UInt16
        var process: ChildProcess?
    }

    private let folder: TemporaryDirectory
    private let members: Mutex<[Member]>

    /// Starts both and waits until each knows the other.
    /// - Parameters:
    ///   - hook: the webhook's URL.
    ///   - smarthost: `host:port` of a mail server without TLS.
    static func start(hook: String, smarthost: String) async throws -> AlertmanagerCluster {
        let cluster = try AlertmanagerCluster(hook, smarthost)
        for index in 0..<2 { try await cluster.begin(index) }
        for index in 0..<2 { try await cluster.settle(index, peers: 2) }
        return cluster
    }

    private init(_ hook: String, _ smarthost: String) throws {
        folder = try TemporaryDirectory()
        members = Mutex(
            try (0..<2).map { _ in Member(port: try freePort(), clusterPort: try freePort(), process: nil) })
        // What two agents tell of one fault, and what ends together, comes within the group's wait.
        _ = try folder.write(
            "alertmanager.yml",
            """
            global: {smtp_smarthost: '\(smarthost)', smtp_from: am@example.org, smtp_require_tls: false}
            route:
              receiver: nobody
              group_by: [alertname, region]
              group_wait: 5s
              group_interval: 3s
              repeat_interval: 4h
              routes: [{matchers: ['severity =~ "critical|high|medium"'], receiver: ops}]
            receivers:
              - name: nobody
              - name: ops
                webhook_configs: [{url: '\(hook)'}]
                email_configs: [{to: ops@example.org, send_resolved: true}]
            """)
    }

    /// Base URLs of the members.
    var urls: [String] { members.withLock { $0.map { "http://127.0.0.1:\($0.port)" } } }

    private func begin(_ index: Int) async throws {
        let all = members.withLock { $0 }
        let child = try await ChildProcess.start(
            "prometheus-alertmanager",
            [
                "--config.file=\(folder.file("alertmanager.yml"))", "--storage.path=\(folder.file("data-\(index)"))",
                "--web.listen-address=127.0.0.1:\(all[index].port)",
                "--cluster.listen-address=127.0.0.1:\(all[index].clusterPort)",
                "--cluster.peer=127.0.0.1:\(all[1 - index].clusterPort)",
                // How long the second member leaves a notification to the first.
                "--cluster.peer-timeout=3s",
            ])
        members.withLock { $0[index].process = child }
    }

    /// Waits until a member takes part: before, it notifies nobody.
    private func settle(_ index: Int, peers: Int) async throws {
        let isReady = await waitUntil(atMost: .seconds(90)) {
            guard let status = try? await get(index, "/api/v2/status") as? [String: Any],
                let cluster = status["cluster"] as? [String: Any]
            else { return false }
            return cluster["status"] as? String == "ready" && (cluster["peers"] as? [Any])?.count == peers
        }
        guard isReady else {
            let log = members.withLock { $0[index].process?.standardError(limit: 4096) } ?? []
            throw Failure(description: "member \(index) did not settle: \(String(decoding: log, as: UTF8.self))")
        }
    }

    /// Kills a member, as a power failure would.
    func kill(_ index: Int) async {
        let process = members.withLock { members in
            defer { members[index].process = nil }
            return members[index].process
        }
        _ = process?.signal(SIGKILL)
        _ = await process?.wait()
    }

    /// Starts a killed member again, with what its disk holds.
    func restart(_ index: Int) async throws {
        try await begin(index)
        try await settle(index, peers: 2)
    }

    func stop() async {
        for index in 0..<2 {
            let process = members.withLock { $0[index].process }
            _ = await process?.terminate()
        }
        folder.remove()
    }

    private func get(_ index: Int, _ path: String) async throws -> Any {
        let bytes = try await ChildProcess.run("curl", ["-sf", "--max-time", "10", urls[index] + path])
        return try JSONSerialization.jsonObject(with: Data(bytes))
    }

    private func alerts(_ index: Int) async -> [[String: Any]] {
        (try? await get(index, "/api/v2/alerts")) as? [[String: Any]] ?? []
    }

    private static func name(_ alert: [String: Any]) -> String {
        (alert["labels"] as? [String: String])?["alertname"] ?? ""
    }

    /// When each alert that fires at a member ends by itself, by the alert's name.
    func ends(_ index: Int) async -> [String: Date] {
        var ends: [String: Date] = [:]
        for alert in await alerts(index) {
            ends[AlertmanagerCluster.name(alert)] = (alert["endsAt"] as? String).flatMap {
                try? Date($0, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
        }
        return ends
    }

    /// The annotations of the alerts of a name that fire at a member.
    func annotations(_ index: Int, of name: String) async -> [[String: String]] {
        await alerts(index).filter { AlertmanagerCluster.name($0) == name }.compactMap {
            $0["annotations"] as? [String: String]
        }
    }
}
