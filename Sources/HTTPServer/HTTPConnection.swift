import NIOCore
import NIOHTTP1
import NIOPosix
#if canImport(Glibc)
    import Glibc
#endif

/// One connection: collects a request, calls the handler, writes the response, and starts over. The preceding pipeline
/// handler lets requests in one at a time. Runs on the connection's event loop only.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case receiving(HTTPRequestHead, ByteBuffer)
        case answering(HTTPRequestHead, Task<Void, Never>)
        /// The rest of a refused request is discarded; then the connection is closed.
        case refused
    }

    private var state = State.idle
    private let guardian: ConnectionGuard
    private let limits: ServerOptions.Limits
    private let onRefusal: @Sendable (ServerRefusal) -> Void
    private let bodies: BodyBudget
    /// What the current request's body has reserved of the body budget.
    private var bodyBytes = 0
    private let isTLS: Bool
    private let peerUser: UInt32?
    private let handler: HTTPServer.Handler

    init(
        guardian: ConnectionGuard, options: ServerOptions, bodies: BodyBudget, isTLS: Bool, peerUser: UInt32?,
        handler: @escaping HTTPServer.Handler
    ) {
        self.guardian = guardian
        limits = options.limits
        onRefusal = options.onRefusal
        self.peerUser = peerUser
        self.bodies = bodies
        self.isTLS = isTLS
        self.handler = handler
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle): begin(head, context)
        case (.body(var part), .receiving(let head, var body)):
            guard body.readableBytes + part.readableBytes <= limits.bodyBytes else {
                return refuse(.body, context)
            }
            guard bodies.take(part.readableBytes) else { return refuse(.bodies, context) }
            bodyBytes += part.readableBytes
            state = .idle  // Releases the buffer's second reference, so that it grows in place.
            body.writeBuffer(&part)
            state = .receiving(head, body)
        case (.end, .receiving(let head, let body)): answer(head, body, context)
        case (_, .refused), (_, .idle), (_, .answering), (.head, .receiving): break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .answering(_, let task) = state { task.cancel() }
        releaseBody()
        state = .refused
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.close(promise: nil)
            return
        }
        switch state {
        case .idle, .receiving: refuse(error == .headerOverflow ? .header : .malformed, context)
        case .answering, .refused: context.close(promise: nil)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guardian.requestBegan()
        state = .receiving(head, ByteBuffer())
        // RFC 9112, 3.2: HTTP/1.1 requires exactly one Host header.
        let hosts = head.headers[canonicalForm: "host"].count
        guard hosts == 1 || (hosts == 0 && !head.isHTTP11) else { return refuse(.malformed, context) }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limits.bodyBytes {
            return refuse(.body, context)
        }
        if head.isHTTP11, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
        }
    }

    private func releaseBody() {
        bodies.giveBack(bodyBytes)
        bodyBytes = 0
    }

    private func refuse(_ reason: ServerRefusal, _ context: ChannelHandlerContext) {
        state = .refused
        releaseBody()
        onRefusal(reason)
        let status = reason.status
        let text = "\(status.code) \(status.reasonPhrase)\n"
        let headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "Content-Length": "\(text.utf8.count)", "Connection": "close",
        ]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Closing with unread input resets the connection, and the client could lose the response: only the output is
        // closed, and input is discarded until the client or the guard closes the connection.
        guardian.lingers()
        context.close(mode: .output, promise: nil)
    }

    // MARK: Out

    private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        guardian.requestEnded()
        let request = ServerRequest(
            method: head.method.rawValue, target: head.uri,
            headers: head.headers.map { (name: $0.name, value: $0.value) },
            body: Array(body.readableBytesView),
            remote: HTTPConnection.remote(context.remoteAddress), peerUser: peerUser,
            isTLS: isTLS)
        let here = NIOLoopBound((connection: self, context: context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let handler = handler
        state = .answering(
            head,
            Task {
                let response = await handler(request)
                guard !Task.isCancelled else { return }
                loop.execute { here.value.connection.send(response, here.value.context) }
            })
    }

    /// An IPv4 client of a dual-stack socket is reported with its IPv4 address.
    static func remote(_ address: SocketAddress?) -> String {
        let text = address?.ipAddress ?? ""
        return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
    }

    private func send(_ response: ServerResponse, _ context: ChannelHandlerContext) {
        guard case .answering(let request, let task) = state else { return }
        releaseBody()
        var head = HTTPResponseHead(version: request.version, status: HTTPResponseStatus(statusCode: response.status))
        for (name, value) in response.headers { head.headers.add(name: name, value: value) }
        let keepsAlive = request.isKeepAlive && !response.closes
        if !keepsAlive || !request.isHTTP11 {
            head.headers.replaceOrAdd(name: "Connection", value: keepsAlive ? "keep-alive" : "close")
        }
        let hasBody = request.method != .HEAD && head.status.mayHaveResponseBody
        guardian.sending()
        switch response.body {
        case .hang: guardian.sent()
        case .abort: HTTPServer.reset(context.channel)
        case .bytes(let bytes):
            if head.status.mayHaveResponseBody, !head.headers.contains(name: "Content-Length") {
                head.headers.add(name: "Content-Length", value: "\(bytes.count)")
            }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if hasBody, !bytes.isEmpty {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            }
            end(keepsAlive: keepsAlive, context, lease: response.lease)
        case .partial(let bytes):
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes))))).assumeIsolated()
                .whenComplete { _ in
                    context.close(promise: nil)
                }
        case .stream(let next):
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            if hasBody {
                pull(next, task, keepsAlive, request, context)
            } else {
                end(keepsAlive: keepsAlive, context)
            }
        }
    }

    /// Requests the next piece, writes it, and continues once it has been sent, so that only one piece is in memory.
    private func pull(
        _ next: @escaping @Sendable () async -> [UInt8]?, _ task: Task<Void, Never>, _ keepsAlive: Bool,
        _ request: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        guard case .answering = state else { return }
        guardian.sent()
        let here = NIOLoopBound((connection: self, context: context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        state = .answering(
            request,
            Task {
                let piece = await next()
                guard !Task.isCancelled else { return }
                loop.execute {
                    let (connection, context) = here.value
                    guard case .answering(let request, let task) = connection.state else { return }
                    guard let piece else { return connection.end(keepsAlive: keepsAlive, context) }
                    connection.guardian.sending()
                    let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: piece)))
                    context.writeAndFlush(connection.wrapOutboundOut(part)).assumeIsolated().whenSuccess {
                        connection.pull(next, task, keepsAlive, request, context)
                    }
                }
            })
    }

    private func end(keepsAlive: Bool, _ context: ChannelHandlerContext, lease: (any AnyObject & Sendable)? = nil) {
        // Set before the write, since finishing the response admits the next pipelined request.
        state = keepsAlive ? .idle : .refused
        let delivered = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        // Completes when everything is written, or fails when the connection is gone.
        delivered.assumeIsolated().whenComplete { [self] _ in
            withExtendedLifetime(lease) {}
            if !keepsAlive {
                context.close(promise: nil)
            } else if case .idle = state {
                guardian.awaitsNextRequest()
            }
        }
    }
}

extension HTTPRequestHead {
    fileprivate var isHTTP11: Bool { version.major == 1 && version.minor >= 1 }
}

extension ServerRefusal {
    /// The status of the response; a connection without a slot is closed without a response.
    fileprivate var status: HTTPResponseStatus {
        switch self {
        case .header: .requestHeaderFieldsTooLarge
        case .body: .payloadTooLarge
        case .bodies, .connection: .serviceUnavailable
        case .malformed: .badRequest
        }
    }
}
