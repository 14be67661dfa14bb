package import NIOCore
import NIOHTTP1
import NIOPosix
import Samples
import Synchronization
import TLS
#if canImport(Glibc)
    import Glibc
#endif

/// An HTTP/1.1 server on one event loop thread, over TCP and Unix sockets, with limits on connections, bytes and time.
///
/// Handlers run on Swift's cooperative pool. When a client disconnects, the task of its handler is cancelled.
/// `Lab` serves its simulated servers with it too.
package final class HTTPServer: Sendable {
    /// Answers a request.
    package typealias Handler = @Sendable (ServerRequest) async -> ServerResponse

    /// An address that the server has bound.
    package struct Address: Sendable, Hashable, CustomStringConvertible {
        /// The IP address; IPv6 without brackets.
        package var host: String
        /// The port, even if 0 was configured.
        package var port: Int
        /// `127.0.0.1:9321`, `[::1]:9321`.
        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    private struct State {
        var listeners: [any Channel] = []
        var sockets: [UnixSocket] = []
        /// For new connections; nil for plain HTTP.
        var tls: TLSContext?
        var stopped = false
        var isPaused = false
    }

    private let options: ServerOptions
    private let handler: Handler
    private let group: any EventLoopGroup
    private let ownsGroup: Bool
    private let bodies: BodyBudget
    private let state = Mutex(State())
    private let connections: ConnectionTable

    /// - Parameters:
    ///   - group: event loops to share with other servers; nil creates one thread for this server.
    package init(_ options: ServerOptions, group: (any EventLoopGroup)? = nil, handler: @escaping Handler) {
        self.options = options
        self.handler = handler
        connections = ConnectionTable(limits: options.limits)
        bodies = BodyBudget(options.limits.allBodyBytes)
        self.group = group ?? MultiThreadedEventLoopGroup(numberOfThreads: 1)
        ownsGroup = group == nil
    }

    /// The number of open connections.
    package var connectionCount: Int { connections.count }

    /// Loads the certificate, binds all addresses and starts to serve.
    /// - Returns: the bound addresses, in the order of the options.
    /// - Throws: `ServerError` naming the address or file; nothing is bound then.
    package func start() async throws(ServerError) -> [Address] {
        try prepareTLS(options.tls)()
        var bound: [Address] = []
        for listen in options.listen {
            let channel: any Channel
            do {
                switch listen {
                case .tcp(let host, let port): channel = try await bind(host, port)
                case .descriptor(let descriptor):
                    channel = try await bootstrap(isSocket: HTTPServer.isUnixSocket(descriptor)).withBoundSocket(
                        descriptor
                    ).get()
                }
            } catch {
                await stop(within: .zero)
                throw ServerError("\(HTTPServer.name(listen)): \(HTTPServer.reason(error))")
            }
            state.withLock { $0.listeners.append(channel) }
            bound.append(Address(host: channel.localAddress?.ipAddress ?? "", port: channel.localAddress?.port ?? 0))
        }
        return bound
    }

    /// Also serves a Unix socket, without TLS; the server closes and removes it when it stops.
    /// - Throws: `ServerError` if the server has stopped; the socket is removed then as well.
    package func listen(on socket: UnixSocket) async throws(ServerError) {
        let channel: any Channel
        do {
            channel = try await bootstrap(isSocket: true).withBoundSocket(socket.descriptor).get()
        } catch {
            socket.remove()
            throw ServerError("\(socket.path): \(HTTPServer.reason(error))")
        }
        let isLate = state.withLock { state in
            guard !state.stopped else { return true }
            state.listeners.append(channel)
            state.sockets.append(socket)
            return false
        }
        guard isLate else { return }
        socket.remove()
        channel.close(promise: nil)
        throw ServerError("\(socket.path): the server has stopped")
    }

    /// Reads certificates and key. Open connections are not affected.
    /// - Parameter tls: nil for plain HTTP.
    /// - Returns: puts the settings in force for new connections.
    /// - Throws: `ServerError` naming the file; the settings in force stay.
    package func prepareTLS(_ tls: ServerTLS?) throws(ServerError) -> @Sendable () -> Void {
        let new = try tls?.context()
        return { self.state.withLock { $0.tls = new } }
    }

    /// Stops or resumes reading, like a process under SIGSTOP and SIGCONT: the kernel still accepts connections, but
    /// nothing is read. For simulated failures; also applies to connections accepted meanwhile.
    package func setReading(_ reading: Bool) {
        let listeners = state.withLock { state in
            state.isPaused = !reading
            return state.listeners
        }
        let channels = connections.channels + listeners
        for channel in channels {
            channel.setOption(.autoRead, value: reading).whenSuccess { if reading { channel.read() } }
        }
    }

    /// Stops accepting connections, lets running requests finish, and returns when all connections are closed or the
    /// grace period is over.
    package func stop(within grace: Duration = .seconds(5)) async {
        let (listeners, connections) = shutDown()
        for listener in listeners { try? await listener.close().get() }
        for connection in connections { connection.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        await withTaskGroup { tasks in
            tasks.addTask {
                for connection in connections { try? await connection.closeFuture.get() }
            }
            tasks.addTask { try? await Task.sleep(for: grace, clock: .suspending) }
            // Whichever comes first; closing the remaining connections lets the first task end.
            await tasks.next()
            for connection in connections { connection.close(promise: nil) }
            tasks.cancelAll()
        }
        if ownsGroup { try? await group.shutdownGracefully() }
    }

    /// Behaves as if the process were killed: closes the listeners and resets every connection.
    package func kill() async {
        let (listeners, connections) = shutDown()
        for connection in connections { HTTPServer.reset(connection) }
        for listener in listeners { try? await listener.close().get() }
        for connection in connections { try? await connection.closeFuture.get() }
        if ownsGroup { try? await group.shutdownGracefully() }
    }

    private func shutDown() -> (listeners: [any Channel], connections: [any Channel]) {
        let (listeners, sockets) = state.withLock { state in
            state.stopped = true
            defer { (state.listeners, state.sockets) = ([], []) }
            return (state.listeners, state.sockets)
        }
        for socket in sockets { socket.remove() }
        return (listeners, connections.close())
    }

    /// Binds an address. All interfaces means IPv6 and IPv4, or IPv4 alone if the kernel lacks IPv6.
    private func bind(_ host: String, _ port: Int) async throws -> any Channel {
        guard host == "" || host == "::" else { return try await bootstrap().bind(host: host, port: port).get() }
        do {
            return try await bootstrap().bind(host: "::", port: port).get()
        } catch let error as IOError where error.errnoCode == EAFNOSUPPORT || error.errnoCode == EADDRNOTAVAIL {
            return try await bootstrap().bind(host: "0.0.0.0", port: port).get()
        }
    }

    /// - Parameter isSocket: for Unix sockets, which have no TCP options.
    private func bootstrap(isSocket: Bool = false) -> ServerBootstrap {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: false)
        if isSocket { return bootstrap.childChannelInitializer { [self] channel in acceptPeer(channel) } }
        return
            bootstrap
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try accept(channel, .init(channel.remoteAddress), peerUser: nil)
                }
            }
    }

    /// Accepts a connection of a Unix socket, whose peer must be known.
    private func acceptPeer(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ServerError("no socket"))
        }
        let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return credentials.flatMapThrowing { [self] in try accept(channel, .socket, peerUser: $0.user) }
    }

    private func accept(_ channel: any Channel, _ source: ConnectionTable.Source, peerUser: UInt32?) throws {
        guard connections.take(channel, source) else {
            options.onRefusal(.connection)
            throw ServerError("too many connections")
        }
        let (current, isPaused) = state.withLock { ($0.tls, $0.isPaused) }
        let tls = source == .socket ? nil : current
        if isPaused { channel.setOption(.autoRead, value: false).whenComplete { _ in } }
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(TLSHandler(serverOf: tls)) }
        let guardian = ConnectionGuard(limits: options.limits, connections: connections)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = options.limits.headerBytes
        limits.maxHeaderListSize = options.limits.headerBytes
        limits.maxHeaderFieldCount = options.limits.headerCount
        try pipeline.addHandler(guardian)
        try pipeline.configureHTTPServerPipeline(
            withErrorHandling: false, withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(
            HTTPConnection(
                guardian: guardian, options: options, bodies: bodies, isTLS: tls != nil, peerUser: peerUser,
                handler: handler))
    }

    /// Whether an inherited socket is a Unix socket; getsockopt(2), socket(7).
    private static func isUnixSocket(_ descriptor: Int32) -> Bool {
        var domain: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX
    }

    /// Resets the connection: with a linger time of 0 the kernel sends RST. It is closed below TLS, whose handler would
    /// announce the end. Source: socket(7), SO_LINGER.
    static func reset(_ channel: any Channel) {
        let close = { @Sendable in
            guard let tls = try? channel.pipeline.syncOperations.context(handlerType: TLSHandler.self) else {
                return channel.close(promise: nil)
            }
            tls.close(promise: nil)
        }
        guard let options = channel as? any SocketOptionProvider else { return channel.eventLoop.execute(close) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in close() }
    }

    private static func name(_ listen: ServerOptions.Listen) -> String {
        switch listen {
        case .tcp(let host, let port): Address(host: host, port: port).description
        case .descriptor(let descriptor): "inherited socket \(descriptor)"
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        let hint =
            switch error.errnoCode {
            case EADDRINUSE:
                "; stop the program that listens there, or choose another address with --web.listen-address (listen_addresses in web)"
            case EADDRNOTAVAIL:
                "; --web.listen-address (listen_addresses in web) takes an address of this machine, or :port for all of them"
            case EACCES:
                "; --web.listen-address (listen_addresses in web) takes a port from 1024 on, or the service needs CAP_NET_BIND_SERVICE"
            default: ""
            }
        return String(cString: strerror(error.errnoCode)) + hint
    }
}
