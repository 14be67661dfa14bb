import ArgumentParser
import Console
import Platform
import Samples
import Text
import Web

struct SilenceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List active and pending silences.",
        discussion: """
            On a terminal each with why, who, what it mutes now and until when, next to end first; elsewhere, and with
            --output=simple, as amtool lists them.
            Examples:
              vaultwatch silence list
              vaultwatch silence list --within 2h              silences that end within two hours
              vaultwatch silence list --expired -o extended
              vaultwatch silence expire $(vaultwatch silence list -q node=vault-2)
            """, aliases: ["query"])

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "List expired silences instead.")
    var expired = false

    @Flag(name: .shortAndLong, help: "Print only the IDs.")
    var quiet = false

    @Option(help: "Only silences that end (with --expired: ended) within this duration.")
    var within: String?

    @Option(help: "Only silences of this author.")
    var createdBy: String?

    @Argument(help: "Matchers; a first word without an operator is an alert name.")
    var matchers: [String] = []

    func run() async throws {
        let span = try within.map { text in
            guard let span = Duration(prometheus: text) else {
                throw ValidationError("--within: expected a duration such as 2h, found \"\(text)\"")
            }
            return span
        }
        let now = SystemTime().wall()
        let filter = try MatcherWords.query(matchers)
        let all = try await agent.client().get(
            [SilenceBody].self, "/api/v2/silences" + (filter.isEmpty ? "" : "?" + filter.dropFirst()))
        let shown = all.filter { silence in
            guard (silence.status?.state == "expired") == expired else { return false }
            if let createdBy, silence.createdBy != createdBy { return false }
            guard let span, let ends = Timestamp(rfc3339: silence.endsAt) else { return true }
            return expired ? now - ends <= span : ends - now <= span
        }.sorted { ($0.endsAt, $0.id ?? "") < ($1.endsAt, $1.id ?? "") }
        if quiet {
            for silence in shown { print(silence.id ?? "") }
            return
        }
        let display = Display.current()
        switch output.format {
        case .json: try JSONOutput.print(shown)
        case nil where display.isTerminal:
            let client = try agent.client()
            let muted = try await client.get(
                [AlertsCommand.Listed].self, "/api/v2/alerts?active=false&silenced=true&inhibited=false")
            print(SilenceListCommand.text(shown, muted, Clock(zone: LocalZone.current(), now: now), display))
        case nil, .simple:
            var table = TextTable(
                [.rigid("ID"), "Matchers", .rigid("Ends At"), "Created By", "Comment"],
                texts: shown.map { silence in
                    [
                        silence.id ?? "", SilenceListCommand.text(silence, " ", "", ""),
                        Timestamp.amtoolText(silence.endsAt), silence.createdBy, silence.comment,
                    ]
                })
            table.paddingLimit = nil
            print(table.render(display))
        case .extended:
            print(
                TextTable(
                    [
                        .rigid("ID"), "Matchers", .rigid("Starts At"), .rigid("Ends At"), .rigid("Updated At"),
                        "Recurs", "Created By", "Comment",
                    ],
                    texts: shown.map { silence in
                        [
                            silence.id ?? "", SilenceListCommand.text(silence, ",", "{", "}"),
                            Timestamp.amtoolText(silence.startsAt),
                            Timestamp.amtoolText(silence.endsAt), Timestamp.amtoolText(silence.updatedAt ?? ""),
                            (silence.schedule ?? []).map(\.text).joined(separator: "; "), silence.createdBy,
                            silence.comment,
                        ]
                    }
                ).render(display.asPage))
        }
    }

    /// The silences by state, in the words of the page.
    /// - Parameter muted: the alerts that silences suppress now.
    static func text(
        _ silences: [SilenceBody], _ muted: [AlertsCommand.Listed], _ clock: Clock, _ display: Display
    ) -> String {
        let blocks = [("active", "In force"), ("pending", "To come"), ("expired", "Ended")].flatMap {
            state, heading -> [[String]] in
            let own = silences.filter { $0.status?.state == state }
            guard !own.isEmpty else { return [] }
            return [Paragraph(heading, style: .bold).lines(display)] + own.map { block($0, muted, clock, display) }
        }
        guard !blocks.isEmpty else { return Paragraph("Nothing is silenced").lines(display).joined(separator: "\n") }
        return blocks.joined(separator: [""]).joined(separator: "\n")
    }

    private static func block(
        _ silence: SilenceBody, _ muted: [AlertsCommand.Listed], _ clock: Clock, _ display: Display
    ) -> [String] {
        let why = silence.comment.isEmpty ? "no reason given" : silence.comment
        let who = silence.createdBy.isEmpty ? "unknown" : silence.createdBy
        var facts = [("why", "\(why), by \(who)")]
        let state = silence.status?.state
        if state == "active" {
            let own = muted.filter { alert in silence.id.map(alert.status.silencedBy.contains) ?? false }
            let names = Words.list(own.map(\.title), limit: 3)
            facts.append(("mutes now", own.isEmpty ? "nothing" : "\(Words.count(own.count, "alert")): \(names)"))
        }
        if state == "pending" { facts.append(("from", time(silence.startsAt, clock))) }
        let until = silence.untilResolved == true ? ", or when nothing of it fires any more" : ""
        facts.append((state == "expired" ? "ended" : "until", time(silence.endsAt, clock) + until))
        let windows = (silence.schedule ?? []).map(\.text).joined(separator: "; ")
        if !windows.isEmpty { facts.append(("recurs", windows)) }
        facts.append(("id", silence.id ?? ""))
        var lines = Paragraph(text(silence, " ", "", ""), lead: ["  "], style: .bold).lines(display)
        for (name, text) in facts {
            lines += Paragraph(text, lead: ["    ", .init(name.padded(to: 9), .faint), "  "]).lines(display)
        }
        return lines
    }

    /// `05:38:00 CET, in 2 h 27 min`, `05:38:00 CET, 20 min ago`
    private static func time(_ text: String, _ clock: Clock) -> String {
        guard let time = Timestamp(rfc3339: text) else { return text }
        let left = (time - clock.now).seconds.rounded(.down)
        let distance = left < 0 ? "\(Words.duration(-left)) ago" : "in \(Words.duration(left))"
        return "\(clock.text(time)) \(clock.abbreviation), \(distance)"
    }

    /// The sets of matchers, each between two texts.
    private static func text(_ silence: SilenceBody, _ separator: String, _ open: String, _ close: String) -> String {
        let sets = silence.matcherSets?.map(\.matchers) ?? [silence.matchers ?? []]
        return sets.map { open + text($0, separator) + close }.joined(separator: " or ")
    }

    private static func text(_ matchers: [SilenceBody.Matcher], _ separator: String) -> String {
        matchers.map { Matcher.alertmanagerText($0.name, $0.operation, $0.value) }.joined(separator: separator)
    }
}
