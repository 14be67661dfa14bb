import Dispatch
import Samples
import Synchronization
import Text

/// Threads for file system calls that may never return, such as those on a dead mount, which nothing can interrupt. A
/// stuck call occupies its thread until the mount responds; meanwhile its path gets no other thread, and all stuck
/// calls together at most `limit`.
final class FileThreads: Sendable {
    /// Maximum number of stuck calls, beyond which all reads fail; part of the count at
    /// `CurlTransportOptions.concurrentConnects`.
    static let limit = 32
    /// How long a caller waits, and how often that is checked: a timer for each of the thousands of reads an hour, none
    /// of which ever fires, would cost more than the reads.
    static let patience = Duration.seconds(2)
    private static let watchInterval = Duration.milliseconds(250)
    /// Limits the calls that wait for a thread while all of them are stuck.
    private static let queueLimit = 1024

    private struct State {
        /// Start times of the calls that have not returned, by path.
        var running: [String: [Instant]] = [:]
        var count = 0
        /// Waiting callers and their deadlines.
        var waiting: [UInt64: (deadline: Instant, giveUp: @Sendable () -> Void)] = [:]
        var nextID: UInt64 = 0
        /// Whether a task checks for callers whose deadline has passed.
        var isWatched = false
    }

    private let pool: ThreadPool
    private let time: any TimeSource
    private let state = Mutex(State())

    init(threads: any ThreadStarter = SystemThreads(), time: any TimeSource = SystemTime()) {
        pool = ThreadPool("files", threads: FileThreads.limit, starter: threads)
        self.time = time
    }

    private enum Refusal {
        /// A call on the same path has not returned, or too many calls wait.
        case stuck
        case noThread
    }

    private final class Answer<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, FileError>?>(nil)
    }

    /// Runs the call, unless one on the same path is stuck.
    func run<Value: Sendable>(
        _ path: String, _ call: @escaping @Sendable () throws(FileError) -> Value
    ) async -> Result<Value, FileError> {
        let began = time.monotonic()
        let answer = OneShot<Result<Value, FileError>>()
        switch submit(path, began, call, { answer.fulfil($0) }) {
        case .stuck: return .failure(FileThreads.stuck(path))
        case .noThread:
            return .failure(FileError(path: path, reason: "cannot be read: no thread can be started", isStuck: true))
        case nil: break
        }
        let id = watch(until: began + FileThreads.patience) { answer.fulfil(.failure(FileThreads.stuck(path))) }
        defer { state.withLock { _ = $0.waiting.removeValue(forKey: id) } }
        return await withTaskCancellationHandler {
            await answer.value()
        } onCancel: {
            answer.fulfil(.failure(FileError(path: path, reason: "cancelled", isStuck: true)))
        }
    }

    /// The same for a caller that may block; if no thread can be started the call runs on the caller's.
    func runBlocking<Value: Sendable>(
        _ path: String, _ call: @escaping @Sendable () throws(FileError) -> Value
    ) -> Result<Value, FileError> {
        let answer = Answer<Value>()
        let done = DispatchSemaphore(value: 0)
        let refusal = submit(path, time.monotonic(), call) { result in
            answer.result.withLock { $0 = result }
            done.signal()
        }
        switch refusal {
        case .stuck: return .failure(FileThreads.stuck(path))
        case .noThread: return Result { () throws(FileError) in try call() }
        case nil: break
        }
        _ = done.wait(timeout: .now() + .nanoseconds(Int(clamping: FileThreads.patience.nanoseconds)))
        return answer.result.withLock { $0 } ?? .failure(FileThreads.stuck(path))
    }

    /// - Parameter completed: called once on the call's thread, unless the call is refused.
    private func submit<Value: Sendable>(
        _ path: String, _ began: Instant, _ call: @escaping @Sendable () throws(FileError) -> Value,
        _ completed: @escaping @Sendable (Result<Value, FileError>) -> Void
    ) -> Refusal? {
        guard begin(path, began) else { return .stuck }
        let isTaken = pool.submit {
            let result = Result { () throws(FileError) in try call() }
            self.end(path, began)
            completed(result)
        }
        if !isTaken { end(path, began) }
        return isTaken ? nil : .noThread
    }

    private func watch(until deadline: Instant, _ giveUp: @escaping @Sendable () -> Void) -> UInt64 {
        let (id, begins) = state.withLock { state in
            defer { (state.nextID, state.isWatched) = (state.nextID &+ 1, true) }
            state.waiting[state.nextID] = (deadline, giveUp)
            return (state.nextID, !state.isWatched)
        }
        if begins { Task { await watch() } }
        return id
    }

    /// Ends waits whose deadline has passed, until no caller waits.
    private func watch() async {
        while true {
            try? await time.sleep(until: time.monotonic() + FileThreads.watchInterval)
            let now = time.monotonic()
            let (due, isOver) = state.withLock { state in
                let due = state.waiting.values.filter { $0.deadline <= now }
                if state.waiting.isEmpty { state.isWatched = false }
                return (due, !state.isWatched)
            }
            for one in due { one.giveUp() }
            if isOver { return }
        }
    }

    static func stuck(_ path: String) -> FileError {
        FileError(
            path: path, reason: "not read in \(Words.duration(patience)): its disk or mount does not answer",
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
