#if canImport(Glibc)
    import Glibc
#endif

/// An exclusive lock on a file, held until the value is released or the process ends; flock(2).
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// The reason of the error if somebody else holds the lock.
    package static let isHeld = "another process uses it"

    /// Creates the file if it is missing, readable only by its owner. It remains when the lock is released.
    /// - Throws: `FileError`, also if another process, or another lock of this one, holds it.
    package init(_ path: String) throws(FileError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno == EWOULDBLOCK ? FileLock.isHeld : String(cString: strerror(errno))
            close(descriptor)
            throw FileError(path: path, reason: reason)
        }
    }

    deinit { close(descriptor) }
}
