package import Config
package import Journal
package import Platform
package import Probes
package import Supervision
package import Telemetry
package import Transport
package import Web

/// What the agent reaches the world through, beside `Platform`. Production takes the defaults; a simulation puts its own
/// in and runs the same services.
package struct AgentEnvironment: Sendable {
    /// Nil: the machine's own network.
    package var network: Network?
    /// Talks over WebSockets; nil: by the machine's own network.
    package var webSocket: (any WebSocketClient)?
    /// Where systemd's messages go.
    package var manager = ServiceManager()
    /// Opens the journal. The closure takes the journal's events, on any thread, and must not block.
    package var journal:
        @Sendable (StorageOptions, Platform, @escaping @Sendable (JournalEvent) -> Void) -> any JournalStorage =
            Agent.openJournal
    /// Makes the web server; it listens from its `start` on.
    package var listener: @Sendable (WebSettings, WebSources, Platform, Registry) -> any WebListener = {
        WebServer($0, sources: $1, platform: $2, registry: $3)
    }
    /// The probes of a configuration; nil: those that the network makes.
    package var probes: (@Sendable (Configuration) -> ProbeSet)?
    /// What this process uses of the machine.
    package var processUsage: @Sendable () -> ProcessUsage = { .current() }
    /// How often systemd gets a status line, at least. Default 5 s.
    package var statusInterval: Duration = .seconds(5)
    /// How often the agent's own metrics go into the store. Default 5 s.
    package var upkeepInterval: Duration = .seconds(5)

    /// The production environment.
    package init() {}
}
