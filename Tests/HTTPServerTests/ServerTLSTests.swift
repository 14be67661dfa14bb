import Foundation
import Lab
import Synchronization
import TestServers
import Testing

@testable import HTTPServer

/// Certificates are made by openssl(1); curl is the client.
final class ServerTLSTests: Sendable {
    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "vaultwatch-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await make("ca")
        try await make("one")
        try await make("two")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    /// A self-signed certificate for 127.0.0.1; each is its own authority.
    private func make(_ name: String) async throws {
        let made = try await run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path("\(name).key"), "-out", path("\(name).pem"),
            ])
        #expect(made.status == 0, "\(made.output)")
    }

    private func tls(_ name: String) -> ServerTLS {
        ServerTLS(certificateFile: path("\(name).pem"), keyFile: path("\(name).key"))
    }

    private func serve(_ tls: ServerTLS, _ test: (String, HTTPServer) async throws -> Void) async throws {
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)], tls: tls)) {
            .text("\($0.isTLS) \($0.path)")
        }
        let address = try await server.start()[0]
        do {
            try await test("https://\(address)", server)
        } catch {
            await server.stop(within: .zero)
            throw error
        }
        await server.stop(within: .zero)
    }

    private func curl(_ arguments: String...) async -> (output: String, status: Int32) {
        (try? await run("/usr/bin/curl", ["-s", "-m", "10"] + arguments)) ?? ("curl can't be run", -1)
    }

    /// A process that is killed says no goodbye: whoever watches the connection learns of its end at once.
    @Test func aKilledServerResetsItsConnections() async throws {
        let isAsked = Mutex(false)
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)], tls: tls("one"))) { _ in
            isAsked.withLock { $0 = true }
            return .text("fine")
        }
        let address = try await server.start()[0]
        let script =
            "printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' | openssl s_client -quiet -connect \(address) 2>&1"
        async let client = run("/bin/sh", ["-c", script])
        #expect(await waitUntil { isAsked.withLock { $0 } })
        await server.kill()
        let heard = try await client
        #expect(heard.output.contains("fine") && heard.output.contains("errno=104"), "\(heard)")
    }

    @Test func pagesOverTLS() async throws {
        try await serve(tls("one")) { url, _ in
            #expect(await curl("--cacert", path("one.pem"), "\(url)/a", "\(url)/b") == ("true /atrue /b", 0))
            #expect(await curl("--cacert", path("two.pem"), "\(url)/a").status == 60)
            #expect(await curl("--cacert", path("one.pem"), "--tls-max", "1.1", "\(url)/a").status != 0)
            // Plain HTTP on a TLS port ends at once.
            #expect(await curl(url.replacingOccurrences(of: "https", with: "http")).status != 0)
        }
        var newest = tls("one")
        newest.minimumVersion = .tls13
        try await serve(newest) { url, _ in
            #expect(await curl("--cacert", path("one.pem"), "--tls-max", "1.2", "\(url)/a").status != 0)
            #expect(await curl("--cacert", path("one.pem"), "\(url)/a").output == "true /a")
        }
    }

    @Test func aRenewedCertificateIsUsedWithoutARestart() async throws {
        try await make("renewed")
        let tls = tls("renewed")
        try await serve(tls) { url, server in
            for kind in ["pem", "key"] {
                try FileManager.default.removeItem(atPath: path("renewed.\(kind)"))
                try FileManager.default.copyItem(atPath: path("two.\(kind)"), toPath: path("renewed.\(kind)"))
            }
            try server.prepareTLS(tls)()
            #expect(await curl("--cacert", path("two.pem"), "\(url)/new") == ("true /new", 0))
            // A broken file leaves the good one in use.
            try Data("garbage".utf8).write(to: folder.appending(path: "renewed.pem"))
            let error = #expect(throws: ServerError.self) { try server.prepareTLS(tls) }
            #expect(error?.message == "\(path("renewed.pem")): not a readable PEM certificate")
            #expect(await curl("--cacert", path("two.pem"), "\(url)/still") == ("true /still", 0))
        }
    }

    @Test func clientCertificates() async throws {
        var options = tls("one")
        options.clientCAFile = path("two.pem")
        options.clientAuthentication = .requireAndVerify
        try await serve(options) { url, _ in
            let ca = path("one.pem")
            #expect(await curl("--cacert", ca, "\(url)/").status != 0)
            #expect(
                await curl("--cacert", ca, "--cert", path("ca.pem"), "--key", path("ca.key"), "\(url)/").status != 0)
            #expect(
                await curl("--cacert", ca, "--cert", path("two.pem"), "--key", path("two.key"), "\(url)/").output
                    == "true /")
        }
        options.clientAuthentication = .verifyIfGiven
        try await serve(options) { url, _ in
            #expect(await curl("--cacert", path("one.pem"), "\(url)/").output == "true /")
            #expect(
                await curl("--cacert", path("one.pem"), "--cert", path("ca.pem"), "--key", path("ca.key"), "\(url)/")
                    .status != 0)
        }
        options.clientAuthentication = .requireAny
        try await serve(options) { url, _ in
            #expect(
                await curl("--cacert", path("one.pem"), "--cert", path("ca.pem"), "--key", path("ca.key"), "\(url)/")
                    .output == "true /")
            #expect(await curl("--cacert", path("one.pem"), "\(url)/").status != 0)
        }
    }

    /// What is larger than a record, in both directions and whole.
    @Test func largeBodiesOverTLS() async throws {
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)], tls: tls("one"))) {
            .text(String(decoding: $0.body, as: UTF8.self))
        }
        let address = try await server.start()[0]
        let sent = (0..<300_000).map { "\($0)" }.joined(separator: "\n")
        try Data(sent.utf8).write(to: folder.appending(path: "body"))
        for version in ["1.2", "1.3"] {
            let answer = await curl(
                "--cacert", path("one.pem"), "--tlsv\(version)", "--tls-max", version, "--data-binary",
                "@\(path("body"))", "https://\(address)/")
            #expect(answer.status == 0 && answer.output == sent, "\(version): \(answer.output.count) bytes")
        }
        await server.stop(within: .zero)
    }

    /// A client that comes again shows its ticket, and neither side computes signatures.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func aSessionIsResumed(_ version: String) async throws {
        for authentication in [ServerTLS.ClientAuthentication.none, .requireAndVerify] {
            var options = tls("one")
            options.clientAuthentication = authentication
            options.clientCAFile = path("two.pem")
            try await serve(options) { url, _ in
                let client = """
                    printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | timeout 10 openssl s_client \
                    -ign_eof \(version) -cert \(path("two.pem")) -key \(path("two.key")) \
                    -connect \(url.dropFirst("https://".count))
                    """
                let first = try await run("/bin/sh", ["-c", "\(client) -sess_out \(path("session")) 2>&1"])
                #expect(first.output.contains("New, TLSv") && first.output.contains("true /"), "\(first.output)")
                let second = try await run("/bin/sh", ["-c", "\(client) -sess_in \(path("session")) 2>&1"])
                #expect(second.output.contains("Reused, TLSv") && second.output.contains("true /"), "\(second.output)")
            }
        }
    }

    /// A handshake that comes byte by byte, and a request in pieces.
    @Test func aClientThatSendsByteByByte() async throws {
        try await serve(tls("one")) { url, _ in
            let script = """
                import socket, ssl, sys
                host, port = sys.argv[1].rsplit(":", 1)
                context = ssl.create_default_context(cafile=sys.argv[2])
                context.set_alpn_protocols(["h2", "http/1.1"])
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
                peer = socket.create_connection((host, int(port)), 10)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                def work(step):
                    while True:
                        try:
                            done = step()
                        except ssl.SSLWantReadError:
                            done = None
                        for byte in outgoing.read():
                            peer.sendall(bytes([byte]))
                        if done is not None:
                            return done
                        incoming.write(peer.recv(7))
                work(lambda: tls.do_handshake() or True)
                for part in ["GET /pie", "ces HTTP/1.1\\r\\nHost: x\\r\\n", "\\r\\n"]:
                    work(lambda: tls.write(part.encode()))
                answer = b""
                while b"pieces" not in answer:
                    answer += work(lambda: tls.read(100))
                print(tls.selected_alpn_protocol(), "true /pieces" in answer.decode())
                """
            let client = try await run(
                "/usr/bin/python3", ["-c", script, String(url.dropFirst("https://".count)), path("one.pem")])
            #expect(client.output == "http/1.1 True\n", "\(client)")
        }
    }

    /// A client that asks for new keys again and again would let the server compute: RFC 5746's renegotiation is off.
    @Test func nobodyRenegotiates() async throws {
        try await serve(tls("one")) { url, _ in
            // Standard input stays open: its end would end the connection.
            let client = """
                mkfifo \(path("input")) && exec 3<>\(path("input")) && echo R >&3 && timeout 10 openssl s_client -tls1_2 \
                -connect \(url.dropFirst("https://".count)) <&3 2>&1
                """
            let heard = try await run("/bin/sh", ["-c", client])
            #expect(
                heard.output.contains("RENEGOTIATING") && heard.output.contains("no renegotiation"), "\(heard.output)")
        }
    }

    /// As Go does, a certificate of anybody is taken if it is only requested.
    @Test func requestedCertificates() async throws {
        var options = tls("one")
        options.clientAuthentication = .request
        try await serve(options) { url, _ in
            for certificate in [[], ["--cert", path("ca.pem"), "--key", path("ca.key")]] {
                let answer = try await run(
                    "/usr/bin/curl", ["-s", "-m", "10", "--cacert", path("one.pem")] + certificate + ["\(url)/"])
                #expect(answer.output == "true /", "\(certificate)")
            }
        }
    }

    /// The passphrase would be asked for on a terminal that no service has.
    @Test func aKeyWithAPassphraseIsRefused() async throws {
        let made = try await run(
            "/usr/bin/openssl",
            ["pkey", "-in", path("one.key"), "-aes128", "-passout", "pass:secret", "-out", path("locked.key")])
        #expect(made.status == 0, "\(made.output)")
        let options = ServerTLS(certificateFile: path("one.pem"), keyFile: path("locked.key"))
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)], tls: options)) { _ in
            .text("")
        }
        let error = await #expect(throws: ServerError.self) { try await server.start() }
        #expect(error?.message == "\(path("locked.key")): not a readable PEM key without a passphrase")
        await server.stop()
    }

    @Test func wrongFilesAreNamed() async throws {
        var mixed = tls("one")
        mixed.keyFile = path("two.key")
        for options in [
            mixed, ServerTLS(certificateFile: path("missing.pem"), keyFile: path("one.key")),
            ServerTLS(certificateFile: path("one.pem"), keyFile: path("one.pem")),
        ] {
            let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)], tls: options)) { _ in
                .text("")
            }
            let error = await #expect(throws: ServerError.self) { try await server.start() }
            #expect(error?.message.contains(folder.path) == true, "\(error?.message ?? "")")
            await server.stop()
        }
    }
}
