import Platform
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// A TCP server on loopback that runs a closure for every connection on a thread of its own, to send answers that no
/// well-behaved server would send.
package final class RawServer: Sendable {
    /// An accepted connection, with blocking calls.
    package struct Connection: Sendable {
        /// The socket.
        package let descriptor: Int32
        /// Counts from 0.
        package let index: Int

        /// - Returns: the received bytes; empty at the end or after an error.
        package func read(_ limit: Int = 65536) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: limit)
            let count = Glibc.read(descriptor, &bytes, limit)
            return count > 0 ? Array(bytes[..<count]) : []
        }

        /// Headers of one request; nil if the client has disconnected.
        package func readRequest() -> String? {
            var text = ""
            while !text.contains("\r\n\r\n") {
                let bytes = read()
                if bytes.isEmpty { return nil }
                text += String(decoding: bytes, as: UTF8.self)
            }
            return text
        }

        @discardableResult
        /// Writes all bytes.
        /// - Returns: false if the peer has disconnected.
        package func write(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }

        @discardableResult
        /// Writes a text in UTF-8.
        package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

        /// Answers CONNECT, and forwards data in both directions until one side has ended.
        /// - Parameter port: on loopback.
        package func tunnel(to port: UInt16) {
            let peer = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            defer { close(peer) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let isConnected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(peer, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isConnected else {
                write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            }
            write("HTTP/1.1 200 Connection established\r\n\r\n")
            let other = Connection(descriptor: peer, index: index)
            var ends = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: peer, events: Int16(POLLIN), revents: 0),
            ]
            while poll(&ends, 2, -1) > 0 {
                for (end, from, to) in [(0, self, other), (1, other, self)] where ends[end].revents != 0 {
                    let bytes = from.read()
                    if bytes.isEmpty || !to.write(bytes) { return }
                }
            }
        }

        /// Answers with RST instead of FIN when closed.
        package func reset() {
            var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        }
    }

    /// The port on 127.0.0.1.
    package let port: Int
    private let listener: Int32
    private let count = Mutex(0)

    /// Connections accepted so far.
    package var connections: Int { count.withLock { $0 } }

    /// - Parameter everyAddress: listens on all of 127.0.0.0/8, and on every other address of the machine.
    package init(everyAddress: Bool = false, _ serve: @escaping @Sendable (Connection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = everyAddress ? 0 : UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 512) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard bound else { throw RawServerError(reason: String(cString: strerror(errno))) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        try SystemThreads().start("raw-server") { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { return }
                guard let index = self?.next() else {
                    close(descriptor)
                    return
                }
                do {
                    try SystemThreads().start("raw-connection") {
                        serve(Connection(descriptor: descriptor, index: index))
                        close(descriptor)
                    }
                } catch {
                    close(descriptor)
                }
            }
        }
    }

    private func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }

    /// Stops accepting connections.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    deinit {
        stop()
        close(listener)
    }

    /// `http://127.0.0.1:port`.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// Answers every request of every connection.
    package static func http(everyAddress: Bool = false, _ answer: @escaping @Sendable (String) -> String) throws
        -> RawServer
    {
        try RawServer(everyAddress: everyAddress) { connection in
            while let request = connection.readRequest() {
                if !connection.write(answer(request)) { return }
            }
        }
    }

    /// A 200 response with its Content-Length.
    package static func ok(_ body: String, _ headers: String = "") -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }
}

/// The server could not listen.
package struct RawServerError: Error, Hashable, Sendable {
    /// The system's reason.
    package let reason: String
}
