package import Samples
import Synchronization

/// Files for a caller that may block, but not forever: a start during which a mount does not respond. Each read waits
/// for at most two seconds; further reads in the folder of a stuck file fail at once.
package struct TimedFiles: FileAccess {
    private final class Folders: Sendable {
        let stuck = Mutex<Set<String>>([])
    }

    private let files: any FileAccess
    private let threads: FileThreads
    private let folders = Folders()

    /// The same files, read with a time limit.
    init(_ files: any FileAccess, threads: FileThreads = SystemFiles.threads) {
        self.files = files
        self.threads = threads
    }

    /// As in the wrapped files, or a `FileError` with `isStuck`.
    package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let files = files
        return try timed(path) { () throws(FileError) in try files.read(path, limit: limit) }
    }

    /// As in the wrapped files, or a `FileError` with `isStuck`.
    package func readDated(
        _ path: String, limit: Int
    ) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        let files = files
        return try timed(path) { () throws(FileError) in try files.readDated(path, limit: limit) }
    }

    /// As in the wrapped files, or a `FileError` with `isStuck`.
    package func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        let files = files
        return try timed(path) { () throws(FileError) in try files.tail(path, limit: limit) }
    }

    /// As in the wrapped files; empty if the folder does not respond.
    package func glob(_ pattern: String) -> [String] {
        let files = files
        let found = Result { () throws(FileError) in
            try timed(pattern) { () throws(FileError) in files.glob(pattern) }
        }
        return (try? found.get()) ?? []
    }

    /// As in the wrapped files, without a time limit.
    package func makeFolder(_ path: String, mode: UInt32) throws(FileError) {
        try files.makeFolder(path, mode: mode)
    }
    /// As in the wrapped files, without a time limit.
    package func makePrivate(_ path: String) throws(FileError) { try files.makePrivate(path) }
    /// As in the wrapped files, without a time limit.
    package func rename(_ path: String, to new: String) throws(FileError) { try files.rename(path, to: new) }
    /// As in the wrapped files, without a time limit.
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
    /// The same platform, with files that are read with a time limit; for code that blocks its thread.
    package var readingInTime: Platform {
        if time.isVirtual { return self }
        var platform = self
        platform.files = TimedFiles(files)
        return platform
    }
}
