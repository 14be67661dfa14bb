package import Samples
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// The file system: read access to the files that the configuration names (secrets, certificates, rule files, audit
/// logs), and the operations that the journal needs on its folder and files.
package protocol FileAccess: Sendable {
    /// The whole file.
    /// - Parameter limit: the size in bytes above which reading fails.
    /// - Throws: `FileError` with the path and the system's reason.
    func read(_ path: String, limit: Int) throws(FileError) -> [UInt8]
    /// The whole file, and its modification time (st_mtime of stat(3type)).
    /// - Parameter limit: the size in bytes above which reading fails.
    /// - Throws: `FileError` with the path and the system's reason.
    func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp)
    /// The end of the file.
    /// - Parameter limit: the maximum number of bytes to return.
    /// - Returns: the bytes, and whether the file has more before them.
    /// - Throws: `FileError` with the path and the system's reason.
    func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool)
    /// Opens a file that is read bit by bit, and stays open while it is renamed or deleted. By default, which suits files
    /// in memory, it is read anew each time.
    /// - Throws: `FileError` with the path and the system's reason.
    func follow(_ path: String) throws(FileError) -> any FollowedFile
    /// The paths that match a shell pattern, sorted; none if the pattern can't be expanded. Source: glob(3).
    func glob(_ pattern: String) -> [String]
    /// Creates a folder with this mode; an existing one is not changed. mkdir(2).
    /// - Throws: `FileError`.
    func makeFolder(_ path: String, mode: UInt32) throws(FileError)
    /// Creates an empty file, or uses an existing one, that only its owner may read and write (0600).
    /// - Throws: `FileError`.
    func makePrivate(_ path: String) throws(FileError)
    /// Renames a file, replacing an existing one; rename(2).
    /// - Throws: `FileError`.
    func rename(_ path: String, to new: String) throws(FileError)
    /// Deletes a file; unlink(2).
    /// - Throws: `FileError`.
    func remove(_ path: String) throws(FileError)
    /// Runs a file system call that may never return, as on a dead mount: the caller waits for at most two seconds,
    /// without blocking a thread. By default the call runs on the caller's thread, which suits files in memory.
    /// - Throws: `FileError`: the call's own, or one with `isStuck`.
    func inTime<Value: Sendable>(
        _ path: String, _ call: @escaping @Sendable () throws(FileError) -> Value
    ) async throws(FileError) -> Value
}

extension String {
    /// Whether `glob` may expand it to other paths. Source: glob(7).
    package var isShellPattern: Bool { contains { "*?[".contains($0) } }
}

extension FileAccess {
    /// The paths that match a shell pattern; any other path as it is, whether there is such a file or not.
    package func expand(_ path: String) -> [String] { path.isShellPattern ? glob(path) : [path] }

    package func inTime<Value: Sendable>(
        _ path: String, _ call: @escaping @Sendable () throws(FileError) -> Value
    ) async throws(FileError) -> Value {
        try call()
    }

    /// `read` for code that runs in tasks; see `inTime`.
    package func readInTime(_ path: String, limit: Int) async throws(FileError) -> [UInt8] {
        try await inTime(path) { () throws(FileError) in try self.read(path, limit: limit) }
    }

    /// `readDated` for code that runs in tasks; see `inTime`.
    package func readDatedInTime(
        _ path: String, limit: Int
    ) async throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        try await inTime(path) { () throws(FileError) in try self.readDated(path, limit: limit) }
    }

    /// `tail` for code that runs in tasks; see `inTime`.
    package func tailInTime(_ path: String, limit: Int) async throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        try await inTime(path) { () throws(FileError) in try self.tail(path, limit: limit) }
    }
}

/// The directory part of a path, as dirname(1) prints it: `.` for a plain name, `/` for `/name`.
package func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// A file that could not be read or changed.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path as it was given.
    package let path: String
    /// The reason, mostly from strerror(3).
    package let reason: String
    /// Whether the file system did not respond in time: nothing is known about the file.
    package let isStuck: Bool
    /// An error for a path.
    package init(path: String, reason: String, isStuck: Bool = false) {
        self.path = path
        self.reason = reason
        self.isStuck = isStuck
    }
    /// Whether there is no such file.
    package var isMissing: Bool { reason == String(cString: strerror(ENOENT)) }
    package var description: String { "\(path): \(reason)" }
}

