import HTTPServer
import NIOPosix
import Platform
import Samples
import Synchronization

/// A simulated HTTP/1.1 server on 127.0.0.1 that can fail like a real one: die with its connections, hang with them
/// open, reset one, or stop in the middle of a body.
package final class LabServer: Sendable {
    /// Answers a request.
    package typealias Handler = @Sendable (LabRequest) async -> LabReply

    /// Its TCP port, chosen at creation and kept over `close()` and `start()`.
    package let port: UInt16
    /// Whether it uses TLS.
    package let isSecure: Bool
    /// `https://127.0.0.1:port` or `http://127.0.0.1:port`.
    package var url: String { "\(isSecure ? "https" : "http")://127.0.0.1:\(port)" }
    private let options: ServerOptions
    private let handler: Handler
    private let running = Mutex<HTTPServer?>(nil)

    /// - Parameters:
    ///   - certificate: the certificate for TLS; nil for plain HTTP. Its files are read by `start()`.
    ///   - clientAuthority: with TLS, the file of the authority by which clients must have a certificate; nil asks for none.
    ///   - handler: answers each request.
    /// - Throws: `ChildProcessError` if no port is free.
    package init(
        certificate: CertificateAuthority.Certificate? = nil, clientAuthority: String? = nil, handler: @escaping Handler
    ) throws {
        port = try freePort()
        isSecure = certificate != nil
        self.handler = handler
        var tls = certificate.map { ServerTLS(certificateFile: $0.certificateFile, keyFile: $0.keyFile) }
        if let clientAuthority {
            tls?.clientCAFile = clientAuthority
            tls?.clientAuthentication = .requireAndVerify
        }
        var options = ServerOptions(listen: [.tcp(host: "127.0.0.1", port: Int(port))], tls: tls)
        options.limits.bodyBytes = 64 << 20
        // Room for the largest one beside the parts of another upload.
        options.limits.allBodyBytes = 128 << 20
        options.limits.connections = 4096
        options.limits.connectionsPerAddress = 4096
        // Real servers keep idle connections for minutes; the agent must detect broken ones itself.
        options.limits.idleTimeout = .seconds(3600)
        options.limits.requestTimeout = .seconds(3600)
        self.options = options
    }

    /// Starts to listen; does nothing if it already does.
    /// - Throws: `ServerError` if the port is taken or the certificate cannot be read.
    package func start() async throws {
        let handler = handler
        let server = HTTPServer(options, group: MultiThreadedEventLoopGroup.singleton) { request in
            LabServer.response(await handler(LabRequest(request)))
        }
        let isNew = running.withLock { running in
            guard running == nil else { return false }
            running = server
            return true
        }
        guard isNew else { return }
        do {
            _ = try await server.start()
        } catch {
            running.withLock { $0 = nil }
            throw error
        }
    }

    /// Behaves like a killed process: the port refuses connections, and all open ones are closed abruptly.
    package func close() async {
        let server = running.withLock { running in
            defer { running = nil }
            return running
        }
        await server?.kill()
    }

    /// Behaves like a process stopped by SIGSTOP: the kernel accepts connections, but nothing is read.
    package func pause() { running.withLock { $0 }?.setReading(false) }

    /// Ends `pause()`.
    package func resume() { running.withLock { $0 }?.setReading(true) }

    private static func response(_ reply: LabReply) -> ServerResponse {
        switch reply {
        case .hang: ServerResponse(body: .hang)
        case .reset: ServerResponse(body: .abort)
        case .response(let response) where response.isChunked: answer(response, chunks(of: response.body))
        case .response(let response): answer(response, .bytes(response.body))
        case .partial(let response, let count): answer(response, .partial(Array(response.body.prefix(count))))
        }
    }

    private static func chunks(of bytes: [UInt8]) -> ServerResponse.Body {
        let rest = Mutex(bytes[...])
        return .stream {
            rest.withLock { rest in
                guard !rest.isEmpty else { return nil }
                defer { rest = rest.dropFirst(32 << 10) }
                return Array(rest.prefix(32 << 10))
            }
        }
    }

    private static func answer(_ response: LabResponse, _ body: ServerResponse.Body) -> ServerResponse {
        var headers = response.headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        headers.append((name: "Date", value: SystemWall.now().httpDate))
        if response.headers["Content-Length"] == nil, !response.isChunked {
            headers.append((name: "Content-Length", value: String(response.body.count)))
        }
        return ServerResponse(status: response.status, headers: headers, body: body)
    }
}
