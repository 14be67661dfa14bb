import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// An HTTP/1.1 server on 127.0.0.1 that can also fail as servers do: die with its connections, stand still with
/// them open, reset one, or stop in the middle of a body. The agent's own web server must never do such things,
/// so this is another.
package final class LabServer: Sendable {
    package typealias Handler = @Sendable (LabRequest) async -> LabReply

    private struct State {
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var paused = false
    }

    package let port: UInt16
    package let isSecure: Bool
    package var url: String { "\(isSecure ? "https" : "http")://127.0.0.1:\(port)" }
    private let tls: NIOSSLContext?
    private let handler: Handler
    private let state = Mutex(State())

    /// - Throws: when no port is free or the certificate can't be loaded.
    package init(certificate: CertificateAuthority.Certificate? = nil, handler: @escaping Handler) throws {
        port = try freePort()
        isSecure = certificate != nil
        self.handler = handler
        tls = try certificate.map {
            let chain = try NIOSSLCertificate.fromPEMFile($0.certificateFile).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: $0.keyFile, format: .pem)
            return try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
        }
    }

    /// Listens; does nothing if it already does.
    package func start() async throws {
        guard state.withLock({ $0.listener == nil }) else { return }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                self.remember(channel)
                return channel.eventLoop.makeCompletedFuture {
                    if let tls = self.tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: true)
                    try channel.pipeline.syncOperations.addHandler(Connection(self.handler))
                }
            }
            .bind(host: "127.0.0.1", port: Int(port)).get()
        state.withLock {
            $0.listener = listener
            $0.paused = false
        }
    }

    /// Goes as a killed process goes: the port refuses, and every connection ends without a word.
    package func close() async {
        let (listener, connections) = state.withLock { state in
            defer { state = State() }
            return (state.listener, Array(state.connections.values))
        }
        try? await listener?.close()
        for channel in connections { try? await closeAbruptly(channel).get() }
    }

    /// Stands still as a process under SIGSTOP does: the kernel still accepts, and nothing is read.
    package func pause() { setReading(false) }

    /// Ends `pause()`.
    package func resume() { setReading(true) }

    private func setReading(_ reading: Bool) {
        let channels = state.withLock { state in
            state.paused = !reading
            return Array(state.connections.values) + (state.listener.map { [$0] } ?? [])
        }
        for channel in channels {
            channel.setOption(.autoRead, value: reading).whenSuccess { if reading { channel.read() } }
        }
    }

    private func remember(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        let paused = state.withLock {
            $0.connections[key] = channel
            return $0.paused
        }
        if paused { channel.setOption(.autoRead, value: false).whenComplete { _ in } }
        channel.closeFuture.whenComplete { [weak self] _ in
            _ = self?.state.withLock { $0.connections.removeValue(forKey: key) }
        }
    }
}

/// Closes without TLS' farewell, which needs the other side's answer.
private func closeAbruptly(_ channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.flatSubmit {
        if let context = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            return context.close()
        }
        return channel.close()
    }
}

/// One connection: gathers a request, has it answered, and writes what came.
private final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimit = 16 << 20
    private let handler: LabServer.Handler
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var overflow = false

    init(_ handler: @escaping LabServer.Handler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            overflow = false
        case .body(let part):
            if body.count + part.readableBytes > Connection.bodyLimit {
                overflow = true
            } else {
                body += part.readableBytesView
            }
        case .end:
            guard let head else { return }
            self.head = nil
            var headers: [String: String] = [:]
            for (name, value) in head.headers { headers[name.lowercased()] = value }
            let request = LabRequest(method: head.method.rawValue, uri: head.uri, headers: headers, body: body)
            let handler = handler
            let overflow = overflow
            let channel = context.channel
            let (isHead, keepAlive) = (head.method == .HEAD, head.isKeepAlive)
            Task {
                let reply = overflow ? .response(LabResponse(413)) : await handler(request)
                Connection.write(reply, to: channel, isHead: isHead, keepAlive: keepAlive)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func write(_ reply: LabReply, to channel: any Channel, isHead: Bool, keepAlive: Bool) {
        switch reply {
        case .hang: break
        case .reset:
            channel.eventLoop.execute {
                guard let provider = channel as? any SocketOptionProvider else { return }
                provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in _ = closeAbruptly(channel) }
            }
        case .response(let response):
            write(response, bytes: isHead ? 0 : response.body.count, to: channel, isHead: isHead, close: !keepAlive)
        case .partial(let response, let bytes):
            var part = HTTPServerResponsePart.head(head(response))
            channel.write(part, promise: nil)
            part = .body(.byteBuffer(ByteBuffer(bytes: response.body.prefix(bytes))))
            channel.writeAndFlush(part).whenComplete { _ in _ = closeAbruptly(channel) }
        }
    }

    private static func write(_ response: LabResponse, bytes: Int, to channel: any Channel, isHead: Bool, close: Bool) {
        var answer = head(response)
        if close { answer.headers.replaceOrAdd(name: "Connection", value: "close") }
        channel.write(HTTPServerResponsePart.head(answer), promise: nil)
        if bytes > 0 {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: response.body))), promise: nil)
        }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in
            if close { channel.close(promise: nil) }
        }
    }

    private static func head(_ response: LabResponse) -> HTTPResponseHead {
        var headers = HTTPHeaders(response.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        headers.replaceOrAdd(name: "Date", value: httpDate(SystemWall.now()))
        if response.headers["Content-Length"] == nil {
            headers.add(name: "Content-Length", value: String(response.body.count))
        }
        return HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    }
}
