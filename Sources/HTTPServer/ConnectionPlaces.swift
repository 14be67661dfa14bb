import NIOCore
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// The places of a server's connections. Whoever comes when none is left gets that of the client that has left its own
/// unused the longest, so that idle connections lock nobody out. Each address has a limit of its own.
final class ConnectionPlaces: Sendable {
    /// Whose connections share a limit.
    enum Source: Sendable, Hashable {
        /// An IPv4 address, or the first 64 bits of an IPv6 address: a client has as many of those as it likes.
        case address([UInt8])
        /// Unix sockets, which have places beside those of all addresses: this machine's administrators are not locked
        /// out by the network.
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

    /// What the server expects of a client while it has nothing to do for it.
    enum Waiting: Sendable {
        /// The rest of a request, or the first byte of the first one.
        case request
        /// Another request.
        case nextRequest
    }

    private struct Place {
        let channel: any Channel
        let source: Source
        /// Nil while an answer is made or read.
        var waiting: Waiting?
        /// Grows with time.
        var since: UInt64
    }

    private struct State {
        var places: [ObjectIdentifier: Place] = [:]
        var counts: [Source: Int] = [:]
        var turn: UInt64 = 0
        var isClosed = false

        mutating func remove(_ id: ObjectIdentifier) {
            guard let place = places.removeValue(forKey: id) else { return }
            let left = counts[place.source, default: 1] - 1
            counts[place.source] = left > 0 ? left : nil
        }

        /// The unused place that has been so the longest; of one that a request is expected on only where none is idle.
        func evictable(where isEligible: (Source) -> Bool) -> ObjectIdentifier? {
            var idle: (id: ObjectIdentifier, since: UInt64)?
            var silent: (id: ObjectIdentifier, since: UInt64)?
            for (id, place) in places where isEligible(place.source) {
                switch place.waiting {
                case .nextRequest: if place.since < idle?.since ?? .max { idle = (id, place.since) }
                case .request: if place.since < silent?.since ?? .max { silent = (id, place.since) }
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
    var channels: [any Channel] { state.withLock { $0.places.values.map(\.channel) } }
    var count: Int { state.withLock { $0.places.count } }

    /// Gives a connection a place until it closes, if need be that of another one, which is closed.
    /// - Returns: false where all places are in use, or after `close`.
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
                state.places.count - state.counts[.socket, default: 0] >= limits.connections
            {
                victim = state.evictable { $0 != .socket }
                if victim == nil { return (false, nil) }
            }
            let evicted = victim.flatMap { state.places[$0]?.channel }
            if let victim { state.remove(victim) }
            state.turn += 1
            state.places[id] = Place(channel: channel, source: source, waiting: .request, since: state.turn)
            state.counts[source, default: 0] += 1
            return (true, evicted)
        }
        evicted?.close(promise: nil)
        if isTaken { channel.closeFuture.whenComplete { [self] _ in state.withLock { $0.remove(id) } } }
        return isTaken
    }

    /// The server waits for the client, or does not.
    func waits(_ channel: any Channel, for waiting: Waiting?) {
        state.withLock { state in
            state.turn += 1
            state.places[ObjectIdentifier(channel)]?.waiting = waiting
            state.places[ObjectIdentifier(channel)]?.since = state.turn
        }
    }

    /// No connection gets a place from now on.
    /// - Returns: those that have one.
    func close() -> [any Channel] {
        state.withLock { state in
            state.isClosed = true
            return state.places.values.map(\.channel)
        }
    }
}
