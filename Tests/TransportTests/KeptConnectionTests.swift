import Foundation
import Lab
import Logging
import Platform
import Simulation
import Synchronization
import TestServers
import Testing

@testable import Transport

/// Requests that follow each other on kept connections, to servers that answer in well under a millisecond.
struct KeptConnectionTests {
    /// As many requests in all, plain and over TLS; the whole run has 100,000 (VAULTWATCH_REQUESTS).
    private static let requests =
        ProcessInfo.processInfo.environment["VAULTWATCH_REQUESTS"].flatMap { Int($0) } ?? 10_000

    /// Sends requests one after the other in each of a few tasks.
    /// - Returns: how many failed for which reason.
    private func failures(_ request: HTTPRequest, requests: Int, tasks: Int) async -> [String: Int] {
        let transport = CurlTransport.test()
        return await withTaskGroup(of: [String: Int].self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    var failures: [String: Int] = [:]
                    for _ in 0..<requests / tasks {
                        let reason = await reason { () async throws(TransportError) in
                            try await transport.send(request)
                        }
                        if let reason { failures[reason.rawValue, default: 0] += 1 }
                    }
                    return failures
                }
            }
            return await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        }
    }

    /// libcurl may start a transfer on a connection in the same step in which the one before it ended: the connection
    /// is in use then, and its next answer must be read.
    @Test(arguments: [2, 3, 4]) func noAnswerIsLost(_ tasks: Int) async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        var request = HTTPRequest(url: server.url)
        request.timeout = .seconds(1)
        #expect(await failures(request, requests: KeptConnectionTests.requests, tasks: tasks) == [:])
        // A connection whose answer was taken for unasked bytes would have been shut and replaced.
        #expect(server.connections <= tasks)
    }

    @Test(arguments: [2, 4]) func noAnswerIsLostOverTLS(_ tasks: Int) async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("fast")
        let port = try freePort()
        let directory = try TemporaryDirectory()
        let script = try directory.write(
            "server.py",
            """
            import socket, ssl, sys, threading
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[2], sys.argv[3])
            listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
            def serve(plain):
                try:
                    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    connection = context.wrap_socket(plain, server_side=True)
                    text = b""
                    while True:
                        bytes = connection.recv(65536)
                        if not bytes: return
                        text += bytes
                        while b"\\r\\n\\r\\n" in text:
                            text = text.split(b"\\r\\n\\r\\n", 1)[1]
                            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\nx")
                except OSError: pass
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            """)
        let python = try #require(TestPython.find())
        let process = try await ChildProcess.start(
            python, [script, "\(port)", certificate.certificateFile, certificate.keyFile])
        try #require(await waitUntil { accepts(port: port) })
        var request = HTTPRequest(url: "https://127.0.0.1:\(port)/")
        request.tls.caFile = authority.certificateFile
        request.timeout = .seconds(1)
        #expect(await failures(request, requests: KeptConnectionTests.requests, tasks: tasks) == [:])
        _ = await process.terminate()
    }

    /// As many connections are kept as there are targets: one below, and each request closes what the next one needs.
    @Test func keepsAConnectionForEachTarget() async throws {
        var options = CurlTransportOptions()
        options.idleConnectionLimit = 100
        let transport = CurlTransport.test(options)
        let server = try RawServer.http(everyAddress: true) { _ in RawServer.ok("x") }
        let port = server.port
        func round() async throws {
            for host in 0..<600 {
                let url = "http://127.0.\(1 + host / 200).\(1 + host % 200):\(port)"
                #expect(try await transport.send(HTTPRequest(url: url)).status == 200)
            }
        }
        try await round()
        try await round()
        #expect(server.connections == 1200)
        transport.setIdleConnectionLimit(600)
        try await round()
        let kept = server.connections
        try await round()
        try await round()
        #expect(server.connections == kept)
    }
}
