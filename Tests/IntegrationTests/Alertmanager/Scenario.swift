import Synchronization

/// A script that both peers run, and the expected notifications.
struct Scenario: Sendable {
    var name: String
    var configuration: String
    /// The expected notifications by receiver and group, in order: `ops {alertname="A"}` → lines.
    var hears: [String: [String]]
    /// Those of vaultwatch where it differs by intention; README.md gives the reason.
    var oursHears: [String: [String]]?
    /// Whether repeats of a notification count as one.
    var collapses = false
    /// Returns further observations, which must be equal for both.
    var script: @Sendable (Peer) async throws -> [String]

    init(
        _ name: String, _ configuration: String = Scenario.configuration(), hears: [String: [String]],
        oursHears: [String: [String]]? = nil,
        collapses: Bool = false, script: @escaping @Sendable (Peer) async throws -> Void
    ) {
        self.init(
            observing: name, configuration, hears: hears, oursHears: oursHears, collapses: collapses,
            script: { peer in
                try await script(peer)
                return []
            })
    }

    init(
        observing name: String, _ configuration: String = Scenario.configuration(), hears: [String: [String]],
        oursHears: [String: [String]]? = nil,
        collapses: Bool = false, script: @escaping @Sendable (Peer) async throws -> [String]
    ) {
        self.name = name
        self.configuration = configuration
        self.hears = hears
        self.oursHears = oursHears
        self.collapses = collapses
        self.script = script
    }

    /// A configuration with one receiver, `ops`, and a route to it, to which scenarios add what they need.
    static func configuration(
        route: String = "", wait: String = "1s", interval: String = "1s", again: String = "4h",
        groupBy: String = "[alertname]",
        webhook: String = "", more: String = ""
    ) -> String {
        """
        route:
          receiver: ops
          group_by: \(groupBy)
          group_wait: \(wait)
          group_interval: \(interval)
          repeat_interval: \(again)
          \(route)
        receivers:
          - name: ops
            webhook_configs: [{url: 'URL/ops'\(webhook)}]
          - name: other
            webhook_configs: [{url: 'URL/other'}]
        \(more)
        """
    }

    static var all: [Scenario] { grouping + timing + ending + quiet + failing + restarting }

    /// The notifications of a peer, in the form of `hears`.
    func summary(_ heard: [Collector.Heard]) -> [String: [String]] {
        var out: [String: [String]] = [:]
        for one in heard {
            let key = "\(one.receiver) \(one.group)"
            if collapses, out[key]?.last == one.line { continue }
            out[key, default: []].append(one.line)
        }
        return out
    }
}
