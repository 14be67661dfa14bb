import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Ports given out by this process, so that two servers never get the same before either has bound it.
private let given = Mutex<Set<UInt16>>([])

/// A TCP port on 127.0.0.1 that nobody listens on.
/// - Throws: `ChildProcessError` when the system has none.
package func freePort() throws(ChildProcessError) -> UInt16 {
    // Below the ports from which the system takes those of outgoing connections: one of these could have it by the
    // time that a server binds it; ip(7), ip_local_port_range.
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

/// Whether something on 127.0.0.1 accepts connections at this port.
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

/// Waits for a state of a real server, which has no way to tell: asks at intervals up to the limit.
/// - Returns: whether it came.
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