/// The file system, through open(2), read(2), glob(3) and the like. Calls block the calling thread; `inTime` runs them on
/// threads of their own. Only regular files are read.
package struct SystemFiles: FileAccess {
    /// Shared by the whole process, as the stuck threads are.
    static let threads = FileThreads()

    /// The file system of this machine.
    package init() {}

    package func inTime<Value: Sendable>(
        _ path: String, _ call: @escaping @Sendable () throws(FileError) -> Value
    ) async throws(FileError) -> Value {
        try await SystemFiles.threads.run(path, call).get()
    }

    /// Reads to the end of the file in chunks of 64 KiB.
    package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let descriptor = try SystemFiles.open(path)
        defer { close(descriptor) }
        return try SystemFiles.rest(of: descriptor, path, limit: limit)
    }

    /// Refers to the file that was opened, even if it has been replaced since.
    package func readDated(
        _ path: String, limit: Int
    ) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        let descriptor = try SystemFiles.open(path)
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemFiles.error(path) }
        let modified = Timestamp(
            milliseconds: Int64(status.st_mtim.tv_sec).multipliedSaturated(by: 1000)
                .addingSaturated(Int64(status.st_mtim.tv_nsec) / 1_000_000))
        return (try SystemFiles.rest(of: descriptor, path, limit: limit), modified)
    }

    /// Seeks to `limit` bytes before the end and reads from there.
    package func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        let descriptor = try SystemFiles.open(path)
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        let start = max(0, size - limit)
        guard size >= 0, lseek(descriptor, start, SEEK_SET) == start else {
            throw FileError(path: path, reason: String(cString: strerror(errno)))
        }
        // A writer may append between lseek(2) and read(2); those bytes belong to the next call.
        return (
            Array(try SystemFiles.rest(of: descriptor, path, limit: limit + SystemFiles.growthLimit).prefix(limit)),
            start > 0
        )
    }

    package func follow(_ path: String) throws(FileError) -> any FollowedFile {
        try SystemFollowedFile(path, descriptor: SystemFiles.open(path))
    }

    /// How many bytes a writer may append between lseek(2) and read(2) before reading fails.
    private static let growthLimit = 1 << 20

    /// Opens a regular file; anything else could block its reader forever (a FIFO, a terminal) or never end (a device).
    /// An inherited descriptor may be a pipe: `check rules /dev/stdin`.
    private static func open(_ path: String) throws(FileError) -> Int32 {
        let isOwn = path == "/dev/stdin" || path.hasPrefix("/dev/fd/")
        // Without O_NONBLOCK, opening a FIFO waits for its writer.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (isOwn ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else { throw error(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            defer { close(descriptor) }
            throw error(path)
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || (isOwn && (kind == S_IFIFO || kind == S_IFSOCK)) else {
            close(descriptor)
            throw FileError(path: path, reason: refusal(kind))
        }
        return descriptor
    }

    private static func refusal(_ kind: mode_t) -> String {
        if kind == S_IFDIR { return String(cString: strerror(EISDIR)) }
        let found =
            switch kind {
            case S_IFIFO: "a FIFO (named pipe)"
            case S_IFSOCK: "a socket"
            case S_IFCHR, S_IFBLK: "a device"
            default: "no file"
            }
        return "is \(found); expected a regular file"
    }

    private static func rest(of descriptor: Int32, _ path: String, limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: path, reason: String(cString: strerror(errno)))
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw FileError(path: path, reason: "larger than \(limit) bytes")
            }
            bytes += chunk[..<count]
        }
    }

    /// Expands a shell pattern with glob(3) and no flags.
    package func glob(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard Glibc.glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }

    package func makeFolder(_ path: String, mode: UInt32) throws(FileError) {
        if mkdir(path, mode) != 0, errno != EEXIST { throw SystemFiles.error(path) }
    }

    package func makePrivate(_ path: String) throws(FileError) {
        // Must not open an existing file: closing it would drop the locks that this process has on it.
        // https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            close(descriptor)
        } else if errno != EEXIST || chmod(path, 0o600) != 0 {
            throw SystemFiles.error(path)
        }
    }

    package func rename(_ path: String, to new: String) throws(FileError) {
        if Glibc.rename(path, new) != 0 { throw SystemFiles.error(path) }
    }

    package func remove(_ path: String) throws(FileError) {
        if unlink(path) != 0 { throw SystemFiles.error(path) }
    }

    private static func error(_ path: String) -> FileError {
        FileError(path: path, reason: String(cString: strerror(errno)))
    }
}
