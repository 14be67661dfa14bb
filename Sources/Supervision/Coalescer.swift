import Synchronization

/// Coalesces requests for the same work: it runs once at a time, with at most one further run waiting, whose result
/// goes to all callers that asked before it began.
package final class Coalescer<Value: Sendable>: Sendable {
    private struct State {
        var running: Task<Value, Never>?
        /// Requested but not started yet.
        var waiting: Task<Value, Never>?
    }

    private let state = Mutex(State())

    /// A coalescer without work.
    package init() {}

    /// - Returns: the result of a run that began after this call.
    package func run(_ work: @escaping @Sendable () async -> Value) async -> Value {
        let task = state.withLock { state -> Task<Value, Never> in
            if let waiting = state.waiting { return waiting }
            let before = state.running
            let task = Task {
                _ = await before?.value
                self.state.withLock { state in
                    state.running = state.waiting
                    state.waiting = nil
                }
                return await work()
            }
            state.waiting = task
            return task
        }
        return await task.value
    }

    /// Waits for the current run and the waiting one, if any.
    package func idle() async {
        while true {
            let (running, waiting) = state.withLock { ($0.running, $0.waiting) }
            _ = await running?.value
            guard let waiting else { return }
            _ = await waiting.value
        }
    }
}
