import NIOCore

/// Closes connections that make no progress. It precedes the HTTP decoder in the pipeline, so that it also sees bytes
/// that do not form a request yet. Runs on the connection's event loop only.
final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What the connection is waiting for; each phase has its own timeout.
    private enum Phase {
        /// The first byte of a new connection, or the rest of a request.
        case request
        /// The next request of an idle connection.
        case nextRequest
        /// The handler, which has no timeout here.
        case answer
        /// The client, to read the response.
        case delivery
        /// The connection is closed.
        case nothing
    }

    private let limits: ServerOptions.Limits
    private let connections: ConnectionTable
    private var phase = Phase.nothing
    private var deadline: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(limits: ServerOptions.Limits, connections: ConnectionTable) {
        self.limits = limits
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        enter(.request)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .nextRequest = phase { enter(.request) }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        enter(.nothing)
        context.fireChannelInactive()
    }

    /// The head of a request has been decoded; its first bytes may have arrived with the previous request.
    func requestBegan() { if case .nextRequest = phase { enter(.request) } }
    /// The request is complete.
    func requestEnded() { enter(.answer) }
    /// A piece of the response has been written.
    func sending() { enter(.delivery) }
    /// The client has read what was written; the handler produces the next piece.
    func sent() { enter(.answer) }
    /// The response has been sent and the connection is kept alive.
    func awaitsNextRequest() { enter(.nextRequest) }
    /// The response was sent before the request was complete: the rest is discarded for a while, since closing at once
    /// could reset the connection before the client has read the response.
    func lingers() { enter(.request) }

    private func enter(_ next: Phase) {
        phase = next
        deadline?.cancel()
        deadline = nil
        guard let context else { return }
        let wait: Duration
        switch next {
        case .request:
            wait = limits.requestTimeout
            connections.waits(context.channel, for: .request)
        case .nextRequest:
            wait = limits.idleTimeout
            connections.waits(context.channel, for: .nextRequest)
        case .delivery: wait = limits.sendTimeout
        case .answer: return connections.waits(context.channel, for: nil)
        case .nothing: return
        }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait)) { context.close(promise: nil) }
    }
}
