package import Config
package import Journal
package import Platform
package import Probes
package import Supervision
package import Telemetry
package import Transport
package import Web

/// The agent's interfaces to the outside world besides `Platform`. Production uses the defaults; a simulation
/// substitutes its own and runs the same services.
package struct AgentEnvironment: Sendable {
    /// Nil: the machine's own network.
    package var network: Network?
    /// The WebSocket client; nil: one for the machine's own network.
    package var webSocket: (any WebSocketClient)?
    /// The receiver of notifications for systemd.
    package var manager = ServiceManager()
    /// Opens the journal. The closure takes the journal's events, on any thread, and must not block.
    package var journal:
        @Sendable (StorageOptions, Platform, @escaping @Sendable (JournalEvent) -> Void) -> any JournalStorage =
            Agent.openJournal
    /// Creates the web server, which listens once `start` is called.
    package var listener: @Sendable (WebSettings, WebSources, Platform, Registry) -> any WebListener = {
        WebServer($0, sources: $1, platform: $2, registry: $3)
    }
    /// The probes of a configuration; nil: those that talk over the network.
    package var probes: (@Sendable (Configuration) -> ProbeSet)?
    /// This process's use of resources.
    package var processUsage: @Sendable () -> ProcessUsage = { .current() }
    /// How often systemd gets a status line, at least. Default 5 s.
    package var statusInterval: Duration = .seconds(5)
    /// How often the agent's own metrics go into the store. Default 5 s.
    package var upkeepInterval: Duration = .seconds(5)

    /// The production environment.
    package init() {}
}
