import Alerts
import ArgumentParser
import Console
import Platform
import Samples
import Text
import TimeZones

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what happened to alerts and notifications, from the journal of a running agent.",
        discussion: """
            Kinds: pending, firing, ended, held, sent, failed, dropped, escalated, acknowledged, silence, note, test, state,
            agent.
            Entries are printed oldest first: on a terminal by day, in its width; elsewhere one line each, times in UTC. With
            --output=extended subjects are label sets and keys of groups, as in the log.
            Examples:
              vaultwatch history --since 2h
              vaultwatch history --kind sent --kind failed --receiver critical
              vaultwatch history --contains vault-2 --from 2026-11-24T00:00:00Z --to 2026-11-24T06:00:00Z -o json
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "How far back to look, such as 2h or 7d.")
    var since = "24h"

    @Option(help: "Start time (RFC 3339), instead of --since.")
    var from: String?

    @Option(help: "End time (RFC 3339).")
    var to: String?

    @Option(help: "Only entries of this kind; repeatable.")
    var kind: [String] = []

    @Option(help: "Only entries about this receiver; repeatable.")
    var receiver: [String] = []

    @Option(help: "Only entries whose subject or detail contains this text.")
    var contains: String?

    @Option(help: "The number of newest entries to show.")
    var limit = 100

    func validate() throws {
        let kinds = HistoryEntry.Kind.allCases.map(\.rawValue)
        if let wrong = kind.first(where: { !kinds.contains($0) }) {
            throw ValidationError("--kind: expected one of \(kinds.joined(separator: ", ")), found \"\(wrong)\"")
        }
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit: expected a number from 1 to 10000") }
    }

    private struct Answer: Decodable { var data: [HistoryEntry] }

    func run() async throws {
        guard let span = Duration(prometheus: since) else {
            throw ValidationError("--since: expected a duration such as 2h, found \"\(since)\"")
        }
        let start = try time(from, "--from") ?? SystemTime().wall() - span
        var path = "/api/v1/vaultwatch/history?limit=\(limit)&start=\(PercentCoding.encode(start.rfc3339))"
        if let end = try time(to, "--to") { path += "&end=\(PercentCoding.encode(end.rfc3339))" }
        for one in kind { path += "&kind=\(PercentCoding.encode(one))" }
        for one in receiver { path += "&receiver=\(PercentCoding.encode(one))" }
        if let contains { path += "&contains=\(PercentCoding.encode(contains))" }
        let items = Array(try await agent.client().get(Answer.self, path).data.reversed())
        let display = Display.current()
        switch output.format {
        case .json: try JSONOutput.print(items)
        case .extended: print(HistoryCommand.table(items, display.asPage) { $0.subject })
        case nil where display.isTerminal:
            print(HistoryCommand.days(items, Clock(zone: LocalZone.current(), now: SystemTime().wall()), display))
        case nil, .simple: print(HistoryCommand.table(items, display) { $0.subjectWords })
        }
    }

    /// One row an entry.
    static func table(_ items: [HistoryEntry], _ display: Display, subject: (HistoryEntry) -> String) -> String {
        TextTable(
            [.rigid("TIME"), .rigid("INCIDENT"), .rigid("KIND"), "SUBJECT", "RECEIVER", "DETAIL"],
            texts: items.map { item in
                [
                    item.at.amtoolText, item.incident.map { "#\($0)" } ?? "", item.kind.rawValue, subject(item),
                    [item.receiver, item.integration].filter { !$0.isEmpty }.joined(separator: " "), item.detail,
                ]
            }
        ).render(display)
    }

    /// The entries below their days, in the words of the page.
    static func days(_ items: [HistoryEntry], _ clock: Clock, _ display: Display) -> String {
        var lines: [String] = []
        var day = ""
        let numbers = items.map { ($0.incident.map { "#\($0)" } ?? "").columns }.max() ?? 0
        let kinds = items.map(\.kind.rawValue.columns).max() ?? 0
        for item in items {
            let its = clock.text(item.at, .day)
            if its != day {
                if !day.isEmpty { lines.append("") }
                lines += Paragraph("\(its), \(clock.abbreviation)", style: .bold).lines(display)
                day = its
            }
            let number = (item.incident.map { "#\($0)" } ?? "").padded(to: numbers)
            let to = item.receiverWords.isEmpty ? "" : ", \(item.receiverWords)"
            lines += Paragraph(
                item.subjectWords + to + (item.detail.isEmpty ? "" : ": \(item.detail)"),
                lead: [
                    .init("  " + String(clock.text(item.at, .full).suffix(8)) + "  "),
                    .init(numbers == 0 ? "" : number + "  ", .faint),
                    .init(item.kind.rawValue.padded(to: kinds), style(item.kind)), "  ",
                ]
            ).lines(display)
        }
        if lines.isEmpty { lines = Paragraph("Nothing like that is in the history").lines(display) }
        return lines.joined(separator: "\n")
    }

    private static func style(_ kind: HistoryEntry.Kind) -> Display.Style {
        switch kind {
        case .firing, .failed, .dropped: .red
        case .ended, .sent: .green
        case .escalated: .yellow
        default: .none
        }
    }

    private func time(_ text: String?, _ option: String) throws -> Timestamp? {
        guard let text else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw ValidationError("\(option): expected RFC 3339 such as 2026-11-24T06:00:00Z, found \"\(text)\"")
        }
        return time
    }
}
