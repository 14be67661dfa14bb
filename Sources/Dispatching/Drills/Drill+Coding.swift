import FoundationEssentials
import Samples
import Text

extension Drill {
    private struct Stored: Codable {
        var scenario: String
        var cluster: String
        /// Each as `severity="low", team="db"`.
        var others: [String]
        var startsAt: Int64
        var endsAt: Int64
        var createdBy: String
    }

    /// The drill as the journal stores it: JSON, times in milliseconds.
    /// - Throws: what `JSONEncoder` says.
    package func encoded() throws -> [UInt8] {
        Array(
            try JSONEncoder().encode(
                Stored(
                    scenario: scenario, cluster: cluster, others: othersText, startsAt: startsAt.milliseconds,
                    endsAt: endsAt.milliseconds, createdBy: createdBy)))
    }

    /// Reads a row of the journal.
    /// - Throws: what `JSONDecoder` says, or `MatcherSyntaxError`.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        self.init(
            scenario: stored.scenario, cluster: stored.cluster, others: try stored.others.map(MatcherSyntax.parse),
            startsAt: Timestamp(milliseconds: stored.startsAt), endsAt: Timestamp(milliseconds: stored.endsAt),
            createdBy: stored.createdBy)
    }

    /// `others` as text, in the syntax of Alertmanager's matchers.
    package var othersText: [String] { others.map { $0.map(\.description).joined(separator: ", ") } }
}
