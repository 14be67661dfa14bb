import Config
import Platform
import Rules
import Simulation
import YAML

/// What is watched, by which rules, and who hears of it: two versions, between which reloads go back and forth.
enum Estate {
    static let nodes = ["n0", "n1", "n2", "n3"]
    /// What a sample says, and the alert that follows from it.
    static let conditions: [(metric: String, alert: String, severity: String)] = [
        ("node_sealed", "Sealed", "critical"), ("node_lag", "Lagging", "high"), ("node_slow", "Slow", "low"),
    ]
    /// Comes through the API, from another source of alerts.
    static let pushed = (alert: "Pushed", severity: "high")

    static let repeatInterval = Duration.seconds(3600)
    static let resolveTimeout = Duration.seconds(300)

    /// The places that must hear of an alert; `team/1` hears no ends.
    static func places(_ severity: String, version: Int) -> [String] {
        switch severity {
        case "critical": ["pager/0", "pager/pd", "team/0", "team/1"]
        case "high": ["team/0", "team/1"]
        default: version == 0 ? ["night/0"] : ["team/0", "team/1"]
        }
    }

    static let places = ["pager/0", "pager/pd", "team/0", "team/1", "night/0"]
    /// Where ends are not sent.
    static let endless = "team/1"

    /// The place of an integration of the configuration.
    static func place(_ receiver: String, _ integration: String) -> String {
        integration == "pagerduty/0" ? receiver + "/pd" : receiver + "/" + integration.split(separator: "/").dropFirst().joined()
    }

    private static let rules = """
        groups:
          - name: nodes
            interval: 2m
            rules:
              - alert: Sealed
                expr: node_sealed == 1
                labels: {severity: critical}
                annotations: {summary: "{{ $labels.node }} is sealed"}
              - alert: Lagging
                expr: node_lag == 1
                for: 3m
                labels: {severity: high}
              - alert: Slow
                expr: node_slow == 1
                keep_firing_for: 4m
                labels: {severity: low}
        """

    private static func text(_ version: Int) -> String {
        """
        global: {poll_interval: 1m, evaluation_interval: 2m}
        vault: {clusters: [{name: c, nodes: [{name: n, url: "http://127.0.0.1:1"}]}]}
        rules: [/rules.yml]
        alerting:
          global: {resolve_timeout: 5m}
          route:
            receiver: team
            group_by: [\(version == 0 ? "alertname" : "alertname, node")]
            group_wait: 30s
            group_interval: \(version == 0 ? "2m" : "3m")
            repeat_interval: 1h
            routes:
              - {matchers: [severity = critical], receiver: pager, group_wait: 0s, group_interval: 1m, continue: true}
              - {matchers: ['severity =~ critical|high'], receiver: team}
              - matchers: [severity = low]
                receiver: \(version == 0 ? "night" : "team")
                group_by: [node]
                mute_time_intervals: [night]
          inhibit_rules:
            - {source_matchers: [severity = critical], target_matchers: [severity = low], equal: [node]}
          time_intervals:
            - {name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: '02:00'}]}]}
          receivers:
            - name: team
              webhook_configs: [{url: "http://team/0"}, {url: "http://team/1", send_resolved: false}]
            - name: pager
              fallback: night
              response_time: 5m
              pagerduty_configs: [{routing_key: k, url: "http://pager/pd"}]
              webhook_configs: [{url: "http://pager/0"}]
            - name: night
              webhook_configs: [{url: "http://night/0"}]
        """
    }

    /// Both configurations and their rules; read once for all runs.
    static let versions: [(configuration: Configuration, rules: RuleSet)] = (0..<2).compactMap { version in
        let files = MemoryFiles(["/vaultwatch.yml": text(version), "/rules.yml": rules])
        let errors = ErrorList()
        guard let configuration = try? Configuration.load("/vaultwatch.yml", files: files, environment: [:]) else { return nil }
        let set = RuleSet.load(configuration.ruleFiles, files: files, errors: errors)
        return errors.isEmpty ? (configuration, set) : nil
    }
}
