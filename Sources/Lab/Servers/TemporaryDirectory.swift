import FoundationEssentials
package import Platform
#if canImport(Glibc)
    package import Glibc
#endif

/// A directory in /tmp that is removed with its last reference or by `remove()`. Its name is short, since the path of a
/// Unix socket has at most 107 bytes; unix(7).
package final class TemporaryDirectory: Sendable {
    /// Its absolute path.
    package let path: String

    /// Creates the directory.
    /// - Throws: `ChildProcessError` with the system's message.
    package init() throws(ChildProcessError) {
        var name = Array("/tmp/vaultwatch-XXXXXX".utf8CString)
        let made: String? = name.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, mkdtemp(start) != nil else { return nil }
            return String(cString: start)
        }
        guard let made else { throw ChildProcessError(program: "mkdtemp", reason: String(cString: strerror(errno))) }
        path = made
        // Servers under another account must be able to reach their own directories inside.
        chmod(path, 0o711)
    }

    deinit { remove() }

    /// Removes the directory with its content.
    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file inside.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file inside.
    /// - Returns: its path.
    /// - Throws: `ChildProcessError` with the system's message.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws(ChildProcessError) -> String {
        let path = file(name)
        try writeFile(path, text, mode: mode)
        return path
    }
}

/// Writes a whole file, creating it with the given mode.
func writeFile(_ path: String, _ text: String, mode: mode_t) throws(ChildProcessError) {
    try write(path, text, O_TRUNC, mode: mode)
}

/// Adds to a file, creating it with the given mode.
func appendFile(_ path: String, _ text: String, mode: mode_t) throws(ChildProcessError) {
    try write(path, text, O_APPEND, mode: mode)
}

private func write(_ path: String, _ text: String, _ flag: Int32, mode: mode_t) throws(ChildProcessError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flag, mode)
    guard descriptor >= 0 else { throw ChildProcessError(program: path, reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
        }
        if count < 0 {
            if errno == EINTR { continue }
            throw ChildProcessError(program: path, reason: String(cString: strerror(errno)))
        }
        written += count
    }
}
