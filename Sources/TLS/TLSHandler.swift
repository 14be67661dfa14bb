import CSSL
package import NIOCore

/// TLS for the bytes of one connection, with OpenSSL on buffers in memory, bio_s_mem(3).
///
/// What is written during the handshake is sent after it. The end of a connection is announced, and the announcement of
/// the peer not waited for. Runs on the connection's event loop only.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum Phase {
        case handshake
        case open
        case closed
    }

    /// A record's data at most, RFC 8446, section 5.1.
    private static let recordBytes = 16 << 10
    /// How much is decrypted at a time: BIOs in memory never shrink, and there is one for each connection.
    private static let pieceBytes = 4 << 10
    /// How much may be sent that was not written here, between two times that the peer sends data. Each request for new
    /// keys is answered with a record, RFC 8446, section 4.6.3: a peer that only asks, and reads no answer, would fill
    /// the memory.
    private static let answersLimitBytes = 4 << 10

    /// Keeps the context as well, SSL_new(3).
    private let ssl: OpaquePointer
    /// Owned by `ssl`.
    private let received: OpaquePointer
    private let toSend: OpaquePointer
    private var phase = Phase.handshake
    private var answeredBytes = 0
    private var writes = MarkedCircularBuffer<(ByteBuffer, EventLoopPromise<Void>?)>(initialCapacity: 4)

    /// A server's end of a connection.
    package convenience init(serverOf context: TLSContext) throws {
        try self.init(context)
        SSL_set_accept_state(ssl)
    }

    /// A client's end.
    /// - Parameters:
    ///   - host: the name or IP address that the server's certificate must be for.
    ///   - isAddress: whether `host` is an address, which is not sent as the server's name; RFC 6066, section 3.
    package convenience init(clientOf context: TLSContext, host: String, isAddress: Bool) throws {
        try self.init(context)
        SSL_set_connect_state(ssl)
        let isSet =
            isAddress
            ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
            : SSL_set1_host(ssl, host) == 1 && vw_ssl_set_server_name(ssl, host) == 1
        guard isSet else { throw TLSError.last("no name of a server") }
    }

    private init(_ context: TLSContext) throws {
        ERR_clear_error()
        guard let ssl = SSL_new(context.pointer) else { throw TLSError.last() }
        guard let received = BIO_new(BIO_s_mem()), let toSend = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw TLSError.last()
        }
        SSL_set_bio(ssl, received, toSend)
        (self.ssl, self.received, self.toSend) = (ssl, received, toSend)
    }

    deinit { SSL_free(ssl) }

    package func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { proceed(context) } }

    package func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        proceed(context)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        while phase != .closed, let piece = bytes.readSlice(length: min(bytes.readableBytes, TLSHandler.pieceBytes)),
            piece.readableBytes > 0
        {
            let taken = piece.withUnsafeReadableBytes { BIO_write(received, $0.baseAddress, Int32($0.count)) }
            guard taken == piece.readableBytes else { return fail(context, TLSError.last()) }
            proceed(context)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        close()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { close() }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase != .closed else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        writes.append((unwrapOutboundIn(data), promise))
    }

    package func flush(context: ChannelHandlerContext) {
        writes.mark()
        if phase == .open { encryptWrites(context) }
        context.flush()
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all, phase == .open {
            ERR_clear_error()
            _ = SSL_shutdown(ssl)
            send(context)
            context.flush()
            close()
        }
        context.close(mode: mode, promise: promise)
    }

    /// Goes on with what was received: the handshake, then the data.
    private func proceed(_ context: ChannelHandlerContext) {
        if phase == .handshake {
            ERR_clear_error()
            let result = SSL_do_handshake(ssl)
            guard result == 1 else {
                if SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ { return fail(context, refusal) }
                return sendAtOnce(context)
            }
            phase = .open
            sendAtOnce(context)
            encryptWrites(context)
            context.flush()
        }
        readAll(context)
    }

    /// Decrypts what has arrived and passes it on. A handler that reads it may close the connection meanwhile.
    private func readAll(_ context: ChannelHandlerContext) {
        while phase == .open {
            let pending = BIO_ctrl_pending(received) + Int(SSL_pending(ssl))
            guard pending > 0 else { break }
            let capacity = min(pending, TLSHandler.recordBytes)
            var bytes = context.channel.allocator.buffer(capacity: capacity)
            var result: Int32 = 0
            ERR_clear_error()
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) {
                result = SSL_read(ssl, $0.baseAddress, Int32(capacity))
                return max(0, Int(result))
            }
            if result > 0 {
                answeredBytes = 0
                context.fireChannelRead(wrapInboundOut(bytes))
                continue
            }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: return answer(context)
            case SSL_ERROR_ZERO_RETURN: return context.channel.close(promise: nil)
            default: return fail(context, TLSError.last())
            }
        }
        if phase == .open { answer(context) }
    }

    /// Sends what OpenSSL has answered to something that was no data.
    private func answer(_ context: ChannelHandlerContext) {
        answeredBytes += BIO_ctrl_pending(toSend)
        guard answeredBytes <= TLSHandler.answersLimitBytes else {
            return fail(context, TLSError("too many requests for new keys"))
        }
        sendAtOnce(context)
    }

    /// Why the handshake failed, with what is wrong with the peer's certificate; SSL_get_verify_result(3).
    private var refusal: TLSError {
        let error = TLSError.last("the TLS handshake failed")
        let verification = SSL_get_verify_result(ssl)
        guard verification != Int(X509_V_OK), let reason = X509_verify_cert_error_string(verification) else {
            return error
        }
        return TLSError("\(error): \(String(cString: reason))")
    }

    private func encryptWrites(_ context: ChannelHandlerContext) {
        while phase == .open, writes.hasMark, let (bytes, promise) = writes.popFirst() {
            var rest = bytes
            while let piece = rest.readSlice(length: min(rest.readableBytes, TLSHandler.recordBytes)) {
                guard piece.readableBytes > 0 else {
                    context.write(wrapOutboundOut(piece), promise: promise)
                    break
                }
                ERR_clear_error()
                let taken = piece.withUnsafeReadableBytes { SSL_write(ssl, $0.baseAddress, Int32($0.count)) }
                guard taken == piece.readableBytes else {
                    let error = TLSError.last()
                    promise?.fail(error)
                    return fail(context, error)
                }
                guard rest.readableBytes == 0 else {
                    send(context)
                    continue
                }
                send(context, promise)
                break
            }
        }
    }

    /// Passes on what OpenSSL has to send.
    private func send(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil) {
        let count = BIO_ctrl_pending(toSend)
        var bytes = context.channel.allocator.buffer(capacity: count)
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
            max(0, Int(BIO_read(toSend, $0.baseAddress, Int32(clamping: count))))
        }
        guard bytes.readableBytes > 0 || promise != nil else { return }
        context.write(wrapOutboundOut(bytes), promise: promise)
    }

    private func sendAtOnce(_ context: ChannelHandlerContext) {
        guard BIO_ctrl_pending(toSend) > 0 else { return }
        send(context)
        context.flush()
    }

    /// Sends the alert that OpenSSL has written, and closes.
    private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
        guard phase != .closed else { return }
        sendAtOnce(context)
        close()
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    private func close() {
        phase = .closed
        while let (_, promise) = writes.popFirst() { promise?.fail(ChannelError.ioOnClosedChannel) }
    }
}
