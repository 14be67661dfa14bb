import Platform
import Samples
import Synchronization

/// The state that the probes of one cluster's servers share.
final class PostgresCluster: Sendable {
    let name: String
    private let state: Mutex<PostgresClusterState>
    private let platform: Platform

    init(name: String, servers: [PostgresServerOptions], platform: Platform) {
        self.name = name
        self.platform = platform
        state = Mutex(
            PostgresClusterState(
                servers: servers.map(\.name), expectedReplicas: servers.lazy.compactMap(\.expectedReplicas).first))
    }

    static func target(_ cluster: String, _ server: String) -> ProbeTarget {
        ProbeTarget(.postgres, "\(cluster)/\(server)")
    }

    func observe(_ observation: PostgresClusterState.Observation, of server: String) -> (
        derived: DerivedReport, confirm: [ProbeTarget], roleChanges: Int
    ) {
        let (changed, state) = state.withLock { ($0.observe(observation, of: server), $0) }
        let samples = state.samples(cluster: name, at: platform.time.wall()).samples
        let derived = DerivedReport(
            target: ProbeTarget(.postgresCluster, name), version: state.version, samples: samples,
            status: state.targetStatus)
        let others = state.servers.filter { $0 != server }
        return (derived, changed ? others.map { PostgresCluster.target(name, $0) } : [], state.roleChanges(of: server))
    }

    func lag(of server: String, _ replica: PostgresClusterState.Replica) -> PostgresClusterState.Lag {
        let now = platform.time.now()
        return state.withLock { $0.lag(of: server, replica, now: now) }
    }
}
