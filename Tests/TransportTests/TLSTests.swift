import Foundation
import LocalServers
import Platform
import Samples
import Simulation
import Synchronization
import Testing

@testable import Transport

/// openssl(1)'s s_server on a free port, answering each request with a page of its own.
private struct TLSServer {
    let port: UInt16
    let process: ChildProcess

    static func start(_ certificate: CertificateAuthority.Certificate, _ more: [String] = []) async throws -> TLSServer {
        let port = try freePort()
        let process = try await ChildProcess.start("openssl", ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate.certificateFile, "-key", certificate.keyFile, "-www", "-quiet"] + more)
        try #require(await waitUntil { accepts(port: port) })
        return TLSServer(port: port, process: process)
    }

    func stop() async { _ = await process.terminate() }
}

struct TLSTests {
    let transport = CurlTransport.test()

    private func request(_ server: TLSServer, _ authority: CertificateAuthority?, host: String = "127.0.0.1") -> HTTPRequest {
        var request = HTTPRequest(url: "https://\(host):\(server.port)/")
        request.tls.caFile = authority?.certificateFile
        return request
    }

    private func failure(_ request: HTTPRequest) async -> TransportError.Reason? {
        await reason { () async throws(TransportError) in try await transport.send(request) }
    }

    @Test func verifiesChainHostAndDates() async throws {
        let authority = try await CertificateAuthority()
        let good = try await TLSServer.start(authority.issue("good", validity: .days(30)))
        let response = try await transport.send(request(good, authority))
        #expect(response.status == 200)
        #expect(response.timing.tls > 0)
        let left = Double((response.certificateExpiry?.milliseconds ?? 0) - SystemTime().wall().milliseconds) / 86_400_000
        #expect(left > 29.9 && left < 30.1)
        // Known to nobody else.
        #expect(await failure(request(good, nil)) == .tls)
        let stranger = try await CertificateAuthority()
        #expect(await failure(request(good, stranger)) == .tls)
        var blind = request(good, nil)
        blind.tls.insecureSkipVerify = true
        #expect(try await transport.send(blind).certificateExpiry == response.certificateExpiry)
        var missing = request(good, authority)
        missing.tls.caFile = "/nonexistent/ca.pem"
        #expect(await failure(missing) == .tls)
        await good.stop()

        let elsewhere = try await TLSServer.start(authority.issue("elsewhere", hosts: ["DNS:vault.example"]))
        #expect(await failure(request(elsewhere, authority)) == .tls)
        var named = request(elsewhere, authority)
        named.tls.serverName = "vault.example"
        #expect(try await transport.send(named).status == 200)
        named.tls.serverName = "other.example"
        #expect(await failure(named) == .tls)
        await elsewhere.stop()

        let expired = try await TLSServer.start(authority.issue("expired", validity: .expired))
        #expect(await failure(request(expired, authority)) == .tls)
        await expired.stop()
    }

    @Test func keepsToTheVersionsItIsTold() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("versions")
        for (flag, isNew) in [("-tls1_2", false), ("-tls1_3", true)] {
            let server = try await TLSServer.start(certificate, [flag])
            #expect(try await transport.send(request(server, authority)).status == 200)
            var newest = request(server, authority)
            newest.tls.minimumVersion = .tls13
            #expect((await failure(newest) == nil) == isNew)
            var older = request(server, authority)
            older.tls.maximumVersion = .tls12
            #expect((await failure(older) == nil) == !isNew)
            await server.stop()
        }
    }

    @Test func showsAClientCertificate() async throws {
        let authority = try await CertificateAuthority()
        let own = try await authority.issue("client")
        let server = try await TLSServer.start(authority.issue("server"), ["-Verify", "1", "-verify_return_error", "-CAfile", authority.certificateFile])
        var request = request(server, authority)
        #expect([.tls, .reset].contains(await failure(request)))
        request.tls.certificateFile = own.certificateFile
        request.tls.keyFile = own.keyFile
        #expect(try await transport.send(request).status == 200)
        await server.stop()
    }

    /// A transfer on a kept connection sees no handshake, yet the expiry is known.
    @Test func knowsTheExpiryOnAKeptConnectionToo() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("kept")
        let port = try freePort()
        let directory = try TemporaryDirectory()
        let script = try directory.write("server.py", """
            import http.server, ssl, sys
            class H(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_GET(self):
                    body = self.headers["Host"].encode()
                    self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
                def log_message(self, *a): pass
            s = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), H)
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(sys.argv[2], sys.argv[3])
            s.socket = c.wrap_socket(s.socket, server_side=True); s.serve_forever()
            """)
        let python = try #require(TestPython.find())
        let process = try await ChildProcess.start(python, [script, "\(port)", certificate.certificateFile, certificate.keyFile])
        try #require(await waitUntil { accepts(port: port) })
        var request = HTTPRequest(url: "https://127.0.0.1:\(port)/")
        request.tls.caFile = authority.certificateFile
        let first = try await transport.send(request)
        let second = try await transport.send(request)
        #expect(second.timing.reusedConnection)
        #expect(first.certificateExpiry != nil)
        #expect(second.certificateExpiry == first.certificateExpiry)
        // Asking for another name leaves the Host header as the URL says.
        request.tls.serverName = "localhost"
        #expect(try await transport.send(request).text == "127.0.0.1:\(port)")
        _ = await process.terminate()
        directory.remove()
    }

    @Test func namesAServerThatSpeaksNoTLS() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        let garbage = try RawServer { connection in
            _ = connection.read()
            connection.write("220 x\r\n")
        }
        #expect(await failure(HTTPRequest(url: "https://127.0.0.1:\(garbage.port)/")) == .tls)
        _ = server
    }

    @Test func readsOpenSSLsDates() {
        #expect(CertificateInfo.expiry("Expire date:Nov  4 00:05:40 2026 GMT")?.rfc3339 == "2026-11-04T00:05:40Z")
        #expect(CertificateInfo.expiry("Start date:Nov 24 00:05:40 2026 GMT") == nil)
        #expect(CertificateInfo.expiry("Expire date:never") == nil)
    }
}
