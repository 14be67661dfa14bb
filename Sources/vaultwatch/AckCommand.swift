import Alerts
import ArgumentParser
import Console
import FoundationEssentials
import Platform
import Samples
import TimeZones
import Web

struct AckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Acknowledge incidents of a running agent, or list them.",
        discussion: """
            Acknowledged incidents are not repeated and do not escalate until they end, become more severe, or
            alerting.ack_timeout has passed. Without arguments the incidents under way are listed.
            Examples:
              vaultwatch ack
              vaultwatch ack -o json
              vaultwatch ack -c "on it" 318
              vaultwatch ack VaultSealed node=vault-2
              vaultwatch ack --undo 318
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: DataOptions

    @Option(name: .shortAndLong, help: "A comment.")
    var comment = ""

    @Flag(help: "Withdraw acknowledgements.")
    var undo = false

    @Argument(
        help:
            "An incident by its number, or matchers of alerts; a first word without an operator is an alert name."
    )
    var incident: [String] = []

    private static let path = "/api/v1/vaultwatch/acknowledgements"

    private struct Body: Encodable {
        var incident: String?
        var alert: String?
        var matchers: [SilenceBody.Matcher]?
        var comment: String
    }

    func run() async throws {
        let client = try agent.client()
        let listed = try await client.get(IncidentBody.path)
        let all = try incidents(listed)
        guard let first = incident.first else {
            if undo { throw ValidationError("--undo needs an incident or matchers") }
            if output.isJSON { JSONOutput.print(listed) } else { show(all) }
            return
        }
        var body = Body(comment: comment)
        let word = first.hasPrefix("#") ? String(first.dropFirst()) : first
        if incident.count == 1, let one = all.first(where: { $0.name == word }) ?? all.first(where: { $0.id == word }) {
            body.incident = one.id
            // An unacknowledged incident of a single alert has no id.
            if one.id == nil { body.alert = one.cause.fingerprint }
        } else if word.allSatisfy(\.isNumber) {
            Terminal.error("there is no incident \(word) that goes on; `vaultwatch ack` lists them")
            throw ExitCode.failure
        } else {
            body.matchers = try MatcherWords.parse(incident).map { .init($0) }
        }
        let json = Array(try JSONEncoder().encode(body))
        let answer = try await client.change(undo ? "DELETE" : "POST", AckCommand.path, json: json)
        guard !output.isJSON else { return JSONOutput.print(answer) }
        // The answer does not say who was told.
        show(
            try incidents(answer).map { incident in
                guard let before = all.first(where: { $0.name == incident.name }) else { return incident }
                var incident = incident
                (incident.told, incident.silencedBy) = (before.told, before.silencedBy)
                return incident
            })
    }

    private func incidents(_ answer: [UInt8]) throws -> [IncidentBody] {
        do {
            return try JSONDecoder().decode(IncidentBody.Answer.self, from: Data(answer)).data.incidents
        } catch {
            Terminal.error("not a response of vaultwatch: \(error)")
            throw ExitCode.failure
        }
    }

    private func show(_ incidents: [IncidentBody]) {
        print(AckCommand.text(incidents, now: SystemTime().wall(), .current()))
    }

    /// The most severe and oldest first: on a terminal as the status has them, elsewhere as a table.
    static func text(_ incidents: [IncidentBody], now: Timestamp, _ display: Display) -> String {
        var report = EstateReport(status: EstateStatus(version: "", startedAt: "", now: now.rfc3339))
        report.incidents = incidents
        let words = report.words(display.isTerminal ? LocalZone.current() : .utc).incidents
        if display.isTerminal {
            let lines = words.flatMap { StatusText.brief($0, display) }
            return lines.isEmpty ? "No incident is open" : lines.joined(separator: "\n")
        }
        return TextTable(
            [.rigid("Incident"), .rigid("Severity"), .rigid("Since"), "Summary", "Told", "Who is on it"],
            texts: words.map { incident in
                let record = incident.view.record
                let more = record.consequences.isEmpty ? "" : " (and \(record.consequences.count) more)"
                let name = record.number > 0 ? "#\(record.number)" : record.cause?.alert.fingerprintText ?? ""
                return [
                    name, incident.severity, incident.since, record.sentence + more, incident.told,
                    record.acknowledgement == nil ? incident.who : "by \(incident.who)",
                ]
            }
        ).render(display)
    }
}
