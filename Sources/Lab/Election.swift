package import Platform

/// Leader election of a simulated Vault cluster. Pure: time is passed in.
///
/// The timing is that of Vault 1.8 with PostgreSQL. After a step-down or seal the active node releases its lock: the
/// next leader is elected after 1.6 s, and no leader is reported meanwhile. After a crash the lock must expire: the
/// next leader is elected after 14.5 s, and the standbys report the crashed one meanwhile.
package struct Election: Sendable {
    /// The durations of an election.
    package enum Timing {
        /// From the release of the lock to the next leader.
        package static let release = Duration.milliseconds(1600)
        /// From the crash of the leader to the next one.
        package static let crash = Duration.milliseconds(14_500)
        /// The time to live of the lock after a renewal, by the database's clock.
        package static let lockTTL = Duration.seconds(15)
        /// An active node renews its lock this often.
        package static let renewal = Duration.seconds(5)
    }

    /// A change of leadership.
    package enum Event: Hashable, Sendable {
        /// The node became the leader.
        case elected(Int)
        /// The node released the lock.
        case released(Int)
        /// The node crashed; the lock stays in the table until it expires.
        case lost(Int)
    }

    private enum Phase: Hashable, Sendable {
        case vacant(electAt: Instant?)
        case led(Int)
        /// `stale` is the crashed leader that standbys still report.
        case orphaned(stale: Int, electAt: Instant)
    }

    private var phase = Phase.vacant(electAt: nil)
    private var candidates: Set<Int> = []
    /// The candidates in the order in which they became available.
    private var queue: [Int] = []

    /// From the first candidate to the first leader.
    private let settling: Duration

    /// An election without candidates.
    /// - Parameter settling: from the first candidate to the first leader. Default: none.
    package init(settling: Duration = .zero) { self.settling = settling }

    /// The node that holds the lock and serves.
    package var leader: Int? {
        if case .led(let node) = phase { node } else { nil }
    }

    /// The node that unsealed standbys report in `sys/leader`; nil if there is none.
    package var named: Int? {
        switch phase {
        case .led(let node): node
        case .orphaned(let stale, _): stale
        case .vacant: nil
        }
    }

    /// When the state changes next without an action; `advance` must be called then.
    package var nextDeadline: Instant? {
        guard !queue.isEmpty else { return nil }
        switch phase {
        case .vacant(let at): return at
        case .orphaned(_, let at): return at
        case .led: return nil
        }
    }

    /// Adds a node that is unsealed and running.
    package mutating func join(_ node: Int, at now: Instant) -> [Event] {
        if candidates.insert(node).inserted { queue.append(node) }
        if case .vacant(nil) = phase { phase = .vacant(electAt: now + settling) }
        return advance(to: now)
    }

    /// Removes a node that seals or shuts down; a leader releases the lock.
    package mutating func leave(_ node: Int, at now: Instant) -> [Event] {
        let before = advance(to: now)
        candidates.remove(node)
        queue.removeAll { $0 == node }
        guard leader == node else { return before }
        phase = .vacant(electAt: now + Timing.release)
        return before + [.released(node)]
    }

    /// Makes the leader step down and moves it to the end of the queue.
    package mutating func stepDown(at now: Instant) -> [Event] {
        let before = advance(to: now)
        guard let node = leader else { return before }
        queue.removeAll { $0 == node }
        queue.append(node)
        phase = .vacant(electAt: now + Timing.release)
        return before + [.released(node)]
    }

    /// Removes a node that crashes or hangs; the lock of a leader must expire.
    package mutating func crash(_ node: Int, at now: Instant) -> [Event] {
        let before = advance(to: now)
        candidates.remove(node)
        queue.removeAll { $0 == node }
        guard leader == node else { return before }
        phase = .orphaned(stale: node, electAt: now + Timing.crash)
        return before + [.lost(node)]
    }

    /// Advances the time and elects the next leader if it is due.
    package mutating func advance(to now: Instant) -> [Event] {
        guard let deadline = nextDeadline, deadline <= now, let next = queue.first else { return [] }
        phase = .led(next)
        return [.elected(next)]
    }
}
