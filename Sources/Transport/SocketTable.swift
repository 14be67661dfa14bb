import Samples

/// The loop's open sockets: which connection each is, and whether it lies idle. Pure bookkeeping.
struct SocketTable {
    struct Connection: Hashable, Sendable {
        var origin: String
        var localPort: Int32
        var certificateExpiry: Timestamp?
    }

    private var connections: [Int32: Connection] = [:]
    /// Registered with epoll for libcurl.
    private var watched: Set<Int32> = []
    /// Kept, unused, and registered with epoll for the peer's closing.
    private var idle: Set<Int32> = []
    /// How many kept connections an origin has.
    private(set) var idleByOrigin: [String: Int] = [:]

    mutating func add(_ socket: Int32, _ connection: Connection) { connections[socket] = connection }

    /// The socket is being closed.
    mutating func remove(_ socket: Int32) {
        clearIdle(socket)
        watched.remove(socket)
        connections[socket] = nil
    }

    func isIdle(_ socket: Int32) -> Bool { idle.contains(socket) }

    func certificateExpiry(origin: String, localPort: Int32) -> Timestamp? {
        connections.values.first { $0.localPort == localPort && $0.origin == origin }?.certificateExpiry
    }

    /// libcurl takes the socket up or lets it go; an idle one is no longer idle.
    /// - Returns: whether epoll knew it.
    mutating func setWatched(_ socket: Int32, _ wanted: Bool) -> Bool {
        let known = clearIdle(socket) != nil || watched.contains(socket)
        if wanted { watched.insert(socket) } else { watched.remove(socket) }
        return known
    }

    /// - Returns: whether epoll knew it; nil for a socket that is no connection of ours.
    mutating func setIdle(_ socket: Int32) -> Bool? {
        guard let connection = connections[socket] else { return nil }
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
