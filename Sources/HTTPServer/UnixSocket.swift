import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// A listening Unix socket in the file system. Source: unix(7).
package struct UnixSocket: Sendable {
    /// Its path.
    package let path: String
    let descriptor: Int32
    /// Identifies the file, which another process may have replaced by the time that this one stops.
    private let device: UInt64
    private let inode: UInt64

    /// Maximum bytes of a path: `sun_path` without its terminator and the suffix of the temporary name.
    private static let pathLimit = 107 - suffix.utf8.count
    private static let suffix = ".new"

    /// Creates a socket for the members of a group, if a group with that name exists and this process may assign it,
    /// otherwise for its own user. A dead socket at the path is replaced, a live one never. Blocks on the file system
    /// and on the group database.
    /// - Throws: `ServerError` naming the path.
    package static func listen(_ path: String, group: String) throws(ServerError) -> UnixSocket {
        guard path.utf8.count <= pathLimit else {
            throw ServerError("\(path): a socket's path has at most \(pathLimit) bytes; web.socket names another")
        }
        try makeWay(path)
        // Gets its final name only once its permissions are set.
        let unfinished = path + suffix
        unlink(unfinished)
        let descriptor = try open(path)
        do throws(ServerError) {
            guard withUnixAddress(unfinished, { Glibc.bind(descriptor, $0, $1) }) == 0 else { throw error(path) }
            var found = stat()
            guard lstat(unfinished, &found) == 0 else { throw error(path) }
            var mode: mode_t = 0o600
            // The unit's system call filter denies chown(2), but the service already has the group.
            if let group = Accounts.groupID(group), found.st_gid == group || chown(unfinished, uid_t.max, group) == 0 {
                mode = 0o660
            }
            guard chmod(unfinished, mode) == 0, Glibc.listen(descriptor, 64) == 0, rename(unfinished, path) == 0 else {
                throw error(path)
            }
            return UnixSocket(
                path: path, descriptor: descriptor, device: UInt64(found.st_dev), inode: UInt64(found.st_ino))
        } catch {
            unlink(unfinished)
            close(descriptor)
            throw error
        }
    }

    /// Removes the socket's file, unless another process has replaced it.
    package func remove() {
        var found = stat()
        guard lstat(path, &found) == 0, UInt64(found.st_dev) == device, UInt64(found.st_ino) == inode else { return }
        unlink(path)
    }

    /// - Throws: `ServerError` if another process listens at the path, or if it is not a socket.
    private static func makeWay(_ path: String) throws(ServerError) {
        var found = stat()
        guard lstat(path, &found) == 0 else {
            guard errno == ENOENT else { throw error(path) }
            return
        }
        guard found.st_mode & S_IFMT == S_IFSOCK else {
            throw ServerError("\(path): there is a file that is no socket")
        }
        let descriptor = try open(path)
        defer { close(descriptor) }
        // A live one whose queue is full returns EAGAIN.
        if withUnixAddress(path, { connect(descriptor, $0, $1) }) == 0 || errno == EAGAIN {
            throw ServerError("\(path): another process listens there")
        }
        guard errno == ECONNREFUSED || errno == ENOENT else { throw error(path) }
    }

    private static func open(_ path: String) throws(ServerError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw error(path) }
        return descriptor
    }

    private static func error(_ path: String) -> ServerError {
        ServerError("\(path): \(String(cString: strerror(errno)))")
    }
}

/// The process at the other end of a Unix socket, as of its connect(2). Source: unix(7), SO_PEERCRED; `struct ucred`.
struct PeerCredentials: Sendable {
    var process: Int32
    var user: UInt32
    var group: UInt32
}
