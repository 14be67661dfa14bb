import CCurl
import Glibc
import Platform
import Samples
import Synchronization

/// One question to one server: datagrams, each from a new socket with a new id, and TCP if the answer is too long for
/// one.
///
/// Everything but `ticket` and `result` belongs to the loop's thread once it was submitted.
final class DNSExchange: @unchecked Sendable {
    enum Ticket: Sendable {
        case fresh
        case queued
        case cancelled
    }

    private enum Phase {
        /// Waits for a datagram.
        case datagram
        case connecting
        case writing
        case reading
    }

    /// How often a datagram is sent: one that is lost delays the answer by a third of the time that it has.
    private static let attempts = 3
    /// Datagrams that are read in one attempt, so that somebody who sends foreign ones gains nothing.
    private static let datagramLimit = 64
    /// How many random ports are tried before the system chooses.
    private static let portAttempts = 4

    let ticket = Mutex(Ticket.fresh)
    let result = OneShot<Result<DNSAnswer, TransportError>>()
    let question: DNSQuestion
    let server: DNSServer
    private let began: Instant
    private let deadline: Instant
    private let random: any RandomSource

    private(set) var isFinished = false
    private(set) var socket: Int32 = -1
    private var phase = Phase.datagram
    private var attempt = 0
    private var attemptEnd: Instant
    private var hasEDNS = true
    private var id: UInt16 = 0
    private var datagrams = 0
    /// What is left to write, then what was read.
    private var bytes: [UInt8] = []

    init(_ question: DNSQuestion, _ server: DNSServer, timeout: Duration, now: Instant, random: any RandomSource) {
        self.question = question
        self.server = server
        began = now
        deadline = now + timeout.bounded
        attemptEnd = deadline
        self.random = random
    }

    deinit { closeSocket() }

    /// What poll(2) waits for.
    var events: Int16 {
        switch phase {
        case .datagram, .reading: Int16(POLLIN)
        case .connecting, .writing: Int16(POLLOUT)
        }
    }

    /// When `expire` has something to do.
    var nextDeadline: Instant { min(attemptEnd, deadline) }

    func finish(_ outcome: Result<DNSAnswer, TransportError>) {
        isFinished = true
        closeSocket()
        result.fulfil(outcome)
    }

    private func fail(_ reason: TransportError.Reason, _ message: String) {
        finish(.failure(TransportError(reason, "name server \(server): \(message)")))
    }

    private func fail(errno code: Int32) {
        let reason: TransportError.Reason =
            switch code {
            case ECONNREFUSED: .connect
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN: .unreachable
            case ECONNRESET, EPIPE: .reset
            case ETIMEDOUT: .timeout
            default: .other
            }
        fail(reason, String(cString: strerror(code)))
    }

    private func closeSocket() {
        if socket >= 0 { close(socket) }
        socket = -1
    }

    // MARK: Steps

    func start(_ now: Instant) { sendDatagram(now) }

    /// The time of an attempt, or all of it, is over.
    func expire(_ now: Instant) {
        guard !isFinished, now >= nextDeadline else { return }
        if now >= deadline || phase != .datagram || attempt >= DNSExchange.attempts {
            let tried = phase == .datagram ? "\(attempt) datagrams" : "TCP"
            fail(.timeout, "no answer to \(tried) in \((now - began).wholeMilliseconds) ms")
        } else {
            sendDatagram(now)
        }
    }

    /// The socket is ready.
    func ready(_ now: Instant) {
        switch phase {
        case .datagram: readDatagrams(now)
        case .connecting:
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
            guard code == 0 else { return fail(errno: code) }
            phase = .writing
            write()
        case .writing: write()
        case .reading: read(now)
        }
    }

    // MARK: UDP

    private func sendDatagram(_ now: Instant) {
        attempt += 1
        let left = max(1, DNSExchange.attempts - attempt + 1)
        attemptEnd = now + (deadline - now) / left
        phase = .datagram
        datagrams = 0
        guard let query = query(), open(SOCK_DGRAM.rawValue) else { return }
        bindRandomPort()
        guard connect() == 0 else { return fail(errno: errno) }
        // A full buffer or queue is a lost datagram.
        if send(socket, query, query.count, Int32(MSG_NOSIGNAL)) < 0,
            ![EAGAIN, EWOULDBLOCK, EINTR, ENOBUFS].contains(errno)
        {
            fail(errno: errno)
        }
    }

