import Delivery
import Foundation
import HTTPServer
import Platform
import Simulation
import Testing
import TimeZones
import Web

@testable import Config

/// `web`: the socket, who may change things, and under which names the agent answers.
struct WebParserTests {
    private static let path = "/etc/vaultwatch/vaultwatch.yml"
    private static let rest = """
        vault: {clusters: [{name: c, nodes: [{name: n, url: 'http://n:8200'}]}]}
        alerting: {route: {receiver: r}, receivers: [{name: r}]}

        """
    private static let hash = "$2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm"
    private static let token = "0123456789abcdef"

    private func load(_ web: String, files: [String: String] = [:]) throws -> (WebOptions, MemoryFiles) {
        let files = MemoryFiles(files.merging([Self.path: Self.rest + web]) { _, own in own })
        return (try Configuration.load(Self.path, files: files, environment: [:]).web, files)
    }

    private func complaints(_ web: String, files: [String: String] = [:]) -> [String] {
        do {
            _ = try load(web, files: files)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map { String($0.replacing(Self.path, with: "c.yml")) }
        }
    }

    @Test func whoMayChangeThings() throws {
        let (web, files) = try load(
            """
            web:
              listen_addresses: ['watch.example.org:9321', ':9322']
              external_url: https://ops.example.org:8443/watch
              users: {ann: '\(Self.hash)', bob_file: secrets/bob}
              tokens: {robot_file: secrets/robot, other: \(Self.token)}
              allow_anonymous_changes: true
              allowed_hosts: [cname.example.org, '*.svc']
            """,
            files: [
                "/etc/vaultwatch/secrets/bob": Self.hash + "\n", "/etc/vaultwatch/secrets/robot": "fedcba9876543210\n",
            ])
        var file = WebFile()
        file.users = ["carol": Self.hash]
        file.headers = [.init(name: "X-A", value: "b")]
        let access = try web.access(file, hostname: "machine", files: files)
        #expect(access.closingUsers == ["carol": Self.hash] && access.headers == [.init(name: "X-A", value: "b")])
        #expect(access.users == ["ann": Self.hash, "bob": Self.hash])
        #expect(access.tokens == ["robot": "fedcba9876543210", "other": Self.token])
        #expect(access.allowsAnonymousChanges)
        #expect(
            access.hosts
                == KnownHosts(["watch.example.org", "machine", "ops.example.org", "cname.example.org", "*.svc"]))
        #expect(!"\(web)".contains(Self.token) && !"\(web)".contains("$2b$"))
        let closed = try load("").0
        #expect(closed.users.isEmpty && closed.tokens.isEmpty && !closed.allowsAnonymousChanges)
    }

    @Test(arguments: [
        ("", [:], "/state/vaultwatch.sock"),
        ("", ["RUNTIME_DIRECTORY": "/run/vaultwatch"], "/run/vaultwatch/vaultwatch.sock"),
        ("", ["RUNTIME_DIRECTORY": "/run/a:/run/b"], "/run/a/vaultwatch.sock"),
        ("web: {socket: /run/x.sock}", ["RUNTIME_DIRECTORY": "/run/a"], "/run/x.sock"),
        ("web: {socket: x.sock}", [:], "/etc/vaultwatch/x.sock"),
        ("web: {socket: ''}", ["RUNTIME_DIRECTORY": "/run/a"], nil),
    ])
    func sockets(_ web: String, _ environment: [String: String], _ path: String?) throws {
        #expect(try load(web).0.socketPath(environment: environment, storagePath: "/state") == path)
    }

    @Test func mistakesAreNamedWithoutTheSecret() {
        let short = "$2b$04$abc"
        #expect(
            complaints(
                """
                web:
                  users: {ann: '\(short)', bob: '\(Self.hash.replacing("$04$", with: "$31$"))', 'a:b': x}
                  tokens: {short: hunter2, spaced: 'hunter2 hunter2 hunter2', none_file: nowhere}
                  allow_anonymous_changes: maybe
                  allowed_hosts: ['https://a.example.org', 'a:80']
                """
            ) == [
                "c.yml:4:11: ann: expected a bcrypt hash such as `htpasswd -nBC 10 \"\"` makes; $2y$10$ and 53 characters",
                "c.yml:4:30: bob: expected a bcrypt hash of cost 4 to 15, found 31",
                "c.yml:4:99: users: \"a:b\" is no name; expected one without a colon",
                "c.yml:5:12: short: expected a token of at least 16 visible characters such as `openssl rand -hex 32` makes",
                "c.yml:5:28: spaced: expected a token of at least 16 visible characters such as `openssl rand -hex 32` makes",
                "c.yml:5:74: none_file: cannot read /etc/vaultwatch/nowhere: No such file or directory",
                "c.yml:6:28: allow_anonymous_changes: expected true or false, found \"maybe\"",
                "c.yml:7:3: allowed_hosts: expected names such as watch.example.org or *.example.org, without scheme and port, found \"https://a.example.org\"",
                "c.yml:7:3: allowed_hosts: expected names such as watch.example.org or *.example.org, without scheme and port, found \"a:80\"",
            ])
        #expect(complaints("web: {users: [ann]}\n").count == 1)
        let both = complaints(
            "web: {tokens: {a: \(Self.token), a_file: t}}\n", files: ["/etc/vaultwatch/t": Self.token])
        #expect(both.count == 1 && both[0].contains("keep one"), "\(both)")
    }

    @Test func zonesAndProxies() throws {
        let path = NSTemporaryDirectory() + UUID().uuidString + ".yml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text =
            Self.rest + """
                web:
                  time_zone: Europe/Berlin
                  user_header: X-Forwarded-User
                  trusted_proxies: [127.0.0.1, '::1', 10.0.0.0/8]
                """
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        // The zone is one of this machine's.
        let web = try Configuration.load(path, files: SystemFiles(), environment: [:]).web
        #expect(web.timeZone?.name == "Europe/Berlin")
        let access = try web.access(WebFile(), hostname: "machine", files: SystemFiles())
        #expect(access.userHeader == "X-Forwarded-User")
        #expect(access.trustedProxies == ["127.0.0.1", "::1", "10.0.0.0/8"].compactMap(AddressRange.init))
        let plain = try load("").0
        #expect(plain.timeZone == nil && plain.userHeader == nil && plain.trustedProxies.isEmpty)
    }

    @Test func mistakesInZonesAndProxiesAreNamed() throws {
        let wrong = complaints(
            """
            web:
              time_zone: Mars/Olympus
              user_header: Authorization
              trusted_proxies: [proxy.example.org, 10.0.0.0/33, 0.0.0.0/0]
            """)
        try #require(wrong.count == 5, "\(wrong)")
        #expect(wrong[0].hasPrefix("c.yml:4:14: time_zone: unknown time zone \"Mars/Olympus\""))
        #expect(wrong[0].hasSuffix("expected a name such as Europe/Berlin, or UTC"))
        #expect(wrong[1].contains("user_header: expected the name of a header such as X-Forwarded-User"))
        #expect(wrong[2].hasSuffix("expected addresses such as 192.0.2.7 or 10.0.0.0/8, found \"proxy.example.org\""))
        #expect(wrong[3].hasSuffix("found \"10.0.0.0/33\"") && wrong[4].contains("0.0.0.0/0 is everybody"))
        let lone = complaints("web: {user_header: X-User}\n")
        #expect(lone.count == 1 && lone[0].hasSuffix("add them, such as trusted_proxies: [127.0.0.1]"))
        let other = complaints("web: {trusted_proxies: ['::1']}\n")
        #expect(other.count == 1 && other[0].hasSuffix("add it, such as user_header: X-Forwarded-User"))
    }

    @Test func whatIsPromisedForARecovery() throws {
        func load(_ text: String) throws -> RecoveryOptions {
            let files = MemoryFiles([Self.path: Self.rest + text])
            return try Configuration.load(Self.path, files: files, environment: [:]).recovery
        }
        let both = try load("recovery: {rpo: 26h, rto: 90m}\n")
        #expect(both.point == .seconds(26 * 3600) && both.time == .seconds(5400))
        #expect(try load("recovery: {rto: 1h}\n").point == nil)
        #expect(try load("") == RecoveryOptions())
        #expect(
            complaints("recovery: {rpo: soon}\n") == [
                "c.yml:3:17: rpo: expected a duration such as 5s or 1h30m, above zero, found \"soon\""
            ])
        #expect(complaints("recovery: {}\n").first?.contains("expected rpo, rto or both") == true)
        #expect(complaints("recovery: {rpa: 1h}\n").first?.contains("did you mean \"rpo\"?") == true)
    }

    /// The exporter toolkit's file.
    @Test func webConfigurationFiles() throws {
        let pem = ["/etc/vaultwatch/c.pem": "x", "/etc/vaultwatch/k.pem": "x"]
        func load(_ text: String) throws -> WebFile {
            try WebFile.load(
                "/etc/vaultwatch/web.yml", files: MemoryFiles(pem.merging(["/etc/vaultwatch/web.yml": text]) { $1 }),
                environment: [:])
        }
        let file = try load(
            """
            basic_auth_users: {ann: '\(Self.hash)'}
            http_server_config: {http2: true, headers: {X-B: c, X-A: b}}
            tls_server_config: {cert_file: c.pem, key_file: k.pem, min_version: TLS13, client_auth_type: RequireAnyClientCert}
            """)
        #expect(file.users == ["ann": Self.hash])
        #expect(file.headers.map(\.name) == ["X-A", "X-B"])
        #expect(file.tls?.certificateFile == "/etc/vaultwatch/c.pem" && file.tls?.minimumVersion == .tls13)
        #expect(file.tls?.clientAuthentication == .requireAny)
        let error = #expect(throws: ConfigurationErrors.self) {
            try load("tls_server_config: {cert_file: c.pem}\nbasic_auth: {}\n")
        }
        #expect(
            error?.description == """
                /etc/vaultwatch/web.yml:1:20: tls_server_config needs cert_file and key_file
                /etc/vaultwatch/web.yml:2:1: unknown key "basic_auth" in the web configuration; expected basic_auth_users, http_server_config, tls_server_config
                """)
    }

    /// What amtool takes with `--http.config.file`.
    @Test func clientFiles() throws {
        func load(_ text: String) throws -> String {
            let files = MemoryFiles(["/home/ann/c.yml": text, "/home/ann/p": "secret\n"])
            return "\(try HTTPClientFile.load("/home/ann/c.yml", files: files, environment: [:]).authorization)"
        }
        #expect(try load("basic_auth: {username: ann, password_file: p}\n").hasPrefix("basic("))
        #expect(try load("authorization: {credentials_file: p}\n").hasPrefix("scheme(\"Bearer\""))
        #expect(throws: ConfigurationErrors.self) { try load("basic_auth: {username: ann, password_file: none}\n") }
        #expect(throws: ConfigurationErrors.self) { try load("basicauth: {}\n") }
    }
}
