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
        /// The sets after the first; absent in rows written before this field existed, or if there is only one.
        var furtherMatchers: [[StoredMatcher]]?
        /// Absent in rows written before this field existed, or if there are none.
        var annotations: [String: String]?
        /// Absent in rows written before this field existed, or if false.
        var untilResolved: Bool?
    }

    /// The silence as the journal stores it: JSON.
    package func encoded() throws -> [UInt8] {
        let sets = matcherSets.map { set in
            set.map { Stored.StoredMatcher(name: $0.name, operation: $0.operation.rawValue, value: $0.value) }
        }
        let stored = Stored(
            id: id, matchers: sets.first ?? [],
            startsAt: startsAt.milliseconds, endsAt: endsAt.milliseconds, updatedAt: updatedAt.milliseconds,
            createdBy: createdBy,
            comment: comment, schedule: schedule, furtherMatchers: sets.count > 1 ? Array(sets.dropFirst()) : nil,
            annotations: annotations.isEmpty ? nil : annotations, untilResolved: untilResolved ? true : nil)
        return Array(try JSONEncoder().encode(stored))
    }

    /// - Throws: what `JSONDecoder` says, or `MatcherSyntaxError`.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        let sets = try ([stored.matchers] + (stored.furtherMatchers ?? [])).map { set in
            try set.map { matcher in
                // Accepts a silence that was created when expressions were allowed more memory.
                try Matcher.Operation(rawValue: matcher.operation).flatMap {
                    try? Silence.matcher(matcher.name, $0, matcher.value)
                } ?? MatcherSyntax.make(matcher.name, matcher.operation, matcher.value)
            }
        }
        self.init(
            id: stored.id, matcherSets: sets, startsAt: Timestamp(milliseconds: stored.startsAt),
            endsAt: Timestamp(milliseconds: stored.endsAt), updatedAt: Timestamp(milliseconds: stored.updatedAt),
            createdBy: stored.createdBy, comment: stored.comment, schedule: stored.schedule,
            annotations: stored.annotations ?? [:])
        untilResolved = stored.untilResolved ?? false
    }
}
