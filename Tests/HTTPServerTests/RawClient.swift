import Foundation
import Platform
import Synchronization

@testable import HTTPServer

/// One TCP connection with nothing between the test and the bytes. Its calls block, on threads of their own.
final class RawClient: Sendable {
    enum Ending: Sendable, Equatable { case closed, reset, timedOut }

    private let descriptor: Int32

    /// - Parameter source: the client's address; all of 127.0.0.0/8 is this machine.
    init(_ address: HTTPServer.Address, from source: String = "127.0.0.1") throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var own = sockaddr_in()
        own.sin_family = sa_family_t(AF_INET)
        own.sin_addr.s_addr = inet_addr(source)
        let isBound = withUnsafePointer(to: &own) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard isBound == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRNOTAVAIL) }
        var peer = sockaddr_in()
        peer.sin_family = sa_family_t(AF_INET)
        peer.sin_port = in_port_t(UInt16(address.port)).bigEndian
        peer.sin_addr.s_addr = inet_addr(address.host)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafePointer(to: &peer) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard failed == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECONNREFUSED) }
        limitWaiting()
    }

    /// Over a Unix socket.
    init(socket path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard withUnixAddress(path, { connect(descriptor, $0, $1) }) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECONNREFUSED)
        }
        limitWaiting()
    }

    private func limitWaiting() {
        // Only so that a broken server fails the test instead of hanging it.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    func hangUp() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// All until the connection ends.
    func readAll() async -> (text: String, ending: Ending) {
        await read { _ in false }
    }

    /// Until the condition holds on what came so far, or the connection ends.
    func read(until done: @escaping @Sendable (String) -> Bool) async -> (text: String, ending: Ending) {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                var bytes: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 65536)
                while true {
                    let count = recv(descriptor, &chunk, chunk.count, 0)
                    if count > 0 { bytes += chunk[..<count] }
                    let ending: Ending? = count > 0 ? nil : count == 0 ? .closed : errno == EAGAIN ? .timedOut : .reset
                    let text = String(decoding: bytes, as: UTF8.self)
                    if ending != nil || done(text) {
                        continuation.resume(returning: (text, ending ?? .closed))
                        return
                    }
                }
            }
        }
    }

    /// One request on a connection of its own.
    static func exchange(_ address: HTTPServer.Address, _ text: String) async throws -> (text: String, ending: Ending) {
        let client = try RawClient(address)
        client.write(text)
        return await client.readAll()
    }
}
