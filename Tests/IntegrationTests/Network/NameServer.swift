import Platform
import Simulation
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// A name server that has one address for every name, and can fall silent. Source: RFC 1035, section 4.
final class NameServer: Sendable {
    private let descriptor: Int32
    private let state = Mutex((isSilent: false, isClosed: false, questions: 0))

    /// - Parameter address: what it listens on, port 53, and what it answers.
    init(address: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var local = sockaddr_in()
        local.sin_family = sa_family_t(AF_INET)
        local.sin_port = UInt16(53).bigEndian
        guard inet_pton(AF_INET, address, &local.sin_addr) == 1 else { throw NetworkSetupError(reason: address) }
        let answer = withUnsafeBytes(of: local.sin_addr.s_addr, Array.init)
        let bound = withUnsafePointer(to: &local) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard bound else { throw NetworkSetupError(reason: "port 53: \(String(cString: strerror(errno)))") }
        try SystemThreads().start("name-server") { [self] in serve(answer) }
    }

    func setSilent(_ isSilent: Bool) { state.withLock { $0.isSilent = isSilent } }

    /// Questions so far, also those left without an answer.
    var questions: Int { state.withLock { $0.questions } }

    func close() { state.withLock { $0.isClosed = true } }

    private func serve(_ address: [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 1500)
        while !state.withLock({ $0.isClosed }) {
            var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&readable, 1, 50) > 0 else { continue }
            var peer = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
                }
            }
            let isSilent = state.withLock { state in
                state.questions += 1
                return state.isSilent
            }
            guard count > 16, !isSilent, let reply = NameServer.reply(Array(buffer[..<count]), address) else {
                continue
            }
            _ = withUnsafePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, reply, reply.count, 0, $0, length)
                }
            }
        }
        Glibc.close(descriptor)
    }

    /// An A record for a question of type A, no record for others.
    private static func reply(_ query: [UInt8], _ address: [UInt8]) -> [UInt8]? {
        guard let end = query[12...].firstIndex(of: 0), end + 4 < query.count else { return nil }
        let isAddress = query[end + 2] == 1
        let header = Array(query[0..<2]) + [0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]
        let question = Array(query[12...end + 4])
        let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4] + address
        return header + question + (isAddress ? record : [])
    }
}
