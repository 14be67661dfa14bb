import Platform
import Synchronization

/// Runs work with a deadline that holds even when the work ignores cancellation.
enum Deadline {
    /// - Returns: the work's value, or nil when the deadline passed; the work is cancelled then. In either case `ended`
    ///   is called once the work has actually returned.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value, until deadline: Instant, time: any TimeSource,
        ended: @escaping @Sendable () -> Void
    ) async -> Value? {
        let race = Race<Value>()
        let worker = Task {
            let value = await work()
            ended()
            race.finish(value)
        }
        let timer = Task {
            try? await time.sleep(until: deadline)
            race.finish(nil)
        }
        let value = await withTaskCancellationHandler {
            await race.result()
        } onCancel: {
            worker.cancel()
            race.finish(nil)
        }
        timer.cancel()
        worker.cancel()
        return value
    }
}

/// A result that is set once: the first `finish` wins, later ones are ignored.
private final class Race<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value?, Never>)
        case decided(Value?)
    }

    private let state = Mutex(State.open)

    func finish(_ value: Value?) {
        let waiting = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .open:
                state = .decided(value)
                return nil
            case .waiting(let continuation):
                state = .decided(value)
                return continuation
            case .decided: return nil
            }
        }
        waiting?.resume(returning: value)
    }

    func result() async -> Value? {
        await withCheckedContinuation { continuation in
            let decided = state.withLock { state -> Value?? in
                if case .decided(let value) = state { return .some(value) }
                state = .waiting(continuation)
                return nil
            }
            if let decided { continuation.resume(returning: decided) }
        }
    }
}
