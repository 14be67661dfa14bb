import CSSL
import Lab
import NIOCore
import NIOEmbedded
import TLS
import TestServers
import Testing

/// The server's end in a pipeline without sockets; the client is OpenSSL itself, which does here what no well-behaved
/// client does.
struct TLSHandlerTests {
    /// A client on buffers in memory.
    private final class Client {
        let ssl: OpaquePointer
        private let context: OpaquePointer
        private let received: OpaquePointer
        private let toSend: OpaquePointer

        init(_ version: Int32) throws {
            context = try #require(SSL_CTX_new(TLS_client_method()))
            _ = vw_ssl_set_versions(context, version, version)
            ssl = try #require(SSL_new(context))
            received = try #require(BIO_new(BIO_s_mem()))
            toSend = try #require(BIO_new(BIO_s_mem()))
            SSL_set_bio(ssl, received, toSend)
            SSL_set_connect_state(ssl)
        }

        deinit {
            SSL_free(ssl)
            SSL_CTX_free(context)
        }

        /// What it wants to send.
        func output() -> ByteBuffer {
            var bytes = ByteBuffer()
            let count = BIO_ctrl_pending(toSend)
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
                max(0, Int(BIO_read(toSend, $0.baseAddress, Int32(count))))
            }
            return bytes
        }

        func take(_ bytes: ByteBuffer) {
            _ = bytes.withUnsafeReadableBytes { BIO_write(received, $0.baseAddress, Int32($0.count)) }
        }

        func read() -> String? {
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = SSL_read(ssl, &bytes, Int32(bytes.count))
            return count > 0 ? String(decoding: bytes[..<Int(count)], as: UTF8.self) : nil
        }

