import Synchronization

/// Lets one loop sleep until a deadline or a signal, whichever comes first.
///
/// A signal that arrives while the loop is busy is kept for its next wait; several at once wake it once.
package final class Wake: Sendable {
    private struct State {
        var pending = false
        var waiter: CheckedContinuation<Void, Never>?
        /// The number of the current wait, or of the last one.
        var wait: UInt64 = 0
        /// Whether the current wait is over, by its deadline or by cancellation.
        var isOver = false
    }

    private let state = Mutex(State())

    /// A wake without a signal.
    package init() {}

    /// Wakes the loop, now or at its next wait. From any thread.
    package func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.pending = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns on a signal, at the deadline, or when the task is cancelled. For one waiter at a time.
    /// - Parameter deadline: nil waits for a signal only.
    package func wait(until deadline: Instant?, time: any TimeSource) async {
        let number = state.withLock { state in
            state.wait += 1
            state.isOver = false
            return state.wait
        }
        let timer = deadline.map { time.schedule(at: $0) { self.end(number) } }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> Bool in
                    if state.pending || state.isOver {
                        state.pending = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            end(number)
        }
        if let timer { time.cancel(timer) }
    }

    private func end(_ number: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            // A late timer belongs to an earlier wait.
            guard state.wait == number else { return nil }
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
