import ArgumentParser
import Dispatching
import FoundationEssentials
import Platform
import Samples
import Text
import Web
#if canImport(Glibc)
    import Glibc
#endif

struct SilenceAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a silence and print its ID.",
        discussion: """
            With --times, --weekdays, --days-of-month or --months the silence recurs: between its start and end it is
            active only within these windows.
            Examples:
              vaultwatch silence add -c "upgrade of vault-2" -d 2h node=vault-2
              vaultwatch silence add -c "the vendor is on it" --until-resolved VaultSealed node=vault-2
              vaultwatch silence add -c "is it right?" --dry-run 'node=~vault-[12]'
              vaultwatch silence add -c "restore test" --start 2026-12-01T01:00:00Z --end 2026-12-01T05:00:00Z VaultSealed
              vaultwatch silence add -c "weekly backup of the backup" -d 8760h --weekdays sunday --times 02:00-04:00 \\
                --location Europe/Berlin 'alertname=~Postgres.*'
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: DataOptions

    @Option(name: .shortAndLong, help: "Author of the silence. Default: the name of the user.")
    var author: String?

    @Option(name: .shortAndLong, help: "Comment: the reason for the silence.")
    var comment: String

    @Option(name: .shortAndLong, help: "Duration, such as 2h or 1d12h. Default: 1h, or 7d with --until-resolved.")
    var duration: String?

    @Flag(help: "End it as soon as none of the alerts fires that it matches now; at the latest after the duration.")
    var untilResolved = false

    @Option(help: "Start time (RFC 3339). Default: now.")
    var start: String?

    @Option(help: "End time (RFC 3339), instead of a duration.")
    var end: String?

    @Option(help: "Times of day, such as 22:00-24:00; repeatable.")
    var times: [String] = []

    @Option(help: "Days of the week, such as monday:friday; repeatable.")
    var weekdays: [String] = []

    @Option(help: "Days of the month, such as 1:7 or -1; repeatable.")
    var daysOfMonth: [String] = []

    @Option(help: "Months, such as december or 1:3; repeatable.")
    var months: [String] = []

    @Option(help: "Time zone of the windows, such as Europe/Berlin. Default: UTC.")
    var location: String?

    @Option(help: "An annotation of the silence, such as ticket=https://tickets.example.org/7; repeatable.")
    var annotation: [String] = []

    @Flag(
        help: "Add nothing; print which alerts it would silence now, and which it would have silenced in the last 24 h."
    )
    var dryRun = false

    @Argument(help: "Matchers; a first word without an operator is an alert name.")
    var matchers: [String]

    func run() async throws {
        let now = SystemTime().wall()
        let starts = try time(start, "--start") ?? now
        let given = duration ?? (untilResolved ? "7d" : "1h")
        guard let span = Duration(prometheus: given), span > .zero else {
            throw ValidationError("--duration: expected a duration such as 2h, found \"\(given)\"")
        }
        let ends = try time(end, "--end") ?? starts + span
        guard ends > starts else { throw ValidationError("silence cannot start after it ends") }
        var body = SilenceBody(
            matchers: try MatcherWords.parse(matchers).map { .init($0) }, startsAt: starts.rfc3339,
            endsAt: ends.rfc3339, createdBy: author ?? SilenceAddCommand.user,
            comment: comment, schedule: try schedule(), annotations: try annotations())
        if untilResolved { body.untilResolved = true }
        let client = try agent.client()
        guard let preview = try await preview(body, client) else {
            if dryRun {
                Terminal.error("--dry-run: this agent has no previews; it is an Alertmanager, or older")
                throw ExitCode.failure
            }
            try await add(body, client)
            return
        }
        if dryRun {
            if output.isJSON {
                try JSONOutput.print(preview)
            } else {
                print(SilenceAddCommand.text(preview, .current()))
            }
        } else {
            Terminal.error(SilenceAddCommand.summary(preview))
            try await add(body, client)
        }
    }

    private func add(_ body: SilenceBody, _ client: AgentClient) async throws {
        let answer = try await client.post(
            "/api/v2/silences", json: Array(try JSONEncoder().encode(body)))
        struct Made: Decodable { var silenceID: String }
        guard !output.isJSON else { return JSONOutput.print(answer) }
        print(try JSONDecoder().decode(Made.self, from: Data(answer)).silenceID)
    }

    /// Nil from an agent without previews.
    private func preview(_ body: SilenceBody, _ client: AgentClient) async throws -> SilencePreview? {
        struct Answer: Decodable { var data: SilencePreview }
        let answer = try await client.ask(
            "/api/v1/vaultwatch/silences/preview", json: Array(try JSONEncoder().encode(body)))
        return answer.flatMap { try? JSONDecoder().decode(Answer.self, from: Data($0)).data }
    }

    /// One or two lines: how many alerts it matches, and what looks like a mistake.
    static func summary(_ preview: SilencePreview) -> String {
        let now = preview.now.count, past = preview.past.count
        var lines = [
            "matches \(now) of \(preview.firing) firing \(preview.firing == 1 ? "alert" : "alerts")"
                + (past == 0 ? "" : ", and \(Words.count(past, "alert")) that fired in the last 24 h")
        ]
        for name in preview.unknownLabels {
            lines.append("no alert has a label \(name.quotedAsInGo), now or in the last 24 h")
        }
        if now + past == 0 { lines[0] += "; nothing that fired in the last 24 h would have been silenced" }
        return lines.joined(separator: "\n")
    }

    /// The summary and the alerts.
    static func text(_ preview: SilencePreview, _ display: Display) -> String {
        let rows = (preview.now + preview.past).map { match in
            [
                match.state, Timestamp.amtoolText(match.at), match.labels["alertname"] ?? "",
                Labels(match.labels.filter { $0.key != "alertname" }).description,
            ]
        }
        guard !rows.isEmpty else { return display.fitted(summary(preview)) }
        let table = TextTable([.rigid("State"), .rigid("At"), "Alertname", "Labels"], texts: rows)
        return display.fitted(summary(preview)) + "\n" + table.render(display)
    }

    private func annotations() throws -> [String: String]? {
        guard !annotation.isEmpty else { return nil }
        let pairs = try annotation.map { text -> (String, String) in
            guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
                throw ValidationError("--annotation: expected name=value, found \"\(text)\"")
            }
            return (String(text[..<sign]), String(text[text.index(after: sign)...]))
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    private func time(_ text: String?, _ option: String) throws -> Timestamp? {
        guard let text else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw ValidationError("\(option): expected RFC 3339 such as 2026-12-01T01:00:00Z, found \"\(text)\"")
        }
        return time
    }

    /// Nil for a silence that does not recur. The agent validates the windows.
    private func schedule() throws -> [SilenceBody.Window]? {
        guard !(times + weekdays + daysOfMonth + months).isEmpty else {
            if location != nil {
                throw ValidationError("--location needs --times, --weekdays, --days-of-month or --months")
            }
            return nil
        }
        let ranges = try times.map { text in
            let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                throw ValidationError("--times: expected a range such as 22:00-24:00, found \"\(text)\"")
            }
            return SilenceBody.Window.Times(start_time: parts[0], end_time: parts[1])
        }
        return [
            .init(
                times: ranges.isEmpty ? nil : ranges, weekdays: weekdays.isEmpty ? nil : weekdays,
                days_of_month: daysOfMonth.isEmpty ? nil : daysOfMonth,
                months: months.isEmpty ? nil : months, location: location)
        ]
    }

    /// The name of the user who runs this; getpwuid(3).
    private static var user: String {
        if let entry = getpwuid(getuid()), let name = entry.pointee.pw_name { return String(cString: name) }
        return Environment.all()["USER"] ?? ""
    }
}
