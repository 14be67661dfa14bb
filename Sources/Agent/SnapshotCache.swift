import Platform
import Synchronization
import Web

/// Makes at most ten snapshots a second, however many clients request them: requests within the interval get the last
/// one, and requests while one is being made wait for it.
final class SnapshotCache: Sendable {
    typealias Make = @Sendable () async throws(QueryError) -> EstateSnapshot

    private struct State {
        var last: (snapshot: EstateSnapshot, begun: Instant)?
        var running: Task<Result<EstateSnapshot, QueryError>, Never>?
        /// Incremented by each change that the next snapshot must include.
        var generation: UInt64 = 0
        var revision: UInt64 = 0
    }

    private let time: any TimeSource
    private let interval: Duration
    private let make: Make
    private let isSame: @Sendable (EstateSnapshot, EstateSnapshot) -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - interval: maximum age of a snapshot. Default 100 ms.
    ///   - isSame: whether two snapshots have the same content, so that the revision does not change.
    init(
        interval: Duration = .milliseconds(100), time: any TimeSource,
        isSame: @escaping @Sendable (EstateSnapshot, EstateSnapshot) -> Bool, make: @escaping Make
    ) {
        self.interval = interval
        self.time = time
        self.isSame = isSame
        self.make = make
    }

    /// The last snapshot, or a new one if that is too old.
    /// - Throws: what `make` throws.
    func snapshot() async throws(QueryError) -> EstateSnapshot {
        enum Choice {
            case ready(EstateSnapshot)
            case wait(Task<Result<EstateSnapshot, QueryError>, Never>)
        }
        let now = time.monotonic()
        let choice = state.withLock { state -> Choice in
            if let last = state.last, now - last.begun < interval { return .ready(last.snapshot) }
            if let running = state.running { return .wait(running) }
            let generation = state.generation
            let task = Task { await self.run(generation, begun: now) }
            state.running = task
            return .wait(task)
        }
        switch choice {
        case .ready(let snapshot): return snapshot
        case .wait(let task): return try await task.value.get()
        }
    }

    /// To be called after a change: all later requests get a snapshot that includes it.
    func invalidate() {
        state.withLock { state in
            state.generation += 1
            (state.last, state.running) = (nil, nil)
        }
    }

    private func run(_ generation: UInt64, begun: Instant) async -> Result<EstateSnapshot, QueryError> {
        var made: Result<EstateSnapshot, QueryError>
        do throws(QueryError) {
            made = .success(try await make())
        } catch {
            made = .failure(error)
        }
        let before = state.withLock { $0.last?.snapshot }
        if case .success(var snapshot) = made {
            let isNew = before.map { !isSame($0, snapshot) } ?? true
            snapshot.revision = state.withLock { state in
                if isNew { state.revision += 1 }
                return state.revision
            }
            made = .success(snapshot)
        }
        state.withLock { [made] state in
            // A snapshot begun before a change must not be returned to requests after it.
            guard state.generation == generation else { return }
            state.running = nil
            if case .success(let snapshot) = made { state.last = (snapshot, begun) }
        }
        return made
    }
}
