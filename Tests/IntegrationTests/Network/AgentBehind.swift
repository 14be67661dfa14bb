import Foundation
import Lab
import Platform
import Simulation
import Testing

/// The daemon inside the namespace of a link.
struct AgentBehind {
    private let link: LossyLink
    private let process: ChildProcess
    private let folder: TemporaryDirectory

    private static let rules = """
        groups:
          - name: test
            rules: [{alert: VaultSealed, expr: vault_node_sealed == 1, labels: {severity: critical}, annotations: {vaultwatch_no_data: keep}}]
        """

    /// - Parameters:
    ///   - poll: from one probe to the next.
    ///   - timeout: of a probe.
    ///   - rules: a pattern of rule files; nil for one that alerts where the node is sealed.
    ///   - pages: which alerts the receiver gets.
    init(
        _ link: LossyLink, node: SealableNode, receiver: PageReceiver, poll: String = "2s", timeout: String = "2s",
        rules: String? = nil,
        pages: String = "alertname=~.+"
    ) async throws {
        self.link = link
        folder = try TemporaryDirectory()
        try folder.write("rules.yml", AgentBehind.rules)
        let file = try folder.write(
            "vaultwatch.yml",
            """
            global: {poll_interval: \(poll), timeout: \(timeout), evaluation_interval: 1s}
            vault: {clusters: [{name: c, nodes: [{name: n1, url: "http://node.example:\(node.server.port)"}]}]}
            rules: ["\(rules ?? "rules.yml")"]
            alerting:
              route:
                receiver: nobody
                group_wait: 0s
                group_interval: 1s
                repeat_interval: 1h
                routes: [{receiver: page, matchers: ['\(pages)']}]
              receivers:
                - name: nobody
                - name: page
                  webhook_configs: [{url: "http://page.example:\(receiver.server.port)/", timeout: 5s}]
            web: {listen_addresses: ["127.0.0.1:9321"]}
            storage: {path: \(folder.path)/state}
            """)
        process = try await ChildProcess.start(
            "ip",
            ["netns", "exec", link.namespace, Binary.path, "run", "--config.file=\(file)", "--log.level=debug"])
    }

    /// The value of an expression that gives one sample; nil where it gives none.
    func value(_ expression: String) async throws -> Double? {
        let answer = try await ChildProcess.run(
            "ip",
            [
                "netns", "exec", link.namespace, "curl", "-sfG", "http://127.0.0.1:9321/api/v1/query",
                "--data-urlencode", "query=\(expression)",
            ])
        let value = String(decoding: answer, as: UTF8.self).firstMatch(of: /"value":\[[0-9.]+,"([^"]+)"\]/)?.1
        return value.flatMap { Double($0) }
    }

    func isReady() async -> Bool {
        (try? await ChildProcess.run(
            "ip", ["netns", "exec", link.namespace, "curl", "-sf", "http://127.0.0.1:9321/-/ready"])) != nil
    }

    var log: String { String(decoding: process.standardError(limit: 1 << 20), as: UTF8.self).suffix(6000).description }

    func stop() async {
        #expect(await process.terminate() == .exited(0))
        folder.remove()
    }
}
