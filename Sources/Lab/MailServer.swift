import NIOCore
import NIOPosix
import Synchronization
import TLS

/// The SMTP server of the inbox on 127.0.0.1.
final class MailServer: Sendable {
    /// Receives a mail and returns the reply line, or nil to let the client hang.
    typealias Receiver = @Sendable (_ sender: String, _ recipients: [String], _ data: [UInt8]) -> String?

    let port: UInt16
    /// Whether it offers STARTTLS.
    var isSecure: Bool { tls != nil }
    private let tls: TLSContext?
    private let receive: Receiver
    private let listener = Mutex<(any Channel)?>(nil)

    init(certificate: CertificateAuthority.Certificate?, receive: @escaping Receiver) throws {
        port = try freePort()
        self.receive = receive
        tls = try certificate.map {
            try TLSContext(
                certificateFile: $0.certificateFile, keyFile: $0.keyFile, authorityFile: nil, clients: .none)
        }
    }

    /// Starts to listen; does nothing if it already does.
    func start() async throws {
        if listener.withLock({ $0 != nil }) { return }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(LineDecoder()))
                    try channel.pipeline.syncOperations.addHandler(MailConnection(tls: self.tls, receive: self.receive))
                }
            }
            .bind(host: "127.0.0.1", port: Int(port)).get()
        listener.withLock { $0 = channel }
    }

    func close() async {
        let channel = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        try? await channel?.close()
    }
}

/// Decodes lines and strips their ends. A line over the limit closes the connection.
private struct LineDecoder: ByteToMessageDecoder {
    typealias InboundOut = [UInt8]
    private static let limit = 1 << 20

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let end = buffer.readableBytesView.firstIndex(of: 10) else {
            if buffer.readableBytes > LineDecoder.limit { context.close(promise: nil) }
            return .needMoreData
        }
        guard var line = buffer.readBytes(length: end - buffer.readerIndex + 1) else { return .needMoreData }
        line.removeLast()
        if line.last == 13 { line.removeLast() }
        context.fireChannelRead(wrapInboundOut(line))
        return .continue
    }
}

private final class MailConnection: ChannelInboundHandler {
    typealias InboundIn = [UInt8]
    typealias OutboundOut = ByteBuffer

    private var session: SMTPSession
    private let tls: TLSContext?
    private let receive: MailServer.Receiver

    init(tls: TLSContext?, receive: @escaping MailServer.Receiver) {
        session = SMTPSession(offersTLS: tls != nil)
        self.tls = tls
        self.receive = receive
    }

    func channelActive(context: ChannelHandlerContext) { write(SMTPSession.greeting, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch session.read(unwrapInboundIn(data)) {
        case .reply(let text): write(text, context)
        case .accept(let sender, let recipients, let data):
            if let reply = receive(sender, recipients, data) { write(reply, context) }
        case .close(let text):
            write(text, context)
            context.close(promise: nil)
        case .startTLS(let text):
            write(text, context)
            guard let tls,
                (try? context.pipeline.syncOperations.addHandler(TLSHandler(serverOf: tls), position: .first)) != nil
            else {
                context.close(promise: nil)
                return
            }
        case nil: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    }
}
