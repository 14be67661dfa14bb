import Synchronization

/// Passes a result, and a body piece by piece, from the loop's thread to the task that waits, buffering at most about
/// `highWaterBytes`: beyond that the transfer pauses until the reader has caught up.
final class TransferMailbox: Sendable {
    enum Next: Sendable {
        /// Bytes in order; if `wasPaused`, the reader must resume the transfer.
        case bytes([UInt8], wasPaused: Bool)
        case end(Result<CurlTransfer.Outcome, TransportError>)
    }

    static let highWaterBytes = 256 << 10

    private struct State {
        var buffer: [UInt8] = []
        var paused = false
        var result: Result<CurlTransfer.Outcome, TransportError>?
        var reader: CheckedContinuation<Next, Never>?
    }

    private let state = Mutex(State())

    /// Called by the loop's thread.
    /// - Returns: false if full: the same bytes must be offered again after a pause.
    func offer(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        enum Action {
            case full
            case kept
            case give(CheckedContinuation<Next, Never>)
        }
        let action: Action = state.withLock { state in
            if let reader = state.reader {
                state.reader = nil
                return .give(reader)
            }
            guard state.buffer.count < TransferMailbox.highWaterBytes else {
                state.paused = true
                return .full
            }
            state.buffer.append(contentsOf: bytes)
            return .kept
        }
        switch action {
        case .full: return false
        case .kept: return true
        case .give(let reader):
            reader.resume(returning: .bytes(Array(bytes), wasPaused: false))
            return true
        }
    }

    /// Called after the last `offer`; only the first call has an effect.
    func finish(_ result: Result<CurlTransfer.Outcome, TransportError>) {
        let reader: CheckedContinuation<Next, Never>? = state.withLock { state in
            guard state.result == nil else { return nil }
            state.result = result
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: .end(result))
    }

    /// Waits for the next piece or the result. One reader only.
    func next() async -> Next {
        await withCheckedContinuation { continuation in
            let ready: Next? = state.withLock { state in
                if !state.buffer.isEmpty {
                    let bytes = state.buffer
                    state.buffer = []
                    defer { state.paused = false }
                    return .bytes(bytes, wasPaused: state.paused)
                }
                if let result = state.result { return .end(result) }
                state.reader = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// The result, if the body is not read piece by piece.
    func result() async -> Result<CurlTransfer.Outcome, TransportError> {
        while true {
            if case .end(let result) = await next() { return result }
        }
    }
}
