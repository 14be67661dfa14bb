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
