import Alerts
import ArgumentParser
import Console
import Samples
import Text
import TimeZones
import Web

struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "List the alerts of a running agent, like amtool alert query.",
        discussion: """
            Without a flag only active alerts are listed: those that are not suppressed. The number left out is printed
            below the table, on standard error. On a terminal they are listed by incident, with --output=simple and
            elsewhere as a table.
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

    struct Listed: Decodable {
        struct Status: Decodable {
            var state: String
            var silencedBy: [String]
            var inhibitedBy: [String]
            var mutedBy: [String]?
        }
        struct Receiver: Decodable { var name: String }
        /// Nil from servers that do not say it.
        var fingerprint: String?
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: String
        var endsAt: String
        var generatorURL: String?
        var receivers: [Receiver]
        var status: Status
        var acknowledgement: IncidentBody.Owner?
    }

    func run() async throws {
        let display = Display.current()
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
            JSONOutput.print(try await client.get(path))
            return
        }
        let alerts = try await client.get([Listed].self, path).sorted {
            ($0.startsAt, $0.labels["alertname"] ?? "") < ($1.startsAt, $1.labels["alertname"] ?? "")
        }
        let shown = counts ? alerts.filter { $0.status.state == "active" } : alerts
        // An Alertmanager has no incidents.
        if output.format == nil, display.isTerminal, let report = try? await EstateReport.fetch(client) {
            print(AlertsCommand.byIncident(shown, report, LocalZone.current(), display))
        } else {
            print(AlertsCommand.table(shown, output.format ?? .simple, display))
        }
        if counts, let rest = AlertsCommand.leftOut(alerts) { Terminal.error(rest) }
    }

    /// The alerts below their incidents, in the order of the overview; those of none at the end.
    static func byIncident(
        _ alerts: [Listed], _ report: EstateReport, _ zone: TimeZoneData, _ display: Display
    ) -> String {
        var left = alerts
        var blocks: [[String]] = []
        for incident in report.words(zone).incidents {
            let order = incident.view.record.members.map(\.alert.fingerprintText)
            let own = order.compactMap { id in left.first { $0.fingerprint == id } }
            guard !own.isEmpty else { continue }
            left.removeAll { alert in alert.fingerprint.map(order.contains) ?? false }
            blocks.append(StatusText.brief(incident, display) + rows(own, report.now, display))
        }
        if !left.isEmpty {
            blocks.append(
                Paragraph("Of no incident", style: .bold).lines(display) + rows(left, report.now, display))
        }
        if blocks.isEmpty { blocks.append(Paragraph("No alert is active").lines(display)) }
        return blocks.joined(separator: [""]).joined(separator: "\n")
    }

    private static func rows(_ alerts: [Listed], _ now: Timestamp, _ display: Display) -> [String] {
        var table = TextTable(
            ["Alert", "State", .rigid("For"), "Summary"],
            texts: alerts.map { alert in
                let start = Timestamp(rfc3339: alert.startsAt)
                let age = start.map { Words.duration(max((now - $0).seconds.rounded(.down), 0)) }
                return [
                    alert.title, state(alert), age ?? alert.startsAt, alert.annotations["summary"] ?? "",
                ]
            })
        table.hidesTitles = true
        let indent = 6
        return table.lines(display.narrowed(by: indent)).map {
            $0.isEmpty ? "" : String(repeating: " ", count: indent) + $0
        }
    }

    /// How many alerts are not active, and the flags that show them; nil if all are.
    static func leftOut(_ alerts: [Listed]) -> String? {
        let suppressed = alerts.count { $0.status.state == "suppressed" }
        let waiting = alerts.count { $0.status.state == "unprocessed" }
        var parts: [String] = []
        if suppressed > 0 { parts.append("\(suppressed) suppressed (--silenced --inhibited --muted)") }
        if waiting > 0 { parts.append("\(waiting) waiting for the first message of the group (--unprocessed)") }
        return parts.isEmpty ? nil : "Left out: \(parts.joined(separator: ", ")); vaultwatch status shows all."
    }

    static func table(_ alerts: [Listed], _ format: OutputOptions.Format, _ display: Display) -> String {
        if format == .extended {
            return TextTable(
                ["Labels", "Annotations", .rigid("Starts At"), .rigid("Ends At"), "Receivers", "State"],
                texts: alerts.map { alert in
                    [
                        pairs(alert.labels), pairs(alert.annotations), Timestamp.amtoolText(alert.startsAt),
                        Timestamp.amtoolText(alert.endsAt),
                        alert.receivers.map(\.name).joined(separator: ","), state(alert),
                    ]
                }
            ).render(display.asPage)
        }
        return TextTable(
            ["Alertname", .rigid("Severity"), .rigid("Starts At"), "Summary", "State"],
            texts: alerts.map { alert in
                [
                    alert.labels["alertname"] ?? "", alert.labels["severity"] ?? "",
                    Timestamp.amtoolText(alert.startsAt), alert.annotations["summary"] ?? "", state(alert),
                ]
            }
        ).render(display)
    }

    /// The state, why the alert is suppressed, and its acknowledgement.
    private static func state(_ alert: Listed) -> String {
        let state = state(alert.status)
        guard let acknowledgement = alert.acknowledgement else { return state }
        return "\(state), acknowledged by \(acknowledgement.by)"
    }

    private static func state(_ status: Listed.Status) -> String {
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

extension AlertsCommand.Listed {
    /// `PostgresDown pg-1`
    var title: String {
        let start = Timestamp(rfc3339: startsAt) ?? Timestamp(milliseconds: 0)
        return Alert(labels: Labels(labels), startsAt: start, updatedAt: start).title
    }
}
