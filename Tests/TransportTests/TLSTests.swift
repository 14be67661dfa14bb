import Foundation
import Lab
import Platform
import Samples
import Simulation
import Synchronization
import TestServers
import Testing
import Text

@testable import Transport

/// openssl(1)'s s_server on a free port, answering each request with a page of its own.
private struct TLSServer {
    let port: UInt16
    let process: ChildProcess

    static func start(_ certificate: CertificateAuthority.Certificate, _ more: [String] = []) async throws -> TLSServer
    {
        let port = try freePort()
        let process = try await ChildProcess.start(
            "openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate.certificateFile, "-key",
                certificate.keyFile, "-www", "-quiet",
            ] + more)
        try #require(await waitUntil { accepts(port: port) })
        return TLSServer(port: port, process: process)
    }

    func stop() async { _ = await process.terminate() }
}

struct TLSTests {
    let transport = CurlTransport.test()

    private func request(_ server: TLSServer, _ authority: CertificateAuthority?, host: String = "127.0.0.1")
        -> HTTPRequest
    {
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
        let left =
            Double((response.certificateExpiry?.milliseconds ?? 0) - SystemTime().wall().milliseconds) / 86_400_000
        #expect(left > 29.9 && left < 30.1)
        // No other authority has signed it.
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

    /// A server sends leaf, intermediate and a cross-signed root that has expired; the client trusts the root's own
    /// certificate. What counts is the chain by which it was verified: an intermediate that ends first does too.
    @Test(arguments: [(leaf: 30, intermediate: 365, first: 30.0), (leaf: 90, intermediate: 20, first: 20)])
    func onlyTheVerifiedChainCounts(days: (leaf: Int, intermediate: Int, first: Double)) async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        func file(_ name: String) -> String { folder.file(name) }
        func openssl(_ arguments: [String]) async throws { try await ChildProcess.run("openssl", arguments) }
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let authority = try folder.write("ca.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        let server = try folder.write("leaf.ext", "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n")
        for (name, days) in [("root", "3650"), ("old", "3650")] {
            try await openssl(
                ["req"] + key + [
                    "-x509", "-keyout", file("\(name).key"), "-out", file("\(name).pem"), "-days", days, "-subj",
                    "/CN=\(name)",
                ])
        }
        for name in ["intermediate", "leaf"] {
            try await openssl(
                ["req"] + key + [
                    "-new", "-keyout", file("\(name).key"), "-out", file("\(name).csr"), "-subj", "/CN=\(name)",
                ])
        }
        try await openssl(["req", "-new", "-key", file("root.key"), "-out", file("cross.csr"), "-subj", "/CN=root"])
        for (name, issuer, extensions, days) in [
            ("intermediate", "root", authority, days.intermediate), ("leaf", "intermediate", server, days.leaf),
            ("cross", "old", authority, -1),
        ] {
            try await openssl([
                "x509", "-req", "-in", file("\(name).csr"), "-CA", file("\(issuer).pem"), "-CAkey",
                file("\(issuer).key"), "-CAcreateserial", "-out", file("\(name).pem"), "-days", "\(days)", "-extfile",
                extensions,
            ])
        }
        let chain = try ["intermediate", "cross"].map { try String(contentsOfFile: file("\($0).pem"), encoding: .utf8) }
        let sent = try folder.write("chain.pem", chain.joined())
        let running = try await TLSServer.start(
            .init(certificateFile: file("leaf.pem"), keyFile: file("leaf.key")), ["-cert_chain", sent])
        var request = HTTPRequest(url: "https://127.0.0.1:\(running.port)/")
        request.tls.caFile = file("root.pem")
        let response = try await transport.send(request)
        let now = Double(SystemTime().wall().milliseconds)
        let left = (Double(response.certificateExpiry?.milliseconds ?? 0) - now) / 86_400_000
        #expect(left > days.first - 0.1 && left < days.first + 0.1, "\(left) days")
        let lifetime = try #require(response.certificateLifetime) / .seconds(86_400)
        #expect(lifetime > days.first - 0.1 && lifetime < days.first + 0.1)
        // A second connection is verified anew and says the same.
        #expect(try await CurlTransport.test().send(request).certificateExpiry == response.certificateExpiry)
        await running.stop()
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
        let server = try await TLSServer.start(
            authority.issue("server"), ["-Verify", "1", "-verify_return_error", "-CAfile", authority.certificateFile])
        var request = request(server, authority)
        #expect([.tls, .reset].contains(await failure(request)))
        request.tls.certificateFile = own.certificateFile
        request.tls.keyFile = own.keyFile
        #expect(try await transport.send(request).status == 200)
        await server.stop()
    }

    /// The same with PEM text in place of every file; of a certificate and its key one may be a file.
    @Test func takesCertificatesAsText() async throws {
        let authority = try await CertificateAuthority()
        let own = try await authority.issue("client")
        let server = try await TLSServer.start(
            authority.issue("server"), ["-Verify", "1", "-verify_return_error", "-CAfile", authority.certificateFile])
        func text(_ file: String) throws -> String { try String(contentsOfFile: file, encoding: .utf8) }
        var request = request(server, nil)
        request.tls.ca = try text(authority.certificateFile)
        #expect([.tls, .reset].contains(await failure(request)))
        request.tls.certificate = try text(own.certificateFile)
        request.tls.key = Secret(value: try text(own.keyFile))
        #expect(try await transport.send(request).status == 200)
        request.tls.key = nil
        request.tls.keyFile = own.keyFile
        #expect(try await CurlTransport.test().send(request).status == 200)
        // Another's key, an authority that did not sign, and no certificate at all: each fails as TLS does.
        let other = try await authority.issue("other")
        request.tls.keyFile = nil
        request.tls.key = Secret(value: try text(other.keyFile))
        #expect(await failure(request) == .tls)
        request.tls.key = Secret(value: try text(own.keyFile))
        let stranger = try await CertificateAuthority()
        request.tls.ca = try text(stranger.certificateFile)
        #expect(await failure(request) == .tls)
        request.tls.ca = "-----BEGIN CERTIFICATE-----\nno base64\n-----END CERTIFICATE-----\n"
        #expect(await failure(request) == .tls)
        await server.stop()
    }

    /// A header for the proxy is sent with CONNECT only, not to the target; a proxy without a tunnel would forward it,
    /// so it does not get the header.
    @Test func tellsAProxyWhatTheTargetMustNotHear() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("target")
        let directory = try TemporaryDirectory()
        let script = try directory.write(
            "target.py",
            """
            import http.server, ssl, sys
            class H(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = str(self.headers).encode()
                    self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
                def log_message(self, *a): pass
            s = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), H)
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(sys.argv[2], sys.argv[3])
            s.socket = c.wrap_socket(s.socket, server_side=True); s.serve_forever()
            """)
        let port = try freePort()
        let target = try await ChildProcess.start(
            try #require(TestPython.find()), [script, "\(port)", certificate.certificateFile, certificate.keyFile])
        try #require(await waitUntil { accepts(port: port) })
        let asked = Mutex<[String]>([])
        let proxy = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            asked.withLock { $0.append(request) }
            guard request.hasPrefix("CONNECT ") else {
                connection.write(RawServer.ok("no tunnel"))
                return
            }
            connection.tunnel(to: port)
        }
        var request = HTTPRequest(url: "https://127.0.0.1:\(port)/")
        request.tls.caFile = authority.certificateFile
        request.proxy = proxy.url
        request.headers = [("X-Target", "for-the-target")]
        request.proxyHeaders = [("X-Tunnel", "one"), ("X-Tunnel", "two"), ("X-Empty", "")]
        let heard = try await transport.send(request).text
        #expect(
            heard.contains("X-Target: for-the-target") && !heard.contains("X-Tunnel") && !heard.contains("X-Empty"),
            "\(heard)")
        let opening = try #require(asked.withLock { $0.first })
        #expect(opening.hasPrefix("CONNECT 127.0.0.1:\(port) HTTP/1.1\r\n"))
        #expect(
            opening.contains("\r\nX-Tunnel: one\r\nX-Tunnel: two\r\nX-Empty:\r\n") && !opening.contains("X-Target"),
            "\(opening)")
        request.url = "http://127.0.0.1:\(port)/"
        #expect(try await transport.send(request).text == "no tunnel")
        #expect(asked.withLock { $0.last?.contains("X-Tunnel") } == false)
        request.proxyHeaders = [("X-Tunnel", "a\r\nb")]
        request.url = "https://127.0.0.1:\(port)/"
        #expect(await failure(request) == .other)
        _ = await target.terminate()
        directory.remove()
    }

    /// A transfer on a kept connection sees no handshake, yet the expiry is known.
    @Test func knowsTheExpiryOnAKeptConnectionToo() async throws {
        let authority = try await CertificateAuthority()
        let certificate = try await authority.issue("kept")
        let port = try freePort()
        let directory = try TemporaryDirectory()
        let script = try directory.write(
            "server.py",
            """
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
        let process = try await ChildProcess.start(
            python, [script, "\(port)", certificate.certificateFile, certificate.keyFile])
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
        for date in [
            "Nov \(Int64.max) 00:05:40 2026 GMT", "Nov 24 00:05:40 \(Int64.max) GMT", "Nov 24 00:05:\(Int.min) 2026",
        ] {
            #expect(CertificateInfo.expiry("Expire date:\(date)") == nil)
        }
        #expect(CertificateInfo.expiry("Expire date:Dec 31 23:59:59 9999 GMT")?.rfc3339 == "9999-12-31T23:59:59Z")
    }
}
