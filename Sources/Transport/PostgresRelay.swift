// Imports sys/socket.h, which belongs to the CCurl module in this target.
import CCurl
import Glibc

/// Sits between libpq and a server, so that libpq never receives more at a time than its caller has allowed.
///
/// libpq reads a message completely, whatever length the server announces: `PQconsumeInput` returns only when nothing
/// more arrives or all of it is in memory. So libpq's socket is replaced by one end of a socket pair under the same
/// number; the other end is fed piece by piece. TLS remains libpq's own. Belongs to the loop's thread.
/// Sources: dup2(2), socketpair(2); libpq's fe-misc.c, pqReadData.
final class PostgresRelay {
    /// Maximum size of a piece.
    static let pieceBytes = 64 << 10

    /// The socket to the server.
    let outer: Int32
    /// The socket to libpq.
    private let inner: Int32
    /// The inode of libpq's end: libpq may close it and connect to another address under the same number.
    private let inode: ino_t
    /// Received from libpq, and not yet sent to the server.
    private var unsent: [UInt8] = []
    /// Received from the server, and not yet sent to libpq.
    private var unread: [UInt8] = []
    private var isEnded = false

    /// Takes over libpq's socket.
    /// - Returns: nil if the process is out of descriptors.
    init?(_ socket: Int32) {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { return nil }
        let outer = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard outer >= 0, dup2(pair[1], socket) >= 0, fcntl(socket, F_SETFD, FD_CLOEXEC) == 0,
            let inode = PostgresRelay.inode(socket)
        else {
            for descriptor in pair + [outer] where descriptor >= 0 { Glibc.close(descriptor) }
            return nil
        }
        Glibc.close(pair[1])
        self.outer = outer
        inner = pair[0]
        self.inode = inode
    }

    deinit {
        Glibc.close(outer)
        Glibc.close(inner)
    }

    /// Whether a socket of libpq's leads to this relay.
    func serves(_ socket: Int32) -> Bool { PostgresRelay.inode(socket) == inode }

    /// The events to poll the server's socket for.
    var events: Int16 {
        Int16((unread.isEmpty && !isEnded ? POLLIN : 0) | (unsent.isEmpty ? 0 : POLLOUT))
    }

    /// Forwards what libpq has written.
    func push() {
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            if unsent.isEmpty {
                let count = recv(inner, &piece, piece.count, Int32(MSG_DONTWAIT))
                if count <= 0 { return }
                unsent = Array(piece[..<count])
            }
            let count = send(outer, unsent, unsent.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            // The end of the connection is detected by reading.
            if count <= 0 { return }
            unsent.removeFirst(count)
        }
    }

    /// Forwards at most one piece to libpq.
    /// - Returns: how many bytes came from the server.
    func pull() -> Int {
        var received = 0
        if unread.isEmpty, !isEnded {
            var piece = [UInt8](repeating: 0, count: PostgresRelay.pieceBytes)
            let count = recv(outer, &piece, piece.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                received = count
                unread = Array(piece[..<count])
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                isEnded = true
            }
        }
        while !unread.isEmpty {
            let count = send(inner, unread, unread.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            // libpq has not read the previous piece yet.
            if count <= 0 { return received }
            unread.removeFirst(count)
        }
        // Only after everything was forwarded: libpq reports how the connection ended.
        if isEnded { shutdown(inner, Int32(SHUT_WR)) }
        return received
    }

    private static func inode(_ descriptor: Int32) -> ino_t? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_ino : nil
    }
}
