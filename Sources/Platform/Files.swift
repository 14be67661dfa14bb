#if canImport(Glibc)
    import Glibc
#endif

/// Reading what configuration points at: configuration files, secrets, certificates, rule files.
package protocol FileAccess: Sendable {
    /// The file's bytes.
    /// - Parameter limit: most bytes it may have.
    /// - Throws: `FileError` naming the path and the system's reason.
    func read(_ path: String, limit: Int) throws(FileError) -> [UInt8]
    /// The file's end.
    /// - Parameter limit: most bytes of it to read.
    /// - Returns: the bytes, and whether there were more before them.
    /// - Throws: `FileError`.
    func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool)
    /// Paths that match a shell pattern, sorted; glob(3).
    func glob(_ pattern: String) -> [String]
}

/// The folder that a path's last part is in; `.` for a plain name.
package func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// A file that could not be read: its path and why, in the system's words.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    package let reason: String
    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
    /// Whether there is no such file.
    package var isMissing: Bool { reason == String(cString: strerror(ENOENT)) }
    package var description: String { "\(path): \(reason)" }
}

package struct SystemFiles: FileAccess {
    package init() {}

    package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let descriptor = try SystemFiles.open(path)
        defer { close(descriptor) }
        return try SystemFiles.rest(of: descriptor, path, limit: limit)
    }

    package func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        let descriptor = try SystemFiles.open(path)
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        let start = max(0, size - limit)
        guard size >= 0, lseek(descriptor, start, SEEK_SET) == start else {
            throw FileError(path: path, reason: String(cString: strerror(errno)))
        }
        // It may grow while it is read; what came after the look at its size is left for the next time.
        return (
            Array(try SystemFiles.rest(of: descriptor, path, limit: limit + SystemFiles.growthLimit).prefix(limit)),
            start > 0
        )
    }

    /// What a writer may add to a file between a look at its size and its reading.
    private static let growthLimit = 1 << 20

    private static func open(_ path: String) throws(FileError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
        return descriptor
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

    package func glob(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard Glibc.glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }
}
