import Platform
import Samples
import Synchronization
import Transport

/// The state that the probes of one Vault cluster share; it collects the observations of the nodes.
final class VaultCluster: Sendable {
    let options: VaultClusterOptions
    let http: any HTTPClient
    let platform: Platform
    let session: VaultSession
    private let shared: Mutex<VaultClusterState>
    /// Those of the derived state.
    private let series = Mutex(SeriesOfRun())

    init(options: VaultClusterOptions, http: any HTTPClient, platform: Platform) {
        self.options = options
        self.http = http
        self.platform = platform
        session = VaultSession(options: options, http: http, platform: platform)
        shared = Mutex(
            VaultClusterState(cluster: options.name, nodes: options.nodes.map(\.name), started: platform.time.now()))
    }

    var clusterTarget: ProbeTarget { ProbeTarget(.vaultCluster, options.name) }

    func target(_ node: String) -> ProbeTarget { ProbeTarget(.vaultNode, "\(options.name)/\(node)") }

    /// Adds a node's observation.
    /// - Returns: the derived state of the cluster, if it has changed or was not reported for nearly an interval; and the
    ///   nodes to probe again.
    func observe(_ observation: VaultObservation, of node: String) -> (derived: DerivedReport?, confirm: [ProbeTarget])
    {
        let now = platform.time.now()
        // A turn may come a little early.
        let period = options.interval * 0.9
        let (change, isDue, state) = shared.withLock { state in
            let change = state.observe(observation, of: node)
            return (change, state.beginDerivation(now: now.monotonic, every: period), state)
        }
        let confirm =
            change == .none ? [] : options.nodes.lazy.map(\.name).filter { $0 != node }.map(target)
        guard isDue else { return (nil, confirm) }
        let samples = state.samples(at: now, previous: series.withLock(\.labels)).samples
        series.withLock { $0.keep(samples) }
        let derived = DerivedReport(
            target: clusterTarget, version: state.version, samples: samples,
            status: state.targetStatus(at: now))
        return (derived, confirm)
    }

    /// Number of changes of the nodes' states so far.
    var changes: UInt64 { shared.withLock(\.changes) }

    /// A node answered as it had before.
    func reaffirm(_ node: String, at moment: Moment) { shared.withLock { $0.reaffirm(node, at: moment) } }

    /// The active node, if there is one.
    var activeNode: VaultClusterOptions.Node? {
        let active = shared.withLock { $0.activeNodes }
        return options.nodes.first { active.contains($0.name) }
    }

    /// The latest observation of each node that was probed, in the order of the configuration.
    var observations: [(node: VaultClusterOptions.Node, observation: VaultObservation)] {
        let state = shared.withLock { $0 }
        return options.nodes.compactMap { node in state.observation(of: node.name).map { (node, $0) } }
    }

    /// The modes of the cluster's replication by kind, `dr` and `performance`.
    var replicationModes: [String: String] { shared.withLock { $0.replicationModes } }

    var clusterID: String? { shared.withLock { $0.clusterID } }

    /// The storage type that the nodes report; nil until one has.
    var storageType: String? { shared.withLock { $0.storageType } }

    /// Whether a node reports that its storage fails.
    var hasStorageError: Bool { shared.withLock { $0.hasStorageError } }

    /// Creates all probes of the cluster.
    func probes() -> [any RunnableProbe] {
        var probes: [any RunnableProbe] = options.nodes.map { VaultNodeProbe(cluster: self, node: $0) }
        probes.append(VaultFactsProbe(cluster: self))
        if options.telemetry { probes += options.nodes.map { VaultTelemetryProbe(cluster: self, node: $0) } }
        if let url = options.loadBalancerURL { probes.append(VaultLoadBalancerProbe(cluster: self, url: url)) }
        if options.canaryPath != nil, options.hasToken {
            probes.append(VaultCanaryProbe(cluster: self, via: .activeNode))
            if let url = options.loadBalancerURL {
                probes.append(VaultCanaryProbe(cluster: self, via: .loadBalancer(url)))
            }
        }
        return probes
    }
}
