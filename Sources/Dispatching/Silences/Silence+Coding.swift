import FoundationEssentials
import Samples
import Text

extension Silence {
    private struct Stored: Codable {
        struct StoredMatcher: Codable {
            var name: String
            var operation: String
            var value: String
        }
        var id: String
        var matchers: [StoredMatcher]
        var startsAt: Int64
        var endsAt: Int64
        var updatedAt: Int64
        var createdBy: String
        var comment: String
        var schedule: [TimeWindow]
    }

    /// The silence as the journal keeps it: JSON.
    package func encoded() throws -> [UInt8] {
        let stored = Stored(
            id: id, matchers: matchers.map { .init(name: $0.name, operation: $0.operation.rawValue, value: $0.value) },
            startsAt: startsAt.milliseconds, endsAt: endsAt.milliseconds, updatedAt: updatedAt.milliseconds,
            createdBy: createdBy,
            comment: comment, schedule: schedule)
        return Array(try JSONEncoder().encode(stored))
    }

    /// - Throws: what `JSONDecoder` says, or `MatcherSyntaxError`.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        var matchers: [Matcher] = []
        for matcher in stored.matchers {
            // One that was made when an expression could have more memory still holds.
            matchers.append(
                try Matcher.Operation(rawValue: matcher.operation).flatMap {
                    try? Silence.matcher(matcher.name, $0, matcher.value)
                } ?? MatcherSyntax.make(matcher.name, matcher.operation, matcher.value))
        }
        self.init(
            id: stored.id, matchers: matchers, startsAt: Timestamp(milliseconds: stored.startsAt),
            endsAt: Timestamp(milliseconds: stored.endsAt), updatedAt: Timestamp(milliseconds: stored.updatedAt),
            createdBy: stored.createdBy, comment: stored.comment, schedule: stored.schedule)
    }
}
