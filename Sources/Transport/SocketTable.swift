/// The loop's open sockets: the connection of each one, and whether it is idle. Pure bookkeeping.
struct SocketTable {
    struct Connection: Hashable, Sendable {
        var origin: String
        var localPort: Int32
        var certificate: CertificateInfo?
    }

    /// Identifies a kept connection: libcurl reports the local port of the connection that a transfer gets.
    private struct Endpoint: Hashable {
        var origin: String
        var localPort: Int32

        init(_ connection: Connection) {
            origin = connection.origin
            localPort = connection.localPort
        }

        init(origin: String, localPort: Int32) {
            self.origin = origin
            self.localPort = localPort
        }
    }

    private var connections: [Int32: Connection] = [:]
    private var socketByEndpoint: [Endpoint: Int32] = [:]
    /// The transfer that last got a connection. libcurl passes the connection of a finished transfer to the next one in
    /// the same step, before the end of the first is known here.
    private var users: [Int32: ObjectIdentifier] = [:]
    /// Registered with epoll for libcurl.
    private var watched: Set<Int32> = []
    /// Kept, unused, and registered with epoll to detect the peer's close.
    private var idle: Set<Int32> = []
    /// How many kept connections an origin has.
    private(set) var idleByOrigin: [String: Int] = [:]

    /// A new connection is established.
    mutating func add(_ socket: Int32, _ connection: Connection, user: ObjectIdentifier) {
        connections[socket] = connection
        socketByEndpoint[Endpoint(connection)] = socket
        users[socket] = user
    }

    /// A transfer gets a kept connection.
    /// - Returns: nil if it is not known here.
    mutating func use(origin: String, localPort: Int32, user: ObjectIdentifier) -> (
        socket: Int32, connection: Connection
    )? {
        guard let socket = socketByEndpoint[Endpoint(origin: origin, localPort: localPort)],
            let connection = connections[socket]
        else { return nil }
        users[socket] = user
        return (socket, connection)
    }

    /// The transfer that uses the socket's connection.
    func user(of socket: Int32) -> ObjectIdentifier? { users[socket] }

    /// The socket is being closed.
    mutating func remove(_ socket: Int32) {
        clearIdle(socket)
        watched.remove(socket)
        users[socket] = nil
        guard let connection = connections.removeValue(forKey: socket) else { return }
        let endpoint = Endpoint(connection)
        if socketByEndpoint[endpoint] == socket { socketByEndpoint[endpoint] = nil }
    }

    func isIdle(_ socket: Int32) -> Bool { idle.contains(socket) }

    /// libcurl starts or stops watching the socket; an idle one is no longer idle.
    /// - Returns: whether it was registered with epoll.
    mutating func setWatched(_ socket: Int32, _ wanted: Bool) -> Bool {
        let known = clearIdle(socket) != nil || watched.contains(socket)
        if wanted { watched.insert(socket) } else { watched.remove(socket) }
        return known
    }

    /// A transfer has ended, and its connection may now be idle.
    /// - Returns: whether the socket was registered with epoll; nil if it should not be watched: it is none of our
    ///   connections, or the next transfer already uses it.
    mutating func setIdle(_ socket: Int32, after user: ObjectIdentifier) -> Bool? {
        guard let connection = connections[socket], users[socket] == user else { return nil }
        users[socket] = nil
        let known = watched.remove(socket) != nil || idle.contains(socket)
        if idle.insert(socket).inserted { idleByOrigin[connection.origin, default: 0] += 1 }
        return known
    }

    @discardableResult
    mutating func clearIdle(_ socket: Int32) -> Connection? {
        guard idle.remove(socket) != nil, let connection = connections[socket] else { return nil }
        let left = idleByOrigin[connection.origin, default: 0] - 1
        idleByOrigin[connection.origin] = left > 0 ? left : nil
        return connection
    }
}
