/// `drills`: where scenarios are, and the agent that measures them.
package struct DrillOptions: Sendable, Hashable {
    /// `directory`: of the scenarios. Default `/usr/share/vaultwatch/drills`.
    package var directory = "/usr/share/vaultwatch/drills"
    /// `agent_url`: of the running agent. Default: none; see `agentSocket`.
    package var agentURL: String?
    /// `agent_socket`: the agent's Unix socket. Default `/run/vaultwatch/vaultwatch.sock`.
    package var agentSocket = "/run/vaultwatch/vaultwatch.sock"
    /// `hooks`: the folder of the operator's own programs, `${hooks}` in scenarios. Default
    /// `/etc/vaultwatch/drill-hooks`.
    package var hooks = "/etc/vaultwatch/drill-hooks"
    /// `reports`: where reports are kept. Default `/var/lib/vaultwatch-drills`.
    package var reports = "/var/lib/vaultwatch-drills"

    /// The defaults.
    package init() {}
}
