import Platform
import Synchronization

/// What a run has begun and must end. A file says so too, for the case that the run is killed.
final class Staging: Sendable {
    private struct State {
        var stops = false
        var database: ScratchDatabase?
    }

    private let state = Mutex(State())
    private let path: String
    private let files: any FileAccess

    /// - Parameter folder: that of temporary files.
    init(folder: String, files: any FileAccess) {
        path = folder + "/restore-test.begun"
        self.files = files
    }

    /// From now on the hook `stop` must run.
    func mayHaveStarted() {
        // Without the file the copy of a run that is killed stays until the next run.
        try? files.makePrivate(path)
        state.withLock { $0.stops = true }
    }

    /// From now on the database must be dropped.
    func mayHaveCreated(_ database: ScratchDatabase) {
        try? files.makePrivate(path)
        state.withLock { $0.database = database }
    }

    var began: (stops: Bool, database: ScratchDatabase?) { state.withLock { ($0.stops, $0.database) } }

    /// Whether a run that was killed has left something.
    var isLeft: Bool { (try? files.read(path, limit: 1)) != nil }

    /// All is removed.
    func ended() { try? files.remove(path) }
}
