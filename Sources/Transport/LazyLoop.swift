import Synchronization

/// A loop that comes to life when first wanted.
final class LazyLoop: Sendable {
    private struct State {
        var loop: CurlLoop?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let make: @Sendable () -> CurlLoop

    init(_ make: @escaping @Sendable () -> CurlLoop) { self.make = make }

    /// nil after `stop`.
    func loop() -> CurlLoop? {
        state.withLock { state in
            if state.isStopped { return nil }
            if let loop = state.loop { return loop }
            let loop = make()
            state.loop = loop
            return loop
        }
    }

    func stop() {
        let loop = state.withLock { state in
            state.isStopped = true
            return state.loop
        }
        loop?.stop()
    }
}
