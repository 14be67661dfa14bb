#if canImport(Glibc)
import Glibc
#endif

/// Reading what configuration points at: configuration files, secrets, certificates, rule files.
package protocol FileAccess: Sendable {
    /// The file's bytes.
    /// - Parameter limit: most bytes it may have.
    /// - Throws: `FileError` naming the path and the system's reason.
    func read(_ path: String, limit: Int) throws(FileError) -> [UInt8]
    /// Paths that match a shell pattern, sorted; glob(3).
    func glob(_ pattern: String) -> [String]
}

/// A file that could not be read: its path and why, in the system's words.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    package let reason: String
    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
    package var description: String { "\(path): \(reason)" }
}

package struct SystemFiles: FileAccess {
    package init() {}

    package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: path, reason: String(cString: strerror(errno)))
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw FileError(path: path, reason: "larger than \(limit) bytes") }
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
