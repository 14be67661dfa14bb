import Foundation
import Lab
import Logging
import Platform
import Testing

/// The dashboard for Grafana, without a Grafana: by its maker's SDK, by our own rules, and with an agent as the data
/// source.
@Suite(.serialized) struct DashboardTests {
    /// Every query of a panel and of an annotation parses, and names metrics that exist.
    @Test func queriesNameOnlyMetricsThatExist() async throws {
        let data = try Data(contentsOf: URL(filePath: Binary.root + "/dashboards/vaultwatch.json"))
        let root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let panels = root["panels"] as? [[String: Any]] ?? []
        let annotations = (root["annotations"] as? [String: Any])?["list"] as? [[String: Any]] ?? []
        let queries = panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] } + annotations
        #expect(queries.count > 40 && annotations.count == 4)
        var rules = "groups:\n- name: dashboard\n  rules:\n"
        for (index, query) in queries.enumerated() {
            let text = try #require(query["expr"] as? String).replacingOccurrences(of: "$__rate_interval", with: "5m")
                .replacingOccurrences(of: "$cluster", with: ".*").replacingOccurrences(of: "'", with: "''")
            rules += "  - record: panel:\(index)\n    expr: '\(text)'\n"
        }
        let folder = try TemporaryDirectory()
        let file = try folder.write("dashboard.yml", rules)
        let (exit, output, error) = try await Binary.run(["check", "rules", file])
        #expect(exit == .exited(0), "\(output)\(error)")
        folder.remove()
    }

    @Test func itSurvivesTheSDKAndKeepsOurRules() async throws {
        let faults = try await judge([])
        #expect(faults == "", "\(faults)")
    }

    /// Each query gives something after a failover and during an incident, and each link leads to a page.
    @Test(.timeLimit(.minutes(4))) func queriesAnswerAndLinksLeadToPages() async throws {
        let platform = Platform.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let estate = try await Estate.start(EstateOptions(), platform: platform)
        let folder = try TemporaryDirectory()
        let listen = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: listen, storage: folder.path))
        let agent = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)", "--log.level=error"])
        let base = "http://" + listen
        func gives(_ query: String) async -> Bool {
            let answer = try? await ChildProcess.run(
                "curl", ["-sfG", base + "/api/v1/query", "--data-urlencode", "query=" + query])
            return String(decoding: answer ?? [], as: UTF8.self).contains(#""value":"#)
        }
        #expect(await waitUntil(atMost: .seconds(60)) { await gives("vault_cluster_active_nodes == 1") })
        let active = try await activeNode(base)
        try await estate.perform(.node(active, .seal))
        for query in [
            // Another node is active, an incident is open, and what is a rate or read once has been measured.
            "vault_cluster_last_failover_timestamp_seconds", "vaultwatch_incident_start_timestamp_seconds",
            "backup_encryption_valid", "rate(vault_canary_reads_total[5m])",
            "rate(vault_telemetry_request_duration_seconds_count[5m])",
        ] {
            #expect(await waitUntil(atMost: .seconds(60)) { await gives(query) }, "\(query)")
        }
        let faults = try await judge([base])
        #expect(faults == "", "\(faults)")
        _ = await agent.terminate()
        await estate.stop()
        folder.remove()
    }

    private func activeNode(_ base: String) async throws -> String {
        let answer = try await ChildProcess.run(
            "curl", ["-sfG", base + "/api/v1/query", "--data-urlencode", "query=vault_cluster_active_info"])
        let text = String(decoding: answer, as: UTF8.self)
        return String(try #require(text.firstMatch(of: /"node":"([^"]+)"/)?.1))
    }

    /// What the judge prints, its errors included.
    private func judge(_ arguments: [String]) async throws -> String {
        let python = ProcessInfo.processInfo.environment["VAULTWATCH_TEST_PYTHON"] ?? "python3"
        let script = Binary.root + "/Tests/IntegrationTests/Grafana/dashboard.py"
        let output = try await ChildProcess.run(
            "/bin/sh", ["-c", "\"$@\" 2>&1 || echo \"exit $?\"", "sh", python, script, Binary.root] + arguments)
        return String(decoding: output, as: UTF8.self)
    }
}
