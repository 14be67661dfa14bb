import Alerts

/// What is watched, by which rules, and who hears of it: two versions, between which reloads go back and forth.
enum Estate {
    static let nodes = ["n0", "n1", "n2", "n3"]
    /// What a sample says, and the alert that follows from it.
    static let conditions: [(metric: String, alert: String, severity: String)] = [
        ("vault_node_sealed", "Sealed", "critical"), ("vault_node_inconsistent", "Lagging", "high"),
        ("vault_node_unreachable", "Slow", "low"),
    ]
    /// Comes through the API, from another source of alerts.
    static let pushed = (alert: "Pushed", severity: "high")

    static let repeatInterval = Duration.seconds(3600)
    static let resolveTimeout = Duration.seconds(300)

    /// Where ends are not sent.
    static let endless = "team/1"

    /// The place of an integration of the configuration: `team/0` is a webhook, `/pd`, `/slack`, `/mail` and `/am` are
    /// of those kinds.
    static func place(_ receiver: String, _ integration: IntegrationID) -> String {
        switch integration.kind {
        case .pagerduty: receiver + "/pd"
        case .slack: receiver + "/slack"
        case .email: receiver + "/mail"
        case .alertmanager: receiver + "/am"
        case .webhook, .heartbeat: receiver + "/\(integration.index)"
        }
    }

    static let configurationPath = "/vaultwatch.yml"
    static let rulesPath = "/rules.yml"

    /// Nodes of which nothing is known but whether they answer: each version has others.
    static let others = [["n4"], ["n5", "n6"]]

    /// A second version with fewer groups.
    private static func rules(_ version: Int) -> String { version == 0 ? rules + moreRules : rules }

    private static let moreRules = """

          - name: counts
            interval: 2m
            rules: [{record: nodes:sealed, expr: sum(vault_node_sealed)}]
          - name: never
            interval: 3m
            rules: [{alert: Never, expr: vault_node_sealed > 1}]
        """

    private static let rules = """
        groups:
          - name: nodes
            interval: 2m
            rules:
              - alert: Sealed
                expr: vault_node_sealed == 1
                labels: {severity: critical}
                annotations: {summary: "{{ $labels.node }} is sealed"}
              - alert: Lagging
                expr: vault_node_inconsistent == 1
                for: 3m
                labels: {severity: high}
              - alert: Slow
                expr: vault_node_unreachable == 1
                keep_firing_for: 4m
                labels: {severity: low}
        """

    /// Two versions of a configuration, between which reloads go back and forth.
    struct Plan: Sendable {
        /// Texts of the configuration and of its rule file.
        let versions: [(configuration: String, rules: String)]
        let places: [String]
        private let isWide: Bool

        fileprivate init(isWide: Bool) {
            self.isWide = isWide
            places =
                ["pager/0", "pager/pd", "team/0", "team/1", "night/0"]
                + (isWide ? ["team/slack", "night/mail", "upstream/am"] : [])
            versions = (0..<2).map { (Estate.text($0, isWide), Estate.rules($0)) }
        }

        /// The places that must hear of an alert; `team/1` hears no ends, and PagerDuty hears of groups alone.
        func places(_ severity: String, version: Int) -> [String] {
            let team = ["team/0", "team/1"] + (isWide ? ["team/slack"] : [])
            let own =
                switch severity {
                case "critical": ["pager/0"] + team
                case "high": team
                default: version == 0 ? ["night/0"] + (isWide ? ["night/mail"] : []) : team
                }
            return own + (isWide ? ["upstream/am"] : [])
        }
    }

    /// Webhooks and PagerDuty; and with Slack as a bot, mail and an Alertmanager as well.
    static let plain = Plan(isWide: false)
    static let wide = Plan(isWide: true)

    private static func text(_ version: Int, _ isWide: Bool) -> String {
        // What `SentMessage` reads alerts from where the receiver's form has no place for labels.
        let list = #"'{{ range .Alerts }}@@ {{ .Status }} {{ .Labels.alertname }}/{{ .Labels.node }} {{ end }}.'"#
        let group = #"'{{ .GroupLabels.alertname }}/{{ .GroupLabels.node }}'"#
        let slack =
            "slack_configs: [{app_token: t, app_url: 'http://team/slack', http_config: {allow_plaintext: true}, channel: '#a', text: \(list), callback_id: \(group), send_resolved: true}]"
        let mail =
            "email_configs: [{to: a@example.org, from: v@example.org, smarthost: 'night:25', html: '', text: \(list), headers: {X-Group: \(group)}, send_resolved: true}]"
        let nodes = (Estate.nodes + Estate.others[version]).map { "{name: \($0), url: 'http://\($0)'}" }.joined(
            separator: ", ")
        return """
            global: {poll_interval: 2m, timeout: 10s, evaluation_interval: 2m}
            vault: {clusters: [{name: c, nodes: [\(nodes)]}]}
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
                  \(isWide ? "- {receiver: upstream, group_by: [alertname], continue: true}" : "")
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
                  \(isWide ? slack : "")
                - name: pager
                  fallback: night
                  response_time: 5m
                  pagerduty_configs: [{routing_key: k, url: "http://pager/pd", http_config: {allow_plaintext: true}}]
                  webhook_configs: [{url: "http://pager/0"}]
                - name: night
                  webhook_configs: [{url: "http://night/0"}]
                  \(isWide ? mail : "")
                \(isWide ? "- {name: upstream, alertmanager_configs: [{urls: ['http://upstream/am'], resend_delay: 5m}]}" : "")
            """
    }
}
