import Samples
import Synchronization

/// Threads for calls on files that may never return, as on a dead mount, where nothing can interrupt them. A call that is
/// stuck keeps its thread until the mount answers; its path has no other one meanwhile, and all of them together no more
/// than `limit`.
final class FileThreads: Sendable {
    /// Stuck files at most before all reads fail; part of the count at `CurlTransportOptions.concurrentConnects`.
    static let limit = 32
    /// How long a caller waits.
    static let patience = Duration.seconds(2)
    /// Bounds what waits for a thread while all of them are stuck.
    private static let queueLimit = 1024

    private struct State {
        /// When the calls began that have not returned, by path.
        var running: [String: [Instant]] = [:]
        var count = 0
    }

    private let pool: ThreadPool
    private let time: any TimeSource
    private let state = Mutex(State())

    init(threads: any ThreadStarter = SystemThreads(), time: any TimeSource = SystemTime()) {
        pool = ThreadPool("files", threads: FileThreads.limit, starter: threads)
        self.time = time
    }

    /// Runs the call, unless one on the same path is stuck.
    func run<Value: Sendable>(
        _ path: String, _ call: @escaping @Sendable () throws(FileError) -> Value
    ) async -> Result<Value, FileError> {
        let began = time.monotonic()
        guard begin(path, began) else { return .failure(FileThreads.stuck(path)) }
        let answer = OneShot<Result<Value, FileError>>()
        let isTaken = pool.submit {
            let result: Result<Value, FileError>
            do throws(FileError) { result = .success(try call()) } catch { result = .failure(error) }
            self.end(path, began)
            answer.fulfil(result)
        }
        guard isTaken else {
            end(path, began)
            return .failure(FileError(path: path, reason: "cannot be read: no thread can be started", isStuck: true))
        }
        let timer = Task {
            try? await time.sleep(until: began + FileThreads.patience)
            answer.fulfil(.failure(FileThreads.stuck(path)))
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await answer.value()
        } onCancel: {
            answer.fulfil(.failure(FileError(path: path, reason: "cancelled", isStuck: true)))
        }
    }

    private static func stuck(_ path: String) -> FileError {
        FileError(
            path: path, reason: "not read in \(patience.prometheusDescription): its disk or mount does not answer",
            isStuck: true)
    }

    private func begin(_ path: String, _ now: Instant) -> Bool {
        state.withLock { state in
            let overdue = now - FileThreads.patience
            if let first = state.running[path]?.first, first <= overdue { return false }
            guard state.count < FileThreads.queueLimit else { return false }
            state.count += 1
            state.running[path, default: []].append(now)
            return true
        }
    }

    private func end(_ path: String, _ began: Instant) {
        state.withLock { state in
            state.count -= 1
            guard var calls = state.running[path], let index = calls.firstIndex(of: began) else { return }
            calls.remove(at: index)
            state.running[path] = calls.isEmpty ? nil : calls
        }
    }
}
