import ArgumentParser
import FoundationEssentials
import Platform
import Samples
import Text
import Web

struct SilenceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List active and pending silences.",
        discussion: """
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
        switch output.format {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(shown), as: UTF8.self))
        case .simple:
            print(
                Terminal.table(
                    ["ID", "Matchers", "Ends At", "Created By", "Comment"],
                    shown.map { silence in
                        [
                            silence.id ?? "", SilenceListCommand.text(silence, " ", "", ""),
                            Timestamp.amtoolText(silence.endsAt), silence.createdBy, silence.comment,
                        ]
                    }))
        case .extended:
            print(
                Terminal.table(
                    ["ID", "Matchers", "Starts At", "Ends At", "Updated At", "Recurs", "Created By", "Comment"],
                    shown.map { silence in
                        [
                            silence.id ?? "", SilenceListCommand.text(silence, ",", "{", "}"),
                            Timestamp.amtoolText(silence.startsAt),
                            Timestamp.amtoolText(silence.endsAt), Timestamp.amtoolText(silence.updatedAt ?? ""),
                            (silence.schedule ?? []).map(\.text).joined(separator: "; "), silence.createdBy,
                            silence.comment,
                        ]
                    }))
        }
    }

    /// The sets of matchers, each between two texts.
    private static func text(_ silence: SilenceBody, _ separator: String, _ open: String, _ close: String) -> String {
        let sets = silence.matcherSets?.map(\.matchers) ?? [silence.matchers ?? []]
        return sets.map { open + text($0, separator) + close }.joined(separator: " or ")
    }

    private static func text(_ matchers: [SilenceBody.Matcher], _ separator: String) -> String {
        matchers.map { matcher in
            let sign = matcher.isEqual ?? true ? (matcher.isRegex ? "=~" : "=") : (matcher.isRegex ? "!~" : "!=")
            return matcher.name + sign + matcher.value.quotedAsInGo
        }.joined(separator: separator)
    }
}
