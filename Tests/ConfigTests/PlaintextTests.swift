import Foundation
import Probes
import Simulation
import Testing
import Transport

@testable import Config

/// No secret travels in clear unless the configuration says so beside it.
struct PlaintextTests {
    private static let path = "/etc/vaultwatch/c.yml"

    private func load(_ text: String, _ files: [String: String] = [:]) throws -> Configuration {
        try Configuration.load(
            Self.path, files: MemoryFiles(files.merging([Self.path: text]) { own, _ in own }), environment: [:])
    }

    private func complaints(_ text: String, _ files: [String: String] = [:]) -> [String] {
        do {
            _ = try load(text, files)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map { String($0.replacing(Self.path, with: "c.yml")) }
        }
    }

    private static let alerting = "alerting: {route: {receiver: r}, receivers: [{name: r}]}\n"

    private func cluster(_ url: String, _ rest: String) -> String {
        "vault:\n  clusters:\n    - name: c\n      nodes:\n        - {name: n, url: '\(url)'}\n      \(rest)\n\(Self.alerting)"
    }

    private func receiver(_ line: String, global: String = "") -> String {
        "rules: [/*.yml]\nalerting:\n  global: {\(global)}\n  route: {receiver: r}\n  receivers:\n    - name: r\n      \(line)\n"
    }

