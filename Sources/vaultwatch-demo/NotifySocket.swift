import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// The socket on which a service tells its manager that it is ready, as systemd provides it in `$NOTIFY_SOCKET`.
/// Source: sd_notify(3).
final class NotifySocket: Sendable {
    /// A value for `$NOTIFY_SOCKET`.
    let path: String

    /// The socket could not be bound; the text says why.
    struct BindError: Error, CustomStringConvertible {
        let description: String
    }

    /// Binds the socket and reads it on a thread of its own for as long as the process lives.
    /// - Parameters:
    ///   - path: at most 107 bytes, unix(7).
    ///   - onReady: called for each `READY=1`.
    /// - Throws: `BindError`.
    init(path: String, onReady: @escaping @Sendable () -> Void) throws(BindError) {
        self.path = path
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        guard path.utf8.count < capacity else { throw BindError(description: "\(path): longer than a socket's path") }
        guard withUnixAddress(path, { bind(descriptor, $0, $1) }) == 0 else {
            throw BindError(description: "\(path): \(String(cString: strerror(errno)))")
        }
        do {
            try SystemThreads().start("notify") {
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    guard count > 0 else { return }
                    let lines = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n")
                    if lines.contains("READY=1") { onReady() }
                }
            }
        } catch {
            throw BindError(description: error.description)
        }
    }
}

/// Lines typed by the user.
enum StandardInput {
    /// Reads lines to the end of the input on a thread of its own, since reading blocks.
    /// - Throws: `ThreadError`.
    static func readLines(_ take: @escaping @Sendable (String) -> Void) throws(ThreadError) {
        try SystemThreads().start("stdin") { while let line = readLine() { take(line) } }
    }
}
