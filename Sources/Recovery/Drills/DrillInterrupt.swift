import Synchronization

/// Ends a drill early, as Ctrl-C does: the step under way is cancelled, and what `finally` names is still done. A further
/// interrupt ends only the step of `finally` that is under way.
package final class DrillInterrupt: Sendable {
    private struct State {
        var count = 0
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Nothing is interrupted yet.
    package init() {}

    /// Interrupts what is under way.
    package func raise() {
        let cancel = state.withLock { state in
            state.count += 1
            return state.cancel
        }
        cancel?()
    }

    /// Does the work in a task that an interrupt cancels.
    /// - Parameter heedsEarlier: whether an interrupt that came before cancels it too.
    func guarding<Value: Sendable>(heedsEarlier: Bool, _ work: @escaping @Sendable () async -> Value) async -> Value {
        let task = Task { await work() }
        let isOver = state.withLock { state in
            state.cancel = { task.cancel() }
            return heedsEarlier && state.count > 0
        }
        if isOver { task.cancel() }
        defer { state.withLock { $0.cancel = nil } }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
