import Foundation
import Lab
import Platform
import Testing

/// Rules over the past: of an agent's own store, and of a Prometheus.
struct ReplayTests {
    private static let rules = """
        groups:
          - name: test
            rules:
              - record: job:up:sum
                expr: sum(vault_node_up)
              - alert: Down
                expr: job:up:sum == 0
                labels: {severity: critical}
                annotations: {summary: 'nothing is up'}
              - alert: Quiet
                expr: vault_node_up == 2
        """

    @Test func tellsWhatTheRulesWouldHaveTold() async throws {
        let agent = try await RunningAgent.start(
            alerting: "route: {receiver: ops}\nreceivers: [{name: ops}]")
        let folder = try TemporaryDirectory()
        let rules = try folder.write("rules.yml", ReplayTests.rules)
        let routes = try folder.write(
            "routes.yml",
            """
            route:
              receiver: mail
              group_wait: 0s
              routes: [{receiver: pager, matchers: [severity=critical]}]
            receivers: [{name: mail}, {name: pager}]
            """)
        #expect(
            await waitUntil {
                (try? await agent.command("query", "count_over_time(vault_node_up[1m])").output.isEmpty) == false
            })
        let done = try await agent.command(
            "replay", rules, "--from", "1m", "--config.file", routes, "--evaluation-interval", "1s")
        #expect(done.exit == .exited(0), "\(done)")
        #expect(done.output.contains("Down: nothing is up") && done.output.contains("pager"), "\(done.output)")
        #expect(done.output.contains("1 message in 1 min: pager 1"), "\(done.output)")
        #expect(!done.output.contains("Quiet"), "\(done.output)")
        for (words, said) in [
            (["--from", "yesterday"], "--from: expected RFC 3339 or a duration"),
            (["--from", "1m", "--to", "2m"], "must lie before"),
            (["--evaluation-interval", "0s"], "--evaluation-interval"),
        ] {
            let wrong = try await Binary.run(["replay", rules, "--url", agent.url] + words)
            #expect(wrong.exit == .exited(2) && wrong.error.contains(said), "\(wrong)")
        }
        let nameless = try folder.write(
            "nameless.yml", "groups: [{name: g, rules: [{alert: A, expr: 'count({node=\"v1\"})'}]}]")
        let refused = try await Binary.run(["replay", nameless, "--url", agent.url])
        #expect(refused.exit == .exited(1) && refused.error.contains("name the metric"), "\(refused)")
        await agent.stop()
        folder.remove()
    }

    /// A Prometheus that has watched itself: its own series, by its own API.
    @Test func readsAPrometheus() async throws {
        let folder = try TemporaryDirectory()
        let port = try freePort()
        let configuration = try folder.write(
            "prometheus.yml",
            "scrape_configs: [{job_name: self, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:\(port)']}]}]\n"
        )
        let prometheus = try await ChildProcess.start(
            "prometheus",
            [
                "--config.file=\(configuration)", "--storage.tsdb.path=\(folder.path)/data",
                "--web.listen-address=127.0.0.1:\(port)",
            ])
        let rules = try folder.write(
            "rules.yml",
            "groups: [{name: g, rules: [{alert: Up, expr: 'up == 1', annotations: {summary: '{{ $labels.job }} is up'}}]}]"
        )
        let found = await waitUntil {
            let done = try? await Binary.run(
                ["replay", rules, "--url", "http://127.0.0.1:\(port)", "--from", "1m", "--evaluation-interval", "1s"])
            return done?.output.contains("Up: self is up") == true
        }
        #expect(found, "\(String(decoding: prometheus.standardError(limit: 1 << 16), as: UTF8.self))")
        _ = await prometheus.terminate()
        folder.remove()
    }
}