        func write(_ text: String) { _ = SSL_write(ssl, text, Int32(text.utf8.count)) }
    }

    private let context: TLSContext

    init() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("server")
        context = try TLSContext(
            certificateFile: certificate.certificateFile, keyFile: certificate.keyFile, authorityFile: nil,
            clients: .none)
    }

    private func server() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: try TLSHandler(serverOf: context))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    /// Passes on all that both have to say.
    private func exchange(_ client: Client, _ channel: EmbeddedChannel) throws {
        while true {
            let bytes = client.output()
            if bytes.readableBytes > 0 { try channel.writeInbound(bytes) }
            var wasAnswered = false
            while let answer = try channel.readOutbound(as: ByteBuffer.self) {
                client.take(answer)
                wasAnswered = wasAnswered || answer.readableBytes > 0
            }
            guard bytes.readableBytes > 0 || wasAnswered else { return }
            if SSL_is_init_finished(client.ssl) == 0 { SSL_do_handshake(client.ssl) }
        }
    }

    private func connected(_ version: Int32) throws -> (Client, EmbeddedChannel) {
        let channel = try server()
        let client = try Client(version)
        SSL_do_handshake(client.ssl)
        try exchange(client, channel)
        try #require(SSL_is_init_finished(client.ssl) == 1)
        return (client, channel)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func bytesGoBothWays(_ version: Int32) throws {
        let (client, channel) = try connected(version)
        let large = String(repeating: "0123456789", count: 5000)
        for text in ["a", large] {
            client.write(text)
            try exchange(client, channel)
            var heard = ""
            while let part = try channel.readInbound(as: ByteBuffer.self) { heard += String(buffer: part) }
            #expect(heard == text)
            try channel.writeAndFlush(ByteBuffer(string: text)).wait()
            // A promise is kept also for nothing.
            try channel.writeAndFlush(ByteBuffer()).wait()
            try exchange(client, channel)
            heard = ""
            while let part = client.read() { heard += part }
            #expect(heard == text)
        }
        _ = try channel.finish()
    }

    /// What is written before the handshake has ended is sent after it, in order.
    @Test func writesWaitForTheHandshake() throws {
        let channel = try server()
        let first = channel.writeAndFlush(ByteBuffer(string: "first "))
        let second = channel.writeAndFlush(ByteBuffer(string: "second"))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        let client = try Client(TLS1_3_VERSION)
        SSL_do_handshake(client.ssl)
        try exchange(client, channel)
        try first.wait()
        try second.wait()
        var heard = ""
        while let part = client.read() { heard += part }
        #expect(heard == "first second")
        _ = try channel.finish()
    }

    /// What was not sent fails when the connection ends.
    @Test func writesThatCouldNotBeSentFail() throws {
        let channel = try server()
        let write = channel.writeAndFlush(ByteBuffer(string: "never"))
        try channel.close().wait()
        #expect(throws: ChannelError.self) { try write.wait() }
        let late = channel.writeAndFlush(ByteBuffer(string: "late"))
        #expect(throws: (any Error).self) { try late.wait() }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func eitherSideEnds(_ version: Int32) throws {
        var (client, channel) = try connected(version)
        SSL_shutdown(client.ssl)
        try exchange(client, channel)
        #expect(!channel.isActive)
        (client, channel) = try connected(version)
        try channel.close().wait()
        while let answer = try channel.readOutbound(as: ByteBuffer.self) { client.take(answer) }
        #expect(client.read() == nil)
        #expect(SSL_get_shutdown(client.ssl) & SSL_RECEIVED_SHUTDOWN != 0, "the end is announced")
    }

    /// Each request for new keys is answered with a record, which a client that does not read leaves in our memory.
    @Test func requestsForNewKeysAreLimited() throws {
        let (client, channel) = try connected(TLS1_3_VERSION)
        func ask() throws {
            #expect(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
            SSL_do_handshake(client.ssl)
            try channel.writeInbound(client.output())
        }
        // As many as anybody needs, with data between them.
        for _ in 0..<1000 {
            try ask()
            client.write("data")
            try exchange(client, channel)
        }
        #expect(channel.isActive)
        var answers = 0
        var failure: (any Error)?
        for _ in 0..<1000 where channel.isActive {
            do { try ask() } catch { failure = error }
            while let answer = try channel.readOutbound(as: ByteBuffer.self) { answers += answer.readableBytes }
        }
        #expect(!channel.isActive && (failure as? TLSError)?.description == "too many requests for new keys")
        #expect(answers < 8 << 10, "\(answers) bytes")
    }

    /// Renegotiation is refused: it costs the server more than the client.
    @Test func nobodyRenegotiates() throws {
        let (client, channel) = try connected(TLS1_2_VERSION)
        #expect(SSL_renegotiate(client.ssl) == 1)
        SSL_do_handshake(client.ssl)
        // OpenSSL as a client takes the refusal for a failure, and says so.
        let error = #expect(throws: TLSError.self) { try exchange(client, channel) }
        #expect(error?.description == "sslv3 alert handshake failure" && !channel.isActive)
        ERR_clear_error()
    }

    /// Whatever comes instead of a handshake, or is changed on the way, ends the connection with an error and an alert.
    @Test func damagedRecords() throws {
        for bytes in ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", String(repeating: "\u{16}\u{3}", count: 40_000)] {
            let channel = try server()
            let isRefused = (try? channel.writeInbound(ByteBuffer(string: bytes))) == nil
            #expect(isRefused == (bytes.utf8.count > 3) && channel.isActive == !isRefused)
        }
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let (client, channel) = try connected(version)
            client.write("sound")
            var bytes = client.output()
            let last = bytes.writerIndex - 1
            bytes.setInteger(~(bytes.getInteger(at: last, as: UInt8.self) ?? 0), at: last)
            #expect(throws: TLSError.self) { try channel.writeInbound(bytes) }
            #expect(!channel.isActive)
            #expect(try channel.readInbound(as: ByteBuffer.self) == nil, "nothing of it is passed on")
            #expect(try channel.readOutbound(as: ByteBuffer.self) != nil, "an alert")
        }
    }
}
