import Alerts
import ArgumentParser
import Console
import FoundationEssentials
import Platform
import Recovery
import Samples
import Text
import Web

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Report the incidents of a period with their timeline, from the history of a running agent.",
        discussion: """
            For each incident: detected, paged, acknowledged, resolved, the recovery time (RTO), and the age of the newest
            verified backup from before it (RPO).
            Examples:
              vaultwatch report --from 2026-11-24T03:00:00Z --to 2026-11-24T06:00:00Z
              vaultwatch report --from 2026-11-24T03:00:00Z -o json
            """)

    @OptionGroup var agent: AgentURLOptions

    @Option(help: "Start time (RFC 3339).")
    var from: String

    @Option(help: "End time (RFC 3339). Default: now.")
    var to: String?

    @Option(name: [.customShort("o"), .customLong("output")], help: "Output format.")
    var format: DrillReportCommand.Format = .markdown

    /// Maximum number of incidents of a report; each is asked for on its own.
    private static let incidentLimit = 200

    func run() async throws {
        let start = try time(from, "--from")
        let end = try to.map { try time($0, "--to") } ?? SystemTime().wall()
        guard end > start else { throw ValidationError("--to: expected a time after --from") }
        let client = try agent.client()
        let numbers = try await client.get(IncidentNumbers.self, IncidentBody.path + "?state=all").data.between(
            start, end)
        guard numbers.count <= ReportCommand.incidentLimit else {
            Terminal.error(
                "\(numbers.count) incidents; expected at most \(ReportCommand.incidentLimit), give a shorter period")
            throw ExitCode.failure
        }
        var incidents: [PeriodReport.Incident] = []
        for number in numbers {
            let answer = try await client.get(IncidentDetailBody.Answer.self, "\(IncidentBody.path)/\(number)")
            incidents.append(answer.data.incident)
        }
        struct History: Decodable { var data: [HistoryEntry] }
        var path = "/api/v1/vaultwatch/history?limit=10000&start=\(PercentCoding.encode(start.rfc3339))"
        path += "&end=\(PercentCoding.encode(end.rfc3339))"
        for kind in [HistoryEntry.Kind.agent, .silence, .state, .held] { path += "&kind=\(kind.rawValue)" }
        let entries = try await client.get(History.self, path).data
        let backups = try await client.get(BackupsBody.Answer.self, "/api/v1/vaultwatch/backups").data.good
        let report = PeriodReport(from: start, to: end, incidents: incidents, entries: entries, backups: backups)
        switch format {
        case .markdown: print(report.markdown, terminator: "")
        case .json: try JSONOutput.print(report)
        }
    }

    private func time(_ text: String, _ option: String) throws -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else {
            throw ValidationError("\(option): expected RFC 3339 such as 2026-11-24T06:00:00Z, found \"\(text)\"")
        }
        return time
    }
}

/// The numbers of the incidents in the list of all of them.
private struct IncidentNumbers: Decodable {
    struct Lists: Decodable {
        struct Item: Decodable {
            var number: Int?
            var startsAt: String
            var endedAt: String?
        }
        var incidents: [Item]
        /// An incident's record has a field of the same name with the alerts that ended; this is the list beside it.
        var ended: [Item]

        func between(_ start: Timestamp, _ end: Timestamp) -> [Int] {
            let numbers = (incidents + ended).compactMap { item -> Int? in
                guard let began = Timestamp(rfc3339: item.startsAt), began <= end else { return nil }
                if let over = item.endedAt.flatMap({ Timestamp(rfc3339: $0) }), over < start { return nil }
                return item.number
            }
            return Set(numbers).sorted()
        }
    }
    var data: Lists
}

/// One incident with its course, in the form of `GET /api/v1/vaultwatch/incidents/318`.
private struct IncidentDetailBody: Decodable {
    struct Answer: Decodable { var data: IncidentDetailBody }
    struct Owner: Decodable { var by: String }
    struct Member: Decodable {
        var alert: IncidentBody.Member
    }

    var number: Int
    var startsAt: String
    var endedAt: String?
    var severity: String
    var toldAt: String?
    var acknowledgement: Owner?
    var firstAcknowledgedAt: String?
    var alerts: [Member]
    var events: [HistoryEntry]

    var incident: PeriodReport.Incident {
        func time(_ text: String?) -> Timestamp? { text.flatMap { Timestamp(rfc3339: $0) } }
        let cause = alerts.first?.alert.alert
        return PeriodReport.Incident(
            number: number, sentence: cause?.sentence ?? "", severity: severity,
            startsAt: time(startsAt) ?? Timestamp(milliseconds: 0), endedAt: time(endedAt), toldAt: time(toldAt),
            acknowledgedAt: time(firstAcknowledgedAt), owner: acknowledgement?.by ?? "",
            drill: cause?.drill ?? "", entries: events)
    }
}

/// The backups in the form of `GET /api/v1/vaultwatch/backups`.
private struct BackupsBody: Decodable {
    struct Answer: Decodable { var data: BackupsBody }
    struct Backups: Decodable {
        var days: [Backup]
    }
    struct Backup: Decodable {
        var state: String
        var madeAt: String?
        var uploadedAt: String?
    }
    var sets: [Backups]

    /// When each verified backup was made and uploaded.
    var good: [(madeAt: Timestamp, uploadedAt: Timestamp?)] {
        sets.flatMap(\.days).compactMap { backup in
            guard backup.state == BackupCalendarView.State.verified.rawValue,
                let made = backup.madeAt.flatMap({ Timestamp(rfc3339: $0) })
            else { return nil }
            return (made, backup.uploadedAt.flatMap { Timestamp(rfc3339: $0) })
        }
    }
}
