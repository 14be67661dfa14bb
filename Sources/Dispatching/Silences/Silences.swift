import Platform
import Samples

/// What is wrong with a silence, in Alertmanager's words where it has any.
package enum SilenceError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalid(String)
    case notFound(String)
    case alreadyExpired(String)
    /// It is to last until its alerts are resolved, but no alert fires that it would silence.
    case nothingFires
    /// The limit on the number of silences is reached.
    case tooMany(Int)
    /// All silences together would exceed this many bytes.
    case tooManyBytes(Int)

    /// In Alertmanager's words.
    package var description: String {
        switch self {
        case .invalid(let reason): "silence invalid: \(reason)"
        case .notFound(let id): "silence \(id) not found"
        case .alreadyExpired(let id): "silence \(id) already expired"
        case .nothingFires:
            "silence invalid: it lasts until the alerts that it matches are resolved, but none of them fires"
        case .tooMany(let limit): "exceeded maximum number of silences: \(limit)"
        case .tooManyBytes(let limit):
            "exceeded maximum size of all silences: \(limit >> 10) KiB; expired ones count until their retention ends"
        }
    }
}

/// All silences; expired ones until the retention ends.
struct Silences: Sendable {
    private(set) var all: [String: Silence] = [:]
    /// The size of each by id, as `Silence.sizeBytes` counts it, and their sum.
    private var sizes: [String: Int] = [:]
    private var bytes = 0
    /// Incremented whenever the set of silences in force changes, so that alerts can cache what they match.
    private(set) var epoch: UInt64 = 1
    private(set) var inForce: [Silence] = []
    private var dirty = true
    /// Maximum bytes of one silence's texts, and of all silences together.
    private static let silenceLimitBytes = 32 << 10
    static let bytesLimit = 16 << 20
    private var limit: Int
    private var retention: Duration

    init(limit: Int, retention: Duration) {
        self.limit = limit
        self.retention = retention
    }

    /// Creates, changes or replaces a silence. A change of matchers, or of the start of one that is already active,
    /// expires the old one and creates a new one.
    /// - Returns: what is to be stored: the silence, and the one that it replaces, if any.
    mutating func set(_ given: Silence, random: any RandomSource, now: Timestamp) throws(SilenceError) -> [Silence] {
        var silence = given
        // The client's clock may be ahead.
        if silence.untilResolved, silence.startsAt > now, silence.startsAt - now <= .seconds(300) {
            silence.startsAt = now
        }
        try Silences.validate(silence, now)
        silence.updatedAt = now
        if !given.id.isEmpty {
            guard let old = all[given.id] else { throw .notFound(given.id) }
            if Silences.canUpdate(old, given, now) {
                try checkRoom(for: silence)
                store(silence)
                return [silence]
            }
            var changed = try make(&silence, random, now)
            if old.state(at: now) != .expired { changed.append(try expire(old.id, now: now)) }
            return changed
        }
        return try make(&silence, random, now)
    }

    /// Ends a silence now; returns it in its new state.
    mutating func expire(_ id: String, now: Timestamp) throws(SilenceError) -> Silence {
        guard var silence = all[id] else { throw .notFound(id) }
        switch silence.state(at: now) {
        case .expired: throw .alreadyExpired(id)
        case .active: silence.endsAt = now
        case .pending:
            silence.startsAt = now
            silence.endsAt = now
        }
        silence.updatedAt = now
        store(silence)
        return silence
    }

    mutating func change(limit: Int, retention: Duration) {
        self.limit = limit
        self.retention = retention
    }

    mutating func restore(_ silence: Silence) {
        if all.count < 2 * limit, bytes + silence.sizeBytes <= Silences.bytesLimit { store(silence) }
    }

    /// Determines which silences are in force now, and drops those that expired longer ago than the retention.
    /// - Returns: the ids of the dropped ones.
    mutating func refresh(_ now: Timestamp) -> [String] {
        var forgotten: [String] = []
        for (id, silence) in all where silence.endsAt + retention <= now {
            all[id] = nil
            bytes -= sizes.removeValue(forKey: id) ?? 0
            forgotten.append(id)
        }
        let current = all.values.filter { $0.isInForce(at: now) }.sorted { $0.id < $1.id }
        if dirty || current.count != inForce.count || zip(current, inForce).contains(where: { $0.id != $1.id }) {
            inForce = current
            epoch += 1
            dirty = false
        }
        return forgotten.sorted()
    }

    /// Silences in force that end as soon as no alert that they silence fires any more.
    func untilResolved(at now: Timestamp) -> [Silence] {
        inForce.filter { $0.untilResolved && $0.isInForce(at: now) }
    }

    func silencing(_ labels: Labels) -> [String] { inForce.filter { $0.matches(labels) }.map(\.id) }

    private mutating func make(_ silence: inout Silence, _ random: any RandomSource, _ now: Timestamp)
        throws(SilenceError) -> [Silence]
    {
        guard all.values.lazy.filter({ $0.state(at: now) != .expired }).count < limit, all.count < 2 * limit else {
            throw .tooMany(limit)
        }
        try checkRoom(for: silence)
        silence.id = random.uuid()
        if silence.startsAt < now { silence.startsAt = now }
        store(silence)
        return [silence]
    }

    private func checkRoom(for silence: Silence) throws(SilenceError) {
        guard bytes - (sizes[silence.id] ?? 0) + silence.sizeBytes <= Silences.bytesLimit else {
            throw .tooManyBytes(Silences.bytesLimit)
        }
    }

    private mutating func store(_ silence: Silence) {
        let size = silence.sizeBytes
        bytes += size - (sizes.updateValue(size, forKey: silence.id) ?? 0)
        all[silence.id] = silence
        dirty = true
    }

    private static func canUpdate(_ old: Silence, _ new: Silence, _ now: Timestamp) -> Bool {
        guard old.matcherSets == new.matcherSets else { return false }
        switch old.state(at: now) {
        case .active: return new.startsAt == old.startsAt && new.endsAt >= now
        case .pending: return new.startsAt >= now
        case .expired: return false
        }
    }

    private static func validate(_ silence: Silence, _ now: Timestamp) throws(SilenceError) {
        guard !silence.matcherSets.isEmpty, silence.matcherSets.allSatisfy({ !$0.isEmpty }) else {
            throw .invalid("at least one matcher required")
        }
        guard silence.matcherSets.joined().count <= 100 else { throw .invalid("more than 100 matchers") }
        guard silence.matcherSets.allSatisfy({ set in set.contains { !$0.matches("") } }) else {
            throw .invalid("at least one matcher must not match the empty string")
        }
        guard silence.annotations.count <= 32 else { throw .invalid("more than 32 annotations") }
        guard silence.startsAt < silence.endsAt else { throw .invalid("start time must be before end time") }
        guard silence.endsAt >= now else { throw .invalid("end time can't be in the past") }
        guard !silence.untilResolved || silence.schedule.isEmpty && silence.startsAt <= now else {
            throw .invalid("a silence that lasts until its alerts are resolved must start now and cannot recur")
        }
        guard silence.textBytes <= silenceLimitBytes else {
            throw .invalid("larger than \(silenceLimitBytes >> 10) KiB; use fewer or shorter matchers")
        }
        guard silence.comment.utf8.count <= 10_000, silence.createdBy.utf8.count <= 1000 else {
            throw .invalid("comment or author too long")
        }
    }
}
