package import Platform
import Synchronization

/// Sends the messages that `Lifecycle` decides on to systemd, in order.
package final class Supervisor: Sendable {
    private let lifecycle = Mutex(Lifecycle())
    private let manager: ServiceManager
    private let time: any TimeSource

    /// A supervisor that reports to the manager.
    package init(_ manager: ServiceManager, time: any TimeSource) {
        self.manager = manager
        self.time = time
    }

    /// Applies an event and sends the resulting messages.
    /// - Returns: the resulting actions.
    package func apply(_ event: (inout Lifecycle) -> [Lifecycle.Action]) -> [Lifecycle.Action] {
        // Sent under the lock: a READY that was decided before a STOPPING must not be sent after it.
        lifecycle.withLock { lifecycle in
            let actions = event(&lifecycle)
            for action in actions { send(action) }
            return actions
        }
    }

    /// As `Lifecycle.targetsChanged`.
    package func targetsChanged() -> Int { lifecycle.withLock { $0.targetsChanged() } }

    /// As `Lifecycle.notReady`.
    package var notReady: String? { lifecycle.withLock { $0.notReady } }

    /// As `Lifecycle.isStopping`.
    package var isStopping: Bool { lifecycle.withLock { $0.isStopping } }

    private func send(_ action: Lifecycle.Action) {
        switch action {
        case .ready(let status): manager.ready(status: status)
        case .reloading: manager.reloading(monotonic: time.monotonic())
        case .stopping(let status): manager.stopping(status: status)
        case .status(let status): manager.status(status)
        case .alive: manager.alive()
        case .becameReady, .stalled: break
        }
    }
}
