package import Platform
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// The ports already assigned by this process, so that no two servers get the same one.
private let given = Mutex<Set<UInt16>>([])

/// A free TCP port on 127.0.0.1.
/// - Throws: `ChildProcessError` if there is none.
package func freePort() throws(ChildProcessError) -> UInt16 {
    // Below the range of ephemeral ports: an outgoing connection could take one of those before the server binds it;
    // ip(7), ip_local_port_range.
    for _ in 0..<1000 {
        let port = UInt16.random(in: 10_240..<32_768)
        if given.withLock({ $0.insert(port).inserted }), try isFree(port) { return port }
    }
    throw ChildProcessError(program: "freePort", reason: "all ports were given out")
}

private func isFree(_ port: UInt16) throws(ChildProcessError) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ChildProcessError(program: "socket", reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        } == 0
    }
}

/// Whether a server on 127.0.0.1 accepts connections at a port.
package func accepts(port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

/// Polls until a condition of a real server holds or the limit is reached.
/// - Returns: whether it holds.
package func waitUntil(atMost limit: Duration = .seconds(30), _ condition: () async throws -> Bool) async rethrows
    -> Bool
{
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var pause = Duration.milliseconds(5)
    while true {
        if try await condition() { return true }
        guard clock.now < deadline, (try? await Task.sleep(for: pause)) != nil else { return false }
        pause = min(pause * 2, .milliseconds(100))
    }
}
