import Synchronization

/// Forwards reports of one part of the agent to another that is created after it.
final class Relay<Report: Sendable>: Sendable {
    private let listener = Mutex<(@Sendable (Report) -> Void)?>(nil)

    func listen(_ listener: @escaping @Sendable (Report) -> Void) {
        self.listener.withLock { $0 = listener }
    }
    func report(_ report: Report) { listener.withLock { $0 }?(report) }
}
