/// `drills`: where scenarios are, and the agent that measures them.
package struct DrillOptions: Sendable, Hashable {
    /// `directory`: of the scenarios. Default `/usr/share/vaultwatch/drills`.
    package var directory = "/usr/share/vaultwatch/drills"
    /// `agent_url`: of the running agent. Default: none; see `agentSocket`.
    package var agentURL: String?
    /// `agent_socket`: the agent's Unix socket. Default `/run/vaultwatch/vaultwatch.sock`.
    package var agentSocket = "/run/vaultwatch/vaultwatch.sock"

    /// The defaults.
    package init() {}
}