    @Test(arguments: [
        ("token: t", "the token"), ("{role_id: r, secret_id: s}", "the secret_id and the token"),
    ])
    func aTokenOfVault(_ keys: String, _ secret: String) {
        let keys = keys.trimmingCharacters(in: ["{", "}"]).replacing(", ", with: "\n      ")
        #expect(
            complaints(cluster("http://vault-1:8200", keys)) == [
                "c.yml:5:21: url: \(secret) would go over the network unencrypted; expected https://, or \"allow_plaintext: true\" in the cluster"
            ])
        #expect(complaints(cluster("http://vault-1:8200", keys + "\n      allow_plaintext: true")) == [])
        #expect(complaints(cluster("https://vault-1:8200", keys)) == [])
        for near in ["127.0.0.1:8200", "127.9.9.9", "localhost:8200", "[::1]:8200", "vault.localhost"] {
            #expect(complaints(cluster("http://\(near)", keys)) == [], "\(near)")
        }
        // Names that only begin like this machine's.
        for far in ["127.0.0.1.example.org", "localhost.example.org", "1127.0.0.1", "[::2]:8200"] {
            #expect(complaints(cluster("http://\(far)", keys)).count == 1, "\(far)")
        }
    }

    @Test func healthWithoutATokenNeedsNoTLS() {
        #expect(complaints(cluster("http://vault-1:8200", "telemetry: false")) == [])
    }

    @Test(arguments: [
        ("basic_auth: {username: u, password: p}", "the password of basic_auth"),
        ("bearer_token: t", "the token of http_config"),
        ("authorization: {credentials: t}", "the token of http_config"),
        ("oauth2: {client_id: c, client_secret: s, token_url: 'https://t'}", "the token of http_config"),
        ("http_headers: {X-Key: {secrets: [s]}}", "a secret of http_headers"),
        ("http_headers: {X-Key: {files: [/etc/hostname]}}", "a secret of http_headers"),
    ])
    func credentialsOfReceivers(_ option: String, _ secret: String) {
        for (kind, key, url) in [
            ("webhook_configs", "url", "'http://hook/'"), ("heartbeat_configs", "url", "'http://hook/'"),
            ("alertmanager_configs", "urls", "['https://b', 'http://hook/']"),
        ] {
            let found = complaints(receiver("\(kind): [{\(key): \(url), http_config: {\(option)}}]"))
            #expect(found.count == 1)
            let complaint =
                "\(key): \(secret) would go over the network unencrypted; expected https://, or \"allow_plaintext: true\" in http_config"
            #expect(found.first?.hasPrefix("c.yml:7:") == true && found.first?.hasSuffix(complaint) == true, "\(found)")
            let allowed = "\(kind): [{\(key): \(url), http_config: {allow_plaintext: true, \(option)}}]"
            #expect(complaints(receiver(allowed)) == [])
            let near = url.replacing("hook", with: "127.0.0.1:9")
            #expect(complaints(receiver("\(kind): [{\(key): \(near), http_config: {\(option)}}]")) == [])
            // Inherited credentials count too.
            #expect(complaints(receiver("\(kind): [{\(key): \(url)}]", global: "http_config: {\(option)}")).count == 1)
        }
        #expect(complaints(receiver("webhook_configs: [{url: 'http://hook/'}]")) == [])
    }

    @Test(arguments: [
        ("slack_configs: [{channel: c, api_url: 'http://slack/x'}]", "api_url: the URL, which is a secret,"),
        ("slack_configs: [{channel: c, app_token: t, app_url: 'http://slack/'}]", "app_url: the app_token"),
        ("pagerduty_configs: [{routing_key: k, url: 'http://pd/'}]", "url: the key of the service"),
        ("webhook_configs: [{url: 'http://u:p@hook/'}]", "url: the password in the URL"),
        ("webhook_configs: [{url_file: /etc/vaultwatch/url}]", "url_file: the password in the URL"),
        (
            "slack_configs: [{channel: c, api_url_file: /etc/vaultwatch/url}]",
            "api_url_file: the URL, which is a secret,"
        ),
        (
            "webhook_configs: [{url: 'https://h/', http_config: {oauth2: {client_id: c, client_secret: s, token_url: 'http://t'}}}]",
            "token_url: the client_secret"
        ),
    ])
    func secretsOfReceivers(_ line: String, _ complaint: String) {
        let files = ["/etc/vaultwatch/url": "http://u:p@hook.example.org/"]
        let found = complaints(receiver(line), files)
        #expect(found.count == 1 && found.first?.contains(complaint) == true, "\(found)")
        #expect(found.first?.hasPrefix("c.yml:7:") == true)
        #expect(
            complaints(receiver(line.replacing("http://", with: "https://")), ["/etc/vaultwatch/url": "https://h/"])
                == [])
        #expect(found.allSatisfy { !$0.contains("u:p@") })
    }

    @Test func passwordsOfMail() {
        let mail = "to: a@b, from: a@b, smarthost: 'mail:25'"
        let login = "auth_username: u, auth_password: p"
        func count(_ text: String, _ global: String = "") -> Int {
            complaints(receiver("email_configs: [{\(text)}]", global: global)).count
        }
        let found = complaints(receiver("email_configs: [{\(mail), \(login), require_tls: false}]"))
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix(
                "without TLS the mail server's password would go over the network unencrypted; expected require_tls: true, or \"allow_plaintext: true\" in the email_config"
            ) == true)
        #expect(count("\(mail), \(login), require_tls: false, allow_plaintext: true") == 0)
        #expect(count("\(mail), \(login), require_tls: false", "smtp_allow_plaintext: true") == 0)
        #expect(count("\(mail), \(login)") == 0)
        #expect(count("\(mail), \(login)", "smtp_require_tls: false") == 1)
        #expect(count("\(mail), require_tls: false") == 0)
        #expect(count("\(mail), auth_username: u, auth_secret: s, require_tls: false") == 0)
        #expect(
            count("\(mail), auth_username: u, auth_xoauth2_token: t, auth_mechanism: XOAUTH2, require_tls: false") == 1)
        #expect(count("to: a@b, from: a@b, smarthost: 'localhost:25', \(login), require_tls: false") == 0)
    }

    private func parameters(_ server: String) throws -> (parameters: [String: String], isDefault: Bool) {
        let text = "postgres: {servers: [{name: p, \(server)}]}\n\(Self.alerting)"
        let connection = try #require(try load(text, ["/ca.pem": "x"]).postgres.first).connection
        return (connection.parameters, connection.isVerifiedByDefault)
    }

    /// An entry is one server in each of its roles; Vault's own connection_url may name them all.
    @Test(arguments: [
        ("host: 'pg-1,pg-2'", "names 2 hosts"), ("hostaddr: '192.0.2.1,192.0.2.2'", "names 2 hosts"),
        ("dsn: 'postgres://u@a:5433,b/db'", "give each an entry of its own under servers"),
        ("dsn: 'postgres://u@a/db?target_session_attrs=read-write'", "target_session_attrs: read-write"),
        ("host: pg-1, target_session_attrs: standby", "expected any or none"),
    ])
    func aListOfHostsIsRefused(_ server: String, _ words: String) {
        let error = #expect(throws: (any Error).self) { try parameters(server) }
        #expect(error.map { "\($0)".contains(words) } == true, "\(error as Any)")
    }

    @Test func oneHostOfAnyRoleIsTaken() throws {
        #expect(try parameters("host: pg-1, target_session_attrs: any").parameters["host"] == "pg-1")
    }

    /// libpq's own default would send the password to whoever answers.
    @Test(arguments: [
        "host: pg-1", "dsn: host=pg-1", "hostaddr: 192.0.2.1",
    ])
    func aDatabaseIsVerifiedByDefault(_ server: String) throws {
        let found = try parameters(server)
        #expect(found.parameters["sslmode"] == "verify-full")
        #expect(found.parameters["sslrootcert"] == "/etc/ssl/certs/ca-certificates.crt")
        #expect(found.isDefault)
        #expect(try parameters("\(server), sslrootcert: /ca.pem").parameters["sslrootcert"] == "/ca.pem")
    }

    @Test func whatIsWrittenIsTaken() throws {
        for mode in ["disable", "prefer", "require"] {
            let found = try parameters("host: pg-1, sslmode: \(mode)")
            #expect(found.parameters == ["host": "pg-1", "sslmode": mode])
            #expect(!found.isDefault)
        }
        #expect(try parameters("dsn: host=pg-1 sslmode=disable").parameters["sslmode"] == "disable")
        let verified = try parameters("host: pg-1, sslmode: verify-ca")
        #expect(verified.parameters["sslrootcert"] == "/etc/ssl/certs/ca-certificates.crt")
        #expect(!verified.isDefault)
    }

    @Test(arguments: ["host: /run/postgresql", "host: 127.0.0.1", "host: localhost", "hostaddr: '::1'"])
    func thisMachineNeedsNoTLS(_ server: String) throws {
        #expect(try parameters(server).parameters["sslmode"] == nil)
    }
}
