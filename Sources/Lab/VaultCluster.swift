import Platform
import Samples

/// A simulated Vault cluster on PostgreSQL storage: the state of each node, who leads, and what each answers.
/// Pure: time and addresses come in, replies and events go out.
package struct VaultCluster: Sendable {
    /// What all nodes share.
    package struct Options: Sendable {
        package var version = "1.8.0-dev"
        package var name = "vault-cluster-051513bf"
        package var id = "3d35f816-b6ca-2d00-319e-639e2185b348"
        /// Unseal keys: any `threshold` of these open a node.
        package var keys = (1...5).map { "lab-unseal-key-\($0)" }
        package var threshold = 3
        package var initialised = true
        package var storageType = "postgresql"
        /// Vault's listener option `unauthenticated_metrics_access`.
        package var unauthenticatedMetrics = true
        /// Token → policies. `root` may all, `watch` may what vaultwatch's documented policy says.
        package var tokens = [
            "s.LabRootToken00000000000": ["root"], "s.LabWatchToken0000000000": ["default", "watch"],
        ]
        package var roleID = "1f3d2c7a-lab-role"
        package var secretID = "9b7e5a31-lab-secret"
        /// KV v1 path of the canary, with its mount.
        package var canaryPath = "smtp/canary/admin"
        package var canary = ["password": "x", "username": "admin"]

        package init() {}
    }

    /// What befell a node's process.
    package enum Condition: String, Hashable, Sendable {
        case running
        /// Under SIGSTOP: nothing answers.
        case hung
        case dead
        /// Its storage fails: every status endpoint answers 500.
        case storageError
    }

    /// A node as a status endpoint shows it.
    package enum Role: String, Hashable, Sendable {
        case uninitialised, sealed, standby, active, storageError, hung, dead
    }

    package struct Node: Sendable {
        package let name: String
        package let address: String
        package let clusterAddress: String
        package internal(set) var condition = Condition.running
        package internal(set) var isSealed = true
        package internal(set) var progress = 0
        var given: Set<String> = []
        var nonce = ""
        var wasUnsealed = false
        var startedAt: Timestamp
        var activeSince: Timestamp?
    }

    package let options: Options
    package private(set) var nodes: [Node]
    package private(set) var isInitialised: Bool
    package private(set) var election = Election()
    /// Tokens that AppRole logins made, beside the configured; at most 1,000, the oldest go.
    private var issued: [String] = []

    /// - Parameter nodes: name, API address and cluster address of each; all begin sealed.
    package init(
        _ options: Options, nodes: [(name: String, address: String, clusterAddress: String)], at now: Timestamp
    ) {
        self.options = options
        self.nodes = nodes.map {
            Node(name: $0.name, address: $0.address, clusterAddress: $0.clusterAddress, startedAt: now)
        }
        isInitialised = options.initialised
    }

    package func index(named name: String) -> Int? { nodes.firstIndex { $0.name == name } }

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
        return election.leader == index ? .active : .standby
    }

    /// What a node is made to do.
    package enum Action: Hashable, Sendable {
        /// Seals in order, as an operator does.
        case seal
        /// Gives all the keys that are missing.
        case unseal
        /// Gives one key.
        case giveKey(String)
        case resetUnseal
        case stepDown
        case kill
        /// After `kill`, sealed as any new process; ends `hang` and `storageError` where it was.
        case start
        case hang
        case storageError
    }

    /// Performs an action and passes time to `now`.
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
            guard nodes[index].condition == .running, isInitialised, nodes[index].isSealed else { break }
            events += open(index, at: now)
        case .giveKey(let key):
            guard nodes[index].condition == .running, isInitialised, nodes[index].isSealed else { break }
            if nodes[index].progress == 0 { nodes[index].nonce = random.uuid() }
            if nodes[index].given.insert(key).inserted { nodes[index].progress += 1 }
            guard nodes[index].progress >= options.threshold else { break }
            if nodes[index].given.isSubset(of: options.keys) {
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

    /// Lets time pass: an election may end.
    package mutating func advance(to now: Moment) -> [Election.Event] {
        let events = election.advance(to: now.monotonic)
        note(events, at: now)
        return events
    }

    /// Initialises an uninitialised cluster; every node stays sealed.
    package mutating func initialise() { isInitialised = true }

    mutating func issueToken(_ random: any RandomSource) -> String {
        let token = "s." + String(random.next(), radix: 36) + String(random.next(), radix: 36)
        issued.append(token)
        if issued.count > 1000 { issued.removeFirst() }
        return token
    }

    /// The policies of a token, or `nil` for one that does not exist.
    func policies(of token: String) -> [String]? {
        options.tokens[token] ?? (issued.contains(token) ? ["default", "watch"] : nil)
    }

    private mutating func open(_ index: Int, at now: Moment) -> [Election.Event] {
        nodes[index].forgetKeys()
        nodes[index].isSealed = false
        nodes[index].wasUnsealed = true
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

extension VaultCluster.Node {
    fileprivate mutating func forgetKeys() {
        progress = 0
        given = []
        nonce = ""
    }

    fileprivate mutating func close() {
        forgetKeys()
        isSealed = true
        activeSince = nil
    }
}
