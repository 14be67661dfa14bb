import Synchronization

/// What a run has begun and must end.
final class Staging: Sendable {
    private struct State {
        var stops = false
        var database: ScratchDatabase?
    }

    private let state = Mutex(State())

    /// From now on the hook `stop` must run.
    func mayHaveStarted() { state.withLock { $0.stops = true } }

    /// From now on the database must be dropped.
    func mayHaveCreated(_ database: ScratchDatabase) { state.withLock { $0.database = database } }

    var began: (stops: Bool, database: ScratchDatabase?) { state.withLock { ($0.stops, $0.database) } }
}
