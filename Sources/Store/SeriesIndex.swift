import Samples

/// Finds series by their labels: for each name and value of a label, the slots of the series that have it.
struct SeriesIndex {
    /// In order of arrival.
    private var slots: [MemorySeries] = []
    /// Slots of series without points.
    private var emptyCount = 0
    private var postings: [String: [String: Posting]] = [:]

    /// Slots of series, ascending. Most label values belong to a single series, which then needs no array.
    private struct Posting {
        private let first: UInt32
        private var rest: [UInt32] = []

        init(_ slot: UInt32) { first = slot }

        var count: Int { rest.count + 1 }
        mutating func append(_ slot: UInt32) { rest.append(slot) }

        func append(to slots: inout [UInt32]) {
            slots.append(first)
            slots += rest
        }

        /// Those of the slots, which ascend, that are also here.
        func intersection(_ slots: [UInt32]) -> [UInt32] {
            var common: [UInt32] = []
            var (current, next) = (first, 0)
            for slot in slots {
                while current < slot {
                    guard next < rest.count else { return common }
                    current = rest[next]
                    next += 1
                }
                if current == slot { common.append(slot) }
            }
            return common
        }
    }

    mutating func insert(_ series: MemorySeries) {
        let slot = UInt32(truncatingIfNeeded: slots.count)
        slots.append(series)
        for pair in series.labels.pairs {
            if postings[pair.name]?[pair.value]?.append(slot) == nil {
                postings[pair.name, default: [:]][pair.value] = Posting(slot)
            }
        }
    }

    /// Records how many more series have lost all of their points. Their slots are kept until there are many:
    /// rebuilding the index takes time while the store is locked.
    mutating func removed(_ count: Int) {
        emptyCount += count
        guard emptyCount > slots.count / 4 else { return }
        let kept = slots.filter { !$0.isEmpty }
        self = SeriesIndex()
        slots.reserveCapacity(kept.count)
        for series in kept { insert(series) }
    }

    /// The series that match every matcher, in order of arrival; some may have no points.
    func series(_ matchers: [Matcher]) -> [MemorySeries] {
        guard let candidates = candidates(matchers) else { return [] }
        var tests = matchers.filter { !candidates.answers.contains($0) }.map { Test($0) }
        guard let found = candidates.slots else { return slots.filter { Self.passes($0, &tests) } }
        return found.lazy.map { slots[Int($0)] }.filter { Self.passes($0, &tests) }
    }

    private static func passes(_ series: MemorySeries, _ tests: inout [Test]) -> Bool {
        for index in tests.indices where !tests[index].passes(series.labels) { return false }
        return true
    }

    private struct Candidates {
        /// Nil stands for all.
        var slots: [UInt32]?
        /// The matchers that all candidates are known to satisfy.
        var answers: [Matcher] = []
    }

    /// How many times as long a list may be as the one before it to be gone through; a longer one is looked up in the
    /// labels of what is left.
    private static let listFactor = 16

    /// The series that all matchers of one value have in common; nil if nothing can match.
    private func candidates(_ matchers: [Matcher]) -> Candidates? {
        var lists: [(posting: Posting, matcher: Matcher)] = []
        for matcher in matchers where matcher.operation == .equal && !matcher.value.isEmpty {
            guard let posting = postings[matcher.name]?[matcher.value] else { return nil }
            lists.append((posting, matcher))
        }
        lists.sort { $0.posting.count < $1.posting.count }
        var found: [UInt32] = []
        if let shortest = lists.first {
            shortest.posting.append(to: &found)
            var answers = [shortest.matcher]
            for (posting, matcher) in lists.dropFirst() where posting.count <= found.count * SeriesIndex.listFactor {
                found = posting.intersection(found)
                answers.append(matcher)
            }
            return Candidates(slots: found, answers: answers)
        }
        guard let matcher = matchers.first(where: { !$0.matches("") }) else { return Candidates() }
        for (value, posting) in postings[matcher.name] ?? [:] where matcher.matches(value) {
            posting.append(to: &found)
        }
        return Candidates(slots: found.sorted(), answers: [matcher])
    }

    /// A matcher that applies its regular expression only once to each value.
    private struct Test {
        private let matcher: Matcher
        private let isRegular: Bool
        private var known: [String: Bool] = [:]

        init(_ matcher: Matcher) {
            self.matcher = matcher
            isRegular = matcher.operation == .matches || matcher.operation == .notMatches
        }

        mutating func passes(_ labels: Labels) -> Bool {
            let value = labels[matcher.name] ?? ""
            guard isRegular else { return matcher.matches(value) }
            if let answer = known[value] { return answer }
            let answer = matcher.matches(value)
            known[value] = answer
            return answer
        }
    }
}
