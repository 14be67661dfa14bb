import NIOCore
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// The connection slots of a server. When none is free, a new connection evicts the client that has been idle the
/// longest, so that idle connections lock out no others. Each address has a limit of its own.
final class ConnectionTable: Sendable {
    /// Connections with the same source share a limit.
    enum Source: Sendable, Hashable {
        /// An IPv4 address, or the first 64 bits of an IPv6 address, since a client can use any number of addresses
        /// within those.
        case address([UInt8])
        /// Unix sockets, whose slots are separate from those of all addresses: the network must not lock out this
        /// machine's administrators.
        case socket

        init(_ address: SocketAddress?) {
            if case .unixDomainSocket = address {
                self = .socket
                return
            }
            let text = HTTPConnection.remote(address)
            // inet_pton(3)
            var bytes = [UInt8](repeating: 0, count: 16)
            self = .address(inet_pton(AF_INET6, text, &bytes) == 1 ? Array(bytes.prefix(8)) : Array(text.utf8))
        }
    }

    /// What the server expects from a client while it has nothing to do for it.
    enum Waiting: Sendable {
        /// The rest of a request, or the first byte of the first one.
        case request
        /// Another request.
        case nextRequest
    }

    private struct Connection {
        let channel: any Channel
        let source: Source
        /// Nil while a response is produced or sent.
        var waiting: Waiting?
        /// Increases over time.
        var since: UInt64
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var counts: [Source: Int] = [:]
        var turn: UInt64 = 0
        var isClosed = false

        mutating func remove(_ id: ObjectIdentifier) {
            guard let connection = connections.removeValue(forKey: id) else { return }
            let left = counts[connection.source, default: 1] - 1
            counts[connection.source] = left > 0 ? left : nil
        }

        /// The connection that has been idle the longest; one that is expected to send a request only if none is idle.
        func evictable(where isEligible: (Source) -> Bool) -> ObjectIdentifier? {
            var idle: (id: ObjectIdentifier, since: UInt64)?
            var silent: (id: ObjectIdentifier, since: UInt64)?
            for (id, connection) in connections where isEligible(connection.source) {
                switch connection.waiting {
                case .nextRequest: if connection.since < idle?.since ?? .max { idle = (id, connection.since) }
                case .request: if connection.since < silent?.since ?? .max { silent = (id, connection.since) }
                case nil: break
                }
            }
            return idle?.id ?? silent?.id
        }
    }

    private let limits: ServerOptions.Limits
    private let state = Mutex(State())

    init(limits: ServerOptions.Limits) { self.limits = limits }

    /// All open connections.
    var channels: [any Channel] { state.withLock { $0.connections.values.map(\.channel) } }
    var count: Int { state.withLock { $0.connections.count } }

    /// Assigns a slot to a connection until it closes, closing another connection if necessary.
    /// - Returns: false if no slot can be freed, or after `close`.
    func take(_ channel: any Channel, _ source: Source) -> Bool {
        let id = ObjectIdentifier(channel)
        let (isTaken, evicted) = state.withLock { state -> (Bool, (any Channel)?) in
            guard !state.isClosed else { return (false, nil) }
            var victim: ObjectIdentifier?
            let own = state.counts[source, default: 0]
            if own >= (source == .socket ? limits.socketConnections : limits.connectionsPerAddress) {
                victim = state.evictable { $0 == source }
                if victim == nil { return (false, nil) }
            } else if source != .socket,
                state.connections.count - state.counts[.socket, default: 0] >= limits.connections
            {
                victim = state.evictable { $0 != .socket }
                if victim == nil { return (false, nil) }
            }
            let evicted = victim.flatMap { state.connections[$0]?.channel }
            if let victim { state.remove(victim) }
            state.turn += 1
            state.connections[id] = Connection(channel: channel, source: source, waiting: .request, since: state.turn)
            state.counts[source, default: 0] += 1
            return (true, evicted)
        }
        evicted?.close(promise: nil)
        if isTaken { channel.closeFuture.whenComplete { [self] _ in state.withLock { $0.remove(id) } } }
        return isTaken
    }

    /// Records whether, and for what, the server waits for the client.
    func waits(_ channel: any Channel, for waiting: Waiting?) {
        state.withLock { state in
            state.turn += 1
            state.connections[ObjectIdentifier(channel)]?.waiting = waiting
            state.connections[ObjectIdentifier(channel)]?.since = state.turn
        }
    }

    /// No connection gets a slot from now on.
    /// - Returns: the connections that have one.
    func close() -> [any Channel] {
        state.withLock { state in
            state.isClosed = true
            return state.connections.values.map(\.channel)
        }
    }
}
