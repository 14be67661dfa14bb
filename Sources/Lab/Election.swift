import Platform

/// Who leads a simulated Vault cluster, and what each node believes about it. Pure: time comes in.
///
/// Timing as measured on Vault 1.8 over PostgreSQL: after a step-down or seal of the active node, which gives
/// its lock back, the next leader is there after 1.6 s and meanwhile nobody is named; after a crash the lock must
/// run out, the next leader is there after 14.5 s and meanwhile the standbys name the dead one.
package struct Election: Sendable {
    /// How long the cluster is without a leader.
    package enum Timing {
        package static let release = Duration.milliseconds(1600)
        package static let crash = Duration.milliseconds(14_500)
        /// The lock's time to live from its last renewal, by the database's clock.
        package static let lockTTL = Duration.seconds(15)
        /// An active node renews its lock this often.
        package static let renewal = Duration.seconds(5)
    }

    /// A change of leadership.
    package enum Event: Hashable, Sendable {
        case elected(Int)
        case released(Int)
        /// The lock stays in the table until it runs out.
        case lost(Int)
    }

    private enum Phase: Hashable, Sendable {
        case vacant(electAt: Instant?)
        case led(Int)
        /// `stale` is the dead leader that standbys still name.
        case orphaned(stale: Int, electAt: Instant)
    }

    private var phase = Phase.vacant(electAt: nil)
    private var candidates: Set<Int> = []
    /// The order in which nodes became able to lead: the longest waiting is next.
    private var queue: [Int] = []

    package init() {}

    /// The node that holds the lock and serves.
    package var leader: Int? {
        if case .led(let node) = phase { node } else { nil }
    }

    /// The node that unsealed standbys name in `sys/leader`; none between leaders.
    package var named: Int? {
        switch phase {
        case .led(let node): node
        case .orphaned(let stale, _): stale
        case .vacant: nil
        }
    }

    /// When something happens by itself next; call `advance` then.
    package var nextDeadline: Instant? {
        guard !queue.isEmpty else { return nil }
        switch phase {
        case .vacant(let at): return at
        case .orphaned(_, let at): return at
        case .led: return nil
        }
    }

    /// A node is unsealed and running: it can lead.
    package mutating func join(_ node: Int, at now: Instant) -> [Event] {
        if candidates.insert(node).inserted { queue.append(node) }
        if case .vacant(nil) = phase { phase = .vacant(electAt: now) }
        return advance(to: now)
    }

    /// A node seals or stops in order. A leader gives its lock back.
    package mutating func leave(_ node: Int, at now: Instant) -> [Event] {
        let before = advance(to: now)
        candidates.remove(node)
        queue.removeAll { $0 == node }
        guard leader == node else { return before }
        phase = .vacant(electAt: now + Timing.release)
        return before + [.released(node)]
    }

    /// The active node steps down and goes to the end of the queue.
    package mutating func stepDown(at now: Instant) -> [Event] {
        let before = advance(to: now)
        guard let node = leader else { return before }
        queue.removeAll { $0 == node }
        queue.append(node)
        phase = .vacant(electAt: now + Timing.release)
        return before + [.released(node)]
    }

    /// A node dies or hangs: a leader keeps its lock until it runs out.
    package mutating func crash(_ node: Int, at now: Instant) -> [Event] {
        let before = advance(to: now)
        candidates.remove(node)
        queue.removeAll { $0 == node }
        guard leader == node else { return before }
        phase = .orphaned(stale: node, electAt: now + Timing.crash)
        return before + [.lost(node)]
    }

    /// Lets time pass.
    package mutating func advance(to now: Instant) -> [Event] {
        guard let deadline = nextDeadline, deadline <= now, let next = queue.first else { return [] }
        phase = .led(next)
        return [.elected(next)]
    }
}
