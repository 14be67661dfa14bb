import Platform
import Synchronization

/// One caller's wait for a thread, resumed once: with the thread's answer, or at its deadline.
final class Waiter<Value: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Result<Value, JournalError>, Never>?
        var timer: Task<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ continuation: CheckedContinuation<Result<Value, JournalError>, Never>) {
        state = Mutex(State(continuation: continuation))
    }

    /// Resumes the caller.
    /// - Returns: false if it has already been resumed.
    @discardableResult
    func resume(_ result: Result<Value, JournalError>) -> Bool {
        guard let continuation = take() else { return false }
        continuation.resume(returning: result)
        return true
    }

    /// Ends the wait at the deadline.
    /// - Parameter ended: called if the deadline came first, before the caller is resumed; returns the error.
    func end(at deadline: Instant, time: any TimeSource, _ ended: @escaping @Sendable () -> JournalError) {
        state.withLock { state in
            guard state.continuation != nil else { return }
            // An unstructured task: the caller's cancellation, as at a stop, must not interrupt the last write.
            state.timer = Task {
                guard (try? await time.sleep(until: deadline)) != nil, let continuation = self.take() else { return }
                continuation.resume(returning: .failure(ended()))
            }
        }
    }

    private func take() -> CheckedContinuation<Result<Value, JournalError>, Never>? {
        let (continuation, timer) = state.withLock { state in
            defer { (state.continuation, state.timer) = (nil, nil) }
            return (state.continuation, state.timer)
        }
        timer?.cancel()
        return continuation
    }
}
