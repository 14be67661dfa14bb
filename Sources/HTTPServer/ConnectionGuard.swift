import NIOCore

/// Ends connections on which nothing moves, whoever is to blame: it stands in front of the HTTP decoder,
/// hence sees bytes that make no request yet. All on the connection's event loop.
final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What the connection waits for; each has its own deadline.
    private enum Phase {
        /// A new connection's first byte, or the rest of a request.
        case request
        case nextRequest
        /// The handler may take its time.
        case answer
        /// The client takes the answer.
        case delivery
        case nothing
    }

    private let limits: ServerOptions.Limits
    private var phase = Phase.nothing
    private var deadline: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(limits: ServerOptions.Limits) { self.limits = limits }

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

    /// A request's head is there; its first bytes may have come along with the previous request.
    func requestBegan() { if case .nextRequest = phase { enter(.request) } }
    /// The request is whole.
    func requestEnded() { enter(.answer) }
    /// Bytes of the answer are on their way; again for each piece.
    func sending() { enter(.delivery) }
    /// The client has taken what was sent; the next piece is being made.
    func sent() { enter(.answer) }
    func awaitsNextRequest() { enter(.nextRequest) }
    /// The answer came before the request's end: discard the rest for a while, so that a reset does not eat the answer.
    func lingers() { enter(.request) }

    private func enter(_ next: Phase) {
        phase = next
        deadline?.cancel()
        deadline = nil
        let wait: Duration
        switch next {
        case .request: wait = limits.requestTimeout
        case .nextRequest: wait = limits.idleTimeout
        case .delivery: wait = limits.sendTimeout
        case .answer, .nothing: return
        }
        guard let context else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait)) { context.close(promise: nil) }
    }
}
