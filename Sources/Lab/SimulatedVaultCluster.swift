package import Platform
package import Samples

/// A simulated Vault cluster with PostgreSQL storage: the state of each node, the leader, and the responses. Pure: time
/// and addresses are passed in, replies and events returned.
package struct SimulatedVaultCluster: Sendable {
    /// The condition of a node's process.
    package enum Condition: String, Hashable, Sendable {
        /// It works.
        case running
        /// It is stopped by SIGSTOP and does not respond.
        case hung
        /// It was killed.
        case dead
        /// Its storage fails: every status endpoint responds with 500.
        case storageError
    }

    /// The state of a node as the status endpoints show it.
    package enum Role: String, Hashable, Sendable {
        case uninitialised, sealed, standby, active, storageError, hung, dead
    }

    /// One node.
    package struct Node: Sendable {
        /// Its name.
        package let name: String
        /// Its API address.
        package let address: String
        /// Its cluster address.
        package let clusterAddress: String
        /// The condition of its process.
        package internal(set) var condition = Condition.running
        /// Whether it is sealed.
        package internal(set) var isSealed = true
        /// The number of unseal keys entered so far.
        package internal(set) var progress = 0
        /// The node's peculiarities. Default: none.
        package var traits = Traits()
        var given: Set<String> = []
        var nonce = ""
        var wasUnsealed = false
        /// Why the last unseal key did not unseal it.
        var unsealFailure: String?
        var startedAt: Timestamp
        /// When it became the leader.
        package internal(set) var activeSince: Timestamp?
    }

    /// Settings that all nodes share.
    package var options: Options
    /// The nodes.
    package var nodes: [Node]
    /// Whether the cluster is initialised.
    package internal(set) var isInitialised: Bool
    /// The leader election.
    package internal(set) var election = Election()
    /// The tokens with a limited lifetime.
    package internal(set) var tokens = TokenStore()
    /// What the audit device has written since it was last taken.
    var auditRecords: [AuditRecord] = []
    /// The restore that is in progress.
    var restoration: Restoration?
    /// A storage that another Vault wrote, whose keys have not been entered yet.
    var unopened: VaultStorage?
    /// The numbers of the seal's keys as the process read them at its start, if they are others by now.
    var cachedSeal: (shares: Int, threshold: Int)?
    /// Leases that this Vault revoked because they ran out before it started.
    package internal(set) var revokedLeases: [String] = []
    /// Whether the process was started with `-recovery`.
    package var isInRecoveryMode = false
    /// The attempt at a token for recovery mode.
    var recoveryAttempt: RecoveryAttempt?
    /// The token of recovery mode, once there is one.
    var recoveryToken: String?

    /// - Parameter nodes: name, API address and cluster address of each node; all are sealed at first.
    package init(
        _ options: Options, nodes: [(name: String, address: String, clusterAddress: String)], at now: Timestamp
    ) {
        self.options = options
        self.nodes = nodes.map {
            Node(name: $0.name, address: $0.address, clusterAddress: $0.clusterAddress, startedAt: now)
        }
        isInitialised = options.initialised
        // A node with integrated storage elects itself when nobody has led before.
        if options.storageType == "raft", !options.initialised {
            election = Election(settling: options.restoreTimes.election)
        }
    }

    /// The index of a node; nil for an unknown name.
    package func index(named name: String) -> Int? { nodes.firstIndex { $0.name == name } }

    /// The role of a node.
    package func role(_ index: Int) -> Role {
        let node = nodes[index]
        switch node.condition {
        case .dead: return .dead
        case .hung: return .hung
        case .storageError: return .storageError
        case .running: break
        }
        if !isInitialised { return .uninitialised }
        if node.isSealed { return .sealed }
        if node.traits.claimsLeadership { return .active }
        return election.leader == index && !node.traits.refusesToLead ? .active : .standby
    }

    /// Actions on a node.
    package enum Action: Hashable, Sendable {
        /// Seals it, as an operator does.
        case seal
        /// Enters all missing unseal keys.
        case unseal
        /// Enters one unseal key.
        case giveKey(String)
        /// Discards the keys entered so far.
        case resetUnseal
        /// Makes the leader step down.
        case stepDown
        /// Kills the process.
        case kill
        /// Starts a killed process, sealed; or ends `hang` and `storageError`.
        case start
        /// Stops the process with SIGSTOP.
        case hang
        /// Makes its storage fail.
        case storageError
    }

    /// Advances to `now` and performs an action.
    package mutating func perform(_ action: Action, on index: Int, at now: Moment, random: any RandomSource)
        -> [Election.Event]
    {
        var events = advance(to: now)
        switch action {
        case .seal:
            guard nodes[index].condition == .running, !nodes[index].isSealed else { break }
            events += election.leave(index, at: now.monotonic)
            nodes[index].close()
        case .unseal:
            guard nodes[index].condition == .running, isInitialised, nodes[index].isSealed,
                unopened == nil || tryKeys(Set(options.keys)) == nil
            else { break }
            events += open(index, at: now)
        case .giveKey(let key):
            guard nodes[index].condition == .running, isInitialised, nodes[index].isSealed else { break }
            if nodes[index].progress == 0 { nodes[index].nonce = random.uuid() }
            if nodes[index].given.insert(key).inserted { nodes[index].progress += 1 }
            guard nodes[index].progress >= shareCounts.threshold else { break }
            nodes[index].unsealFailure = tryKeys(nodes[index].given)
            if nodes[index].unsealFailure == nil {
                events += open(index, at: now)
            } else {
                nodes[index].forgetKeys()
            }
        case .resetUnseal:
            nodes[index].forgetKeys()
        case .stepDown:
            guard election.leader == index else { break }
            events += election.stepDown(at: now.monotonic)
        case .kill:
            guard nodes[index].condition != .dead else { break }
            events += election.crash(index, at: now.monotonic)
            nodes[index].close()
            nodes[index].wasUnsealed = false
            nodes[index].condition = .dead
        case .start:
            switch nodes[index].condition {
            case .running: break
            case .dead:
                nodes[index].condition = .running
                nodes[index].startedAt = now.wall
                cachedSeal = nil
                if let name = options.nameAfterRestart { options.name = name }
            case .hung, .storageError:
                nodes[index].condition = .running
                if !nodes[index].isSealed { events += election.join(index, at: now.monotonic) }
            }
        case .hang, .storageError:
            guard nodes[index].condition == .running else { break }
            events += election.crash(index, at: now.monotonic)
            nodes[index].condition = action == .hang ? .hung : .storageError
        }
        note(events, at: now)
        return events
    }

    /// Advances to `now`, when an election may end.
    package mutating func advance(to now: Moment) -> [Election.Event] {
        let events = advanceRestoration(to: now) + election.advance(to: now.monotonic)
        note(events, at: now)
        return events
    }

    /// Initialises the cluster; all nodes stay sealed.
    package mutating func initialise() { isInitialised = true }

    private mutating func open(_ index: Int, at now: Moment) -> [Election.Event] {
        nodes[index].forgetKeys()
        nodes[index].isSealed = false
        nodes[index].wasUnsealed = true
        // Without its audit files a node that others could stand in for stays a standby.
        if options.haEnabled, options.auditPathMissing, !options.auditDevices.isEmpty { return [] }
        return election.join(index, at: now.monotonic)
    }

    private mutating func note(_ events: [Election.Event], at now: Moment) {
        for event in events {
            switch event {
            case .elected(let index): nodes[index].activeSince = now.wall
            case .released(let index), .lost(let index): nodes[index].activeSince = nil
            }
        }
    }
}

extension SimulatedVaultCluster.Node {
    mutating func forgetKeys() {
        progress = 0
        given = []
        nonce = ""
    }

    mutating func close() {
        forgetKeys()
        isSealed = true
        activeSince = nil
    }
}
