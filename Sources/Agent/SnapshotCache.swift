import Platform
import Synchronization
import Web

/// Has snapshots made at most ten times a second, however many clients ask: who asks sooner gets the last one, and who asks
/// while one is being made waits for that.
final class SnapshotCache: Sendable {
    typealias Make = @Sendable () async throws(QueryError) -> EstateSnapshot

    private struct State {
        var last: (snapshot: EstateSnapshot, begun: Instant)?
        var running: Task<Result<EstateSnapshot, QueryError>, Never>?
        /// Rises with each change that the next snapshot must show.
        var generation: UInt64 = 0
        var revision: UInt64 = 0
    }

    private let time: any TimeSource
    private let interval: Duration
    private let make: Make
    private let isSame: @Sendable (EstateSnapshot, EstateSnapshot) -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - interval: how old a snapshot may be. Default 100 ms.
    ///   - isSame: whether two snapshots say the same, so that the revision stays.
    init(
        interval: Duration = .milliseconds(100), time: any TimeSource,
        isSame: @escaping @Sendable (EstateSnapshot, EstateSnapshot) -> Bool, make: @escaping Make
    ) {
        self.interval = interval
        self.time = time
        self.isSame = isSame
        self.make = make
    }

    /// The last snapshot, or a new one where that is too old.
    /// - Throws: what the making throws.
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

    /// Somebody has changed something: whoever asks from now on sees it.
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
            // One that was begun before a change is no answer to who asks after it.
            guard state.generation == generation else { return }
            state.running = nil
            if case .success(let snapshot) = made { state.last = (snapshot, begun) }
        }
        return made
    }
}