    private func readDatagrams(_ now: Instant) {
        // Larger than what is asked for: a server that sends more must not be cut.
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !isFinished, phase == .datagram {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0 {
                if [EAGAIN, EWOULDBLOCK].contains(errno) { return }
                if errno == EINTR { continue }
                return fail(errno: errno)
            }
            datagrams += 1
            guard datagrams <= DNSExchange.datagramLimit else {
                return fail(.body, "\(DNSExchange.datagramLimit) datagrams that are no answer")
            }
            take(Array(buffer[..<count]), now)
        }
    }

    private func take(_ message: [UInt8], _ now: Instant) {
        let isStream = phase == .reading
        switch DNSMessage.read(message, id: id, question) {
        case .answer(var answer):
            // A server from before EDNS: RFC 6891, 7.
            if hasEDNS, !isStream, answer.code == 1 || answer.code == 4 {
                hasEDNS = false
                return sendDatagram(now)
            }
            answer.duration = now - began
            finish(.success(answer))
        case .truncated: if isStream { fail(.body, "the answer is cut off, over TCP too") } else { openStream() }
        case .foreign: if isStream { fail(.body, "the answer is to another question") }
        case .malformed: fail(.body, "the answer is malformed")
        }
    }

    // MARK: TCP

    private func openStream() {
        guard let query = query(), open(SOCK_STREAM.rawValue) else { return }
        attemptEnd = deadline
        // RFC 1035, 4.2.2: the length before the message.
        bytes = [UInt8(truncatingIfNeeded: query.count >> 8), UInt8(truncatingIfNeeded: query.count)] + query
        phase = .connecting
        if connect() == 0 {
            phase = .writing
        } else if errno != EINPROGRESS {
            fail(errno: errno)
        }
    }

    private func write() {
        while !bytes.isEmpty {
            let count = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            if count < 0 {
                if errno == EINTR { continue }
                if ![EAGAIN, EWOULDBLOCK].contains(errno) { fail(errno: errno) }
                return
            }
            bytes.removeFirst(count)
        }
        phase = .reading
    }

    private func read(_ now: Instant) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0 {
                if errno == EINTR { continue }
                if ![EAGAIN, EWOULDBLOCK].contains(errno) { fail(errno: errno) }
                return
            }
            guard count > 0 else { return fail(.reset, "the connection was closed before the answer") }
            // At most the length that two bytes can say, and one buffer.
            bytes += buffer[..<count]
            guard bytes.count >= 2 else { continue }
            let length = Int(bytes[0]) << 8 | Int(bytes[1])
            if bytes.count >= 2 + length { return take(Array(bytes[2..<(2 + length)]), now) }
        }
    }

    // MARK: Sockets

    private func query() -> [UInt8]? {
        id = UInt16(truncatingIfNeeded: random.next())
        let query = DNSMessage.query(id: id, question, hasEDNS: hasEDNS)
        if query == nil { fail(.other, "\(question.name) is not a name") }
        return query
    }

    private func open(_ type: UInt32) -> Bool {
        closeSocket()
        let family = server.address.contains(":") ? AF_INET6 : AF_INET
        socket = Glibc.socket(family, Int32(type | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if socket < 0 { fail(errno: errno) }
        return socket >= 0
    }

    /// A port that nobody can guess, beside the id: who does not see the query can't forge an answer. Source: RFC 5452.
    private func bindRandomPort() {
        for _ in 0..<DNSExchange.portAttempts {
            let port = UInt16(truncatingIfNeeded: 1024 + random.next() % (65536 - 1024))
            let any = DNSServer(address: server.address.contains(":") ? "::" : "0.0.0.0", port: port)
            if DNSExchange.withAddress(of: any, { bind(socket, $0, $1) }) == 0 { return }
        }
    }

    private func connect() -> Int32 { DNSExchange.withAddress(of: server) { Glibc.connect(socket, $0, $1) } }

    /// - Returns: what the body returns; -1 with EINVAL for an address that is none.
    private static func withAddress(
        of server: DNSServer, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(server.address, String(server.port), &hints, &list) == 0, let entry = list else {
            errno = EINVAL
            return -1
        }
        defer { freeaddrinfo(list) }
        guard let address = entry.pointee.ai_addr else {
            errno = EINVAL
            return -1
        }
        return body(address, entry.pointee.ai_addrlen)
    }
}
