package import Samples
import Synchronization

/// Files for a caller that may block, but not for ever: a start on which a mount does not answer. Each read waits for two
/// seconds at most; what else lies in the folder of one that is stuck then fails at once.
package struct TimedFiles: FileAccess {
    private final class Folders: Sendable {
        let stuck = Mutex<Set<String>>([])
    }

    private let files: any FileAccess
    private let threads: FileThreads
    private let folders = Folders()

    /// The same files, read in time.
    init(_ files: any FileAccess, threads: FileThreads = SystemFiles.threads) {
        self.files = files
        self.threads = threads
    }

    /// As the files' own, or a `FileError` with `isStuck`.
    package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let files = files
        return try timed(path) { () throws(FileError) in try files.read(path, limit: limit) }
    }

    /// As the files' own, or a `FileError` with `isStuck`.
    package func readDated(
        _ path: String, limit: Int
    ) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        let files = files
        return try timed(path) { () throws(FileError) in try files.readDated(path, limit: limit) }
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
        if folders.stuck.withLock({ $0.contains(folder) }) { throw FileThreads.stuck(path) }
        let result = threads.runBlocking(path, call)
        if case .failure(let error) = result, error.isStuck { folders.stuck.withLock { _ = $0.insert(folder) } }
        return try result.get()
    }
}

extension Platform {
    /// The same, with files that are read in time; for what blocks its thread meanwhile.
    package var readingInTime: Platform {
        if time.isVirtual { return self }
        var platform = self
        platform.files = TimedFiles(files)
        return platform
    }
}
