import Dispatch
import Synchronization

/// Files for a caller that may block, but not for ever: a start on which a mount does not answer. Each read waits for two
/// seconds at most, on a thread of its own that stays behind where it is stuck; what else lies in that folder then fails
/// at once.
package struct TimedFiles: FileAccess {
    private final class Answer<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, FileError>?>(nil)
    }

    private final class Folders: Sendable {
        let stuck = Mutex<Set<String>>([])
    }

    private static let patience = 2

    private let files: any FileAccess
    private let threads: any ThreadStarter
    private let folders = Folders()

    /// The same files, read in time.
    package init(_ files: any FileAccess, threads: any ThreadStarter) {
        self.files = files
        self.threads = threads
    }

    /// As the files' own, or a `FileError` with `isStuck`.
    package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let files = files
        return try timed(path) { () throws(FileError) in try files.read(path, limit: limit) }
    }

    /// As the files' own, or a `FileError` with `isStuck`.
    package func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        let files = files
        return try timed(path) { () throws(FileError) in try files.tail(path, limit: limit) }
    }

    /// As the files' own; empty where the folder does not answer.
    package func glob(_ pattern: String) -> [String] {
        let files = files
        let found = Result { () throws(FileError) in
            try timed(pattern) { () throws(FileError) in files.glob(pattern) }
        }
        return (try? found.get()) ?? []
    }

    /// As the files' own, without a limit.
    package func makeFolder(_ path: String, mode: UInt32) throws(FileError) {
        try files.makeFolder(path, mode: mode)
    }
    /// As the files' own, without a limit.
    package func makePrivate(_ path: String) throws(FileError) { try files.makePrivate(path) }
    /// As the files' own, without a limit.
    package func rename(_ path: String, to new: String) throws(FileError) { try files.rename(path, to: new) }
    /// As the files' own, without a limit.
    package func remove(_ path: String) throws(FileError) { try files.remove(path) }

    private func timed<Value: Sendable>(
        _ path: String, _ call: @escaping @Sendable () throws(FileError) -> Value
    ) throws(FileError) -> Value {
        let folder = parentFolder(of: path)
        let stuck = FileError(
            path: path, reason: "not read in \(TimedFiles.patience)s: its disk or mount does not answer", isStuck: true)
        if folders.stuck.withLock({ $0.contains(folder) }) { throw stuck }
        let answer = Answer<Value>()
        let done = DispatchSemaphore(value: 0)
        do {
            try threads.start("start-files") {
                let result = Result { () throws(FileError) in try call() }
                answer.result.withLock { $0 = result }
                done.signal()
            }
        } catch {
            return try call()
        }
        _ = done.wait(timeout: .now() + .seconds(TimedFiles.patience))
        guard let result = answer.result.withLock({ $0 }) else {
            folders.stuck.withLock { _ = $0.insert(folder) }
            throw stuck
        }
        return try result.get()
    }
}

extension Platform {
    /// The same, with files that are read in time; for what blocks its thread meanwhile.
    package var readingInTime: Platform {
        if time.isVirtual { return self }
        var platform = self
        platform.files = TimedFiles(files, threads: threads)
        return platform
    }
}
