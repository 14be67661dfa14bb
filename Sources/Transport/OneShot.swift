import Synchronization

/// One value from a thread of ours to the one task that awaits it.
final class OneShot<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var reader: CheckedContinuation<Value, Never>?
    }

    private let state = Mutex(State())

    /// Only the first value counts.
    func fulfil(_ value: Value) {
        let reader: CheckedContinuation<Value, Never>? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: value)
    }

    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let ready: Value? = state.withLock { state in
                if state.value == nil { state.reader = continuation }
                return state.value
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}
