import ArgumentParser
import Samples
import Text

struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "List the alerts of a running agent, like amtool alert query.",
        discussion: """
            Without a flag only active alerts are listed: those that are not suppressed. The number left out is printed
            below the table, on standard error.
            Examples:
              vaultwatch alerts
              vaultwatch alerts VaultSealed cluster=production
              vaultwatch alerts --silenced --inhibited 'severity=~high|critical'
              vaultwatch alerts -o json
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: .shortAndLong, help: "Show inhibited alerts.")
    var inhibited = false

    @Flag(name: .shortAndLong, help: "Show silenced alerts.")
    var silenced = false

    @Flag(name: .shortAndLong, help: "Show active alerts.")
    var active = false

    @Flag(name: .shortAndLong, help: "Show alerts muted by a time interval.")
    var muted = false

    @Flag(name: .shortAndLong, help: "Show alerts that have not been processed yet.")
    var unprocessed = false

    @Option(name: .shortAndLong, help: "Show only alerts for this receiver (regular expression).")
    var receiver: String?

    @Argument(help: "Matchers; a first word without an operator is an alert name.")
    var matchers: [String] = []

    struct Alert: Decodable {
        struct Status: Decodable {
            var state: String
            var silencedBy: [String]
            var inhibitedBy: [String]
            var mutedBy: [String]?
        }
        struct Receiver: Decodable { var name: String }
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: String
        var endsAt: String
        var generatorURL: String?
        var receivers: [Receiver]
        var status: Status
        var acknowledgement: IncidentBody.Acknowledgement?
    }

    func run() async throws {
        // As in amtool, no flag means active alerts.
        let onlyActive = !(inhibited || silenced || muted || active || unprocessed)
        // A table mentions what it leaves out.
        let counts = onlyActive && output.format != .json
        var path =
            "/api/v2/alerts?active=\(active || onlyActive)&silenced=\(silenced || counts)&inhibited=\(inhibited || counts)&muted=\(muted || counts)&unprocessed=\(unprocessed || counts)"
        path += try MatcherWords.query(matchers)
        if let receiver { path += "&receiver=" + PercentCoding.encode(receiver) }
        let client = try agent.client()
        if output.format == .json {
            print(String(decoding: try await client.get(path), as: UTF8.self))
            return
        }
        let alerts = try await client.get([Alert].self, path).sorted {
            ($0.startsAt, $0.labels["alertname"] ?? "") < ($1.startsAt, $1.labels["alertname"] ?? "")
        }
        print(AlertsCommand.table(counts ? alerts.filter { $0.status.state == "active" } : alerts, output.format))
        if counts, let rest = AlertsCommand.leftOut(alerts) { Terminal.error(rest) }
    }

    /// How many alerts are not active, and the flags that show them; nil if all are.
    static func leftOut(_ alerts: [Alert]) -> String? {
        let suppressed = alerts.count { $0.status.state == "suppressed" }
        let waiting = alerts.count { $0.status.state == "unprocessed" }
        var parts: [String] = []
        if suppressed > 0 { parts.append("\(suppressed) suppressed (--silenced --inhibited --muted)") }
        if waiting > 0 { parts.append("\(waiting) waiting for the first message of the group (--unprocessed)") }
        return parts.isEmpty ? nil : "Left out: \(parts.joined(separator: ", ")); vaultwatch status shows all."
    }

    static func table(_ alerts: [Alert], _ format: OutputOptions.Format) -> String {
        if format == .extended {
            return Terminal.table(
                ["Labels", "Annotations", "Starts At", "Ends At", "Receivers", "State"],
                alerts.map { alert in
                    [
                        pairs(alert.labels), pairs(alert.annotations), .amtoolText(alert.startsAt),
                        .amtoolText(alert.endsAt),
                        alert.receivers.map(\.name).joined(separator: ","), state(alert),
                    ]
                })
        }
        return Terminal.table(
            ["Alertname", "Severity", "Starts At", "Summary", "State"],
            alerts.map { alert in
                [
                    alert.labels["alertname"] ?? "", alert.labels["severity"] ?? "", .amtoolText(alert.startsAt),
                    alert.annotations["summary"] ?? "",
                    state(alert),
                ]
            })
    }

    /// The state, why the alert is suppressed, and its acknowledgement.
    private static func state(_ alert: Alert) -> String {
        let state = state(alert.status)
        guard let acknowledgement = alert.acknowledgement else { return state }
        return "\(state), acknowledged by \(acknowledgement.by)"
    }

    private static func state(_ status: Alert.Status) -> String {
        guard status.state == "suppressed" else { return status.state }
        let causes = [
            ("silenced", status.silencedBy), ("inhibited", status.inhibitedBy), ("muted", status.mutedBy ?? []),
        ].filter { !$0.1.isEmpty }
        return causes.isEmpty
            ? status.state : causes.map { "\($0.0) by \($0.1.joined(separator: ","))" }.joined(separator: ", ")
    }

    private static func pairs(_ map: [String: String]) -> String {
        map.sorted { ($0.key != "alertname" ? 1 : 0, $0.key) < ($1.key != "alertname" ? 1 : 0, $1.key) }.map {
            "\($0.key)=\($0.value.quotedAsInGo)"
        }.joined(separator: " ")
    }
}

extension String {
    fileprivate static func amtoolText(_ time: String) -> String { Timestamp.amtoolText(time) }
}
