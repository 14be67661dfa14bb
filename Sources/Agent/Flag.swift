import Synchronization

/// A flag that one thread raises and another takes down.
final class Flag: Sendable {
    private let raised = Mutex(false)

    func raise() { raised.withLock { $0 = true } }

    /// Whether it is up.
    var isRaised: Bool { raised.withLock { $0 } }

    /// Whether it was up; it is down afterwards.
    func take() -> Bool {
        raised.withLock { raised in
            defer { raised = false }
            return raised
        }
    }
}
