import Platform

/// What a node last answered, so that what can be derived is not asked.
struct VaultNodeMemory: Sendable {
    /// From one question for the seal's status to the next while sys/health says that nothing has changed.
    private static let sealPeriod = Duration.seconds(60)
    /// The same of sys/leader, while no node of the cluster has changed either.
    private static let leaderPeriod = Duration.seconds(20)

    /// What sys/health last said; nil before the first answer and if it was not Vault's.
    private(set) var condition: VaultObservation.Condition?
    private var seal: (answer: SealAnswer, condition: VaultObservation.Condition, at: Instant)?
    private var leader: (answer: LeaderAnswer, condition: VaultObservation.Condition, changes: UInt64, at: Instant)?

    /// The last answer of sys/seal-status, as long as it need not be asked again: of an unsealed node it tells nothing
    /// that changes without a change of its health.
    func seal(for condition: VaultObservation.Condition?, now: Instant) -> SealAnswer? {
        guard let seal, let condition, condition == seal.condition, condition.isOpen,
            now - seal.at < VaultNodeMemory.sealPeriod
        else { return nil }
        return seal.answer
    }

    /// The last answer of sys/leader of a standby, as long as it need not be asked again. The active node is always
    /// asked, since it may have lost and won an election meanwhile, and so is one that names no leader or whose answer
    /// tells how far its storage is.
    /// - Parameter changes: of the cluster's nodes, so far.
    func leader(for condition: VaultObservation.Condition?, changes: UInt64, now: Instant) -> LeaderAnswer? {
        guard let leader, let condition, condition == leader.condition, condition.isStandby,
            changes == leader.changes, now - leader.at < VaultNodeMemory.leaderPeriod
        else { return nil }
        return leader.answer
    }

    /// Keeps an answer of sys/leader.
    mutating func keep(
        leader answer: LeaderAnswer?, _ condition: VaultObservation.Condition?, changes: UInt64, now: Instant
    ) {
        guard let answer, let condition, answer.leaderAddress != nil, answer.raftAppliedIndex == nil,
            answer.lastWAL == nil
        else { return leader = nil }
        leader = (answer, condition, changes, now)
    }

    /// Keeps what a run has learned.
    /// - Parameters:
    ///   - condition: nil without an answer of sys/health.
    ///   - seal: the new answer of sys/seal-status; nil if there is none.
    mutating func keep(_ condition: VaultObservation.Condition?, seal answer: SealAnswer?, now: Instant) {
        self.condition = condition
        seal = answer.flatMap { answer in condition.map { (answer, $0, now) } }
    }

    /// Keeps what a run has learned that did not ask for the seal's status.
    mutating func keep(_ condition: VaultObservation.Condition?) { self.condition = condition }
}

extension VaultObservation {
    /// What sys/health says of a node, without what differs in every answer: times and measurements.
    struct Condition: Sendable, Hashable {
        fileprivate let state: VaultNodeState
        private let status: Int?
        private let isSealed: Bool?
        private let isInitialized: Bool?
        private let version: String?
        private let clusterName: String?
        private let clusterID: String?
        private let drMode: String?
        private let performanceMode: String?
        private let haConnectionHealthy: Bool?

        /// Nil for an answer that is not Vault's.
        init?(_ observation: VaultObservation) {
            guard let health = observation.health else { return nil }
            state = observation.state
            status = observation.status
            isSealed = health.sealed
            isInitialized = health.initialized
            version = health.version
            clusterName = health.clusterName
            clusterID = health.clusterID
            drMode = health.replicationDRMode
            performanceMode = health.replicationPerformanceMode
            haConnectionHealthy = health.haConnectionHealthy
        }

        /// Whether the node is initialized and unsealed.
        var isOpen: Bool { isSealed == false && isInitialized == true }

        /// Whether the node is an unsealed standby, and no performance standby.
        var isStandby: Bool { isOpen && state == .standby }
    }
}
