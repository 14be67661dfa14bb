import Config
import Platform
import Probes
import Simulation
import Testing
import Transport

@testable import Recovery

/// `staging.restore_test`, and what the daemon's configuration says of what must not be touched.
struct RestoreTestConfigurationTests {
    private static let path = "/etc/vaultwatch/recovery.yml"
    private static let files = [
        "/key": String(repeating: "ab", count: 32), "/k1": "00", "/k2": "01", "/p": "x", "/r": "x", "/s": "x",
    ]
    private static let head = """
        source: {raft: {name: c, nodes: [{name: n, url: 'https://n:8200'}], token: t}}
        bucket: {bucket: b, anonymous: true}
        sets: [{name: daily, prefix: daily/, period: daily}]
        encryption: {key_file: /key}

        """

    private func load(_ restoreTest: String) throws(ConfigurationErrors) -> RestoreTestOptions? {
        let text = Self.head + "staging: {restore_test: {\(restoreTest)}}\n"
        return try RecoveryConfiguration.load(
            Self.path, files: MemoryFiles(Self.files.merging([Self.path: text]) { $1 }), environment: [:]
        ).staging.restoreTest
    }

    private func complaints(_ restoreTest: String) -> String {
        do throws(ConfigurationErrors) {
            _ = try load(restoreTest)
            return ""
        } catch { return "\(error)" }
    }

    @Test func everyKeyHasItsPlace() throws {
        let found = try #require(
            try load(
                """
                kind: postgres, url: 'http://127.0.0.1:8300', key_files: [/k1, /k2], isolated: true, role: vault,
                database: {host: /run/pg, database: postgres, user: u, password_file: /p}, timeout: 10m,
                start: {argv: [systemctl, start, v], timeout: 5s}, stop: {argv: [/bin/stop]}, reach: {argv: [nc, -z]},
                canary: {path: kv/a, role_id_file: /r, secret_id_file: /s}, pg_restore: /opt/pg_restore,
                daemon_config: watch.yml, unix_socket: /run/v.sock
                """))
        #expect(found.kind == .postgres && found.keys.map(\.path) == ["/k1", "/k2"] && found.isIsolated)
        #expect(found.role == "vault" && found.program == "/opt/pg_restore" && found.unixSocket == "/run/v.sock")
        #expect(found.start?.arguments == ["systemctl", "start", "v"] && found.start?.timeout == .seconds(5))
        #expect(found.stop?.timeout == .seconds(60) && found.reach?.arguments == ["nc", "-z"])
        #expect(found.daemonConfig == "/etc/vaultwatch/watch.yml" && found.timeout == .seconds(600))
        guard case .appRole? = found.canary?.authentication else {
            Issue.record("no AppRole")
            return
        }
    }

    /// Nothing is restored before somebody has said that it can do no harm.
    @Test func byDefaultItIsNotIsolated() throws {
        let found = try #require(try load("kind: raft, url: 'http://127.0.0.1:8300'"))
        #expect(!found.isIsolated && found.daemonConfig == "/etc/vaultwatch/vaultwatch.yml")
    }

    @Test func mistakesAreTold() {
        #expect(complaints("kind: raft").contains("needs \"url\""))
        #expect(complaints("kind: snapshot, url: 'https://s'").contains("expected one of"))
        #expect(complaints("kind: recovery_mode, url: 'https://s'").contains("needs \"database\""))
        #expect(complaints("kind: recovery_mode, url: 'https://s'").contains("needs \"key_files\""))
        #expect(complaints("kind: raft, url: 'https://s', start: {argv: []}").contains("start needs \"argv\""))
        #expect(
            complaints("kind: raft, url: 'https://s', start: {argv: [bin/x]}").contains("expected an absolute path"))
        #expect(complaints("kind: raft, url: 'https://s', key_files: [/none]").contains("/none"))
        #expect(complaints("kind: raft, url: 'https://s', isolate: true").contains("did you mean \"isolated\""))
    }

    /// A Vault that runs before the database exists would pass the test with what it has.
    @Test(arguments: ["postgres", "recovery_mode"]) func aDumpNeedsAVaultThatIsStartedOnIt(kind: String) {
        let rest = "url: 'https://s', key_files: [/k1], database: {host: h, database: d, user: u, password_file: /p}"
        #expect(complaints("kind: \(kind), \(rest)").contains("kind \(kind) needs \"start\""))
        #expect(!complaints("kind: \(kind), \(rest), start: {argv: [/s]}").contains("needs \"start\""))
        #expect(!complaints("kind: raft, url: 'https://s'").contains("needs \"start\""))
    }

    /// Unseal keys in clear would be worse than no test.
    @Test func keysOverPlainHTTPAreRefused() {
        let words = "the unseal keys and the copy would go over the network unencrypted"
        #expect(complaints("kind: raft, url: 'http://staging.example.org:8200'").contains(words))
        for good in [
            "kind: raft, url: 'http://127.0.0.1:8300'", "kind: raft, url: 'https://staging.example.org:8200'",
            "kind: raft, url: 'http://staging', unix_socket: /run/v.sock",
            "kind: raft, url: 'http://10.0.0.9:8200', allow_plaintext: true",
        ] { #expect(complaints(good) == "", "\(complaints(good))") }
    }

    /// The command's user may not read the daemon's secrets, and needs none of them.
    @Test func whatIsWatchedIsToldWithoutTheDaemonsSecrets() throws {
        let text = """
            vault:
              clusters:
                - name: main
                  nodes: [{name: a, url: "https://a:8200"}, {name: b, url: "https://b:8200"}]
                  load_balancer_url: https://vault.example.org
                  token_file: /secret/token
                  canary_path: kv/canary
                  ca_file: /secret/ca.pem
            postgres:
              servers: [{name: pg, host: pg-1, database: vault, user: u, password_file: /secret/password, sslrootcert: /secret/ca}]
            alerting: {this: is not even valid}
            """
        let found = try Configuration.targets("/w.yml", files: MemoryFiles(["/w.yml": text]), environment: [:])
        #expect(
            found.vault.map(\.nodes.count) == [2] && found.vault.first?.loadBalancerURL == "https://vault.example.org")
        #expect(found.postgres.first?.connection.parameters["host"] == "pg-1")
        // A node that cannot be understood might be the one that staging is.
        let broken = text.replacing("https://b:8200", with: "b.8200")
        #expect(throws: ConfigurationErrors.self) {
            try Configuration.targets("/w.yml", files: MemoryFiles(["/w.yml": broken]), environment: [:])
        }
        #expect(throws: ConfigurationErrors.self) {
            try Configuration.targets("/none.yml", files: MemoryFiles([:]), environment: [:])
        }
    }

    /// Another name of the same server is still the same server.
    @Test func addressesMeet() {
        let watched = WatchedAddresses(
            vault: [.init(label: "main/a", hosts: ["a", "10.0.0.1"], port: 8200)],
            postgres: [.init(label: "pg", hosts: ["pg-1", "10.0.0.5"], port: 5432)])
        #expect(watched.vault(at: .init(label: "", hosts: ["staging", "10.0.0.1"], port: 8200)) != nil)
        #expect(watched.vault(at: .init(label: "", hosts: ["staging", "10.0.0.1"], port: 8300)) == nil)
        #expect(watched.postgres(at: .init(label: "", hosts: ["10.0.0.5"], port: 5432)) != nil)
        #expect(watched.contains(url: "https://A:8200/") && !watched.contains(url: ""))
    }
}
