import Config
import FoundationEssentials
import Platform
import Probes
import Simulation
import Testing
import Transport

@testable import Recovery

struct RecoveryConfigurationTests {
    private static let path = "/etc/vaultwatch/recovery.yml"
    private static let key = String(repeating: "ab", count: 32)
    private static let files = ["/key": key, "/token": "hvs.x", "/old": String(repeating: "cd", count: 32)]

    private static let source =
        "source: {raft: {name: c, nodes: [{name: n, url: 'https://n:8200'}], token_file: /token}}\n"
    private static let bucket = "bucket: {bucket: b, anonymous: true}\n"
    private static let encryption = "encryption: {key_file: /key}\n"
    private static let sets = "sets: [{name: daily, prefix: daily/, period: daily}]\n"

    private func load(_ text: String, files: [String: String] = [:]) throws -> RecoveryConfiguration {
        let all = Self.files.merging(files) { _, own in own }.merging([Self.path: text]) { _, own in own }
        return try RecoveryConfiguration.load(Self.path, files: MemoryFiles(all), environment: [:])
    }

    /// The errors as the user sees them.
    private func complaints(_ text: String, files: [String: String] = [:]) -> [String] {
        do {
            _ = try load(text, files: files)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map { String($0.replacing(Self.path, with: "r.yml")) }
        }
    }

    @Test func leastConfigurationHasTheDefaults() throws {
        let found = try load(Self.source + Self.bucket + Self.sets + Self.encryption)
        guard case .raft(let source) = found.source else {
            Issue.record("\(found.source)")
            return
        }
        #expect(source.cluster.name == "c")
        #expect(source.timeout == .seconds(3600))
        #expect(found.sets.map(\.floor) == [7])
        #expect(found.sets.map(\.options.retention) == [30])
        #expect(found.staging.directory == "/var/lib/vaultwatch-backup")
        #expect(found.staging.restoreTest == nil)
        #expect(found.drillTargets.isEmpty)
        #expect(found.recordFile == nil)
    }

    @Test func postgresIsParsedAsTheDaemonDoes() throws {
        let found = try load(
            """
            source:
              postgres: {cluster: prod, host: pg-1, database: vault, user: backup, lock_wait_timeout: 5s, pg_dump: bin/pg_dump}
            """ + "\n" + Self.bucket + Self.sets + Self.encryption)
        guard case .postgres(let source) = found.source else {
            Issue.record("\(found.source)")
            return
        }
        #expect(source.connection.parameters["dbname"] == "vault")
        #expect(source.connection.parameters["sslmode"] == "verify-full")
        #expect(source.lockWait == .seconds(5))
        #expect(source.program == "/etc/vaultwatch/bin/pg_dump")
        #expect(source.cluster == "prod")
    }

    @Test(arguments: [
        ("", "r.yml:1:1: the recovery configuration needs \"source\""),
        (source + bucket + encryption, "r.yml:1:1: no sets; expected a list of name, prefix, period under \"sets\""),
        (
            source + bucket + sets + encryption + "drill_target: [c]\n",
            "r.yml:5:1: unknown key \"drill_target\" in the recovery configuration; did you mean \"drill_targets\"?"
        ),
        (
            bucket + sets + encryption + "source: {raft: {}, postgres: {}}\n",
            "r.yml:4:9: both raft and postgres are given; keep the one that Vault stores its data in"
        ),
        (
            bucket + sets + encryption + "source: {raft: {name: c, nodes: [{name: n, url: 'https://n:8200'}]}}\n",
            "r.yml:4:16: source.raft needs a token: expected token_file, or role_id_file and secret_id_file, with read on sys/storage/raft/snapshot"
        ),
        (
            source + bucket + encryption + "sets: [{name: d, prefix: daily/, period: daily, retention: 5, floor: 9}]\n",
            "r.yml:4:63: floor: 9 is more than the 5 of retention; expected at most that"
        ),
        (
            source + bucket + encryption
                + "sets: [{name: d, prefix: a/, period: daily}, {name: m, prefix: a/m/, period: monthly}]\n",
            "r.yml:4:56: prefix: \"a/m/\" and \"a/\" of another set overlap; expected keys of its own for each"
        ),
        (
            source + bucket + sets + "encryption: {key_file: /token}\n",
            "r.yml:4:24: not an AES-256 key; expected 64 hexadecimal digits, or 32 bytes in Base64"
        ),
        (
            source + bucket + sets + encryption + "object_lock: {mode: strict, retain: 30d}\n",
            "r.yml:5:21: mode: expected one of \"governance\", \"compliance\""
        ),
        (
            source + bucket + sets + encryption
                + "staging: {restore_test: {kind: postgres, url: 'http://127.0.0.1'}}\n",
            "r.yml:5:25: restore_test of kind postgres needs \"database\": a scratch server"
        ),
    ]) func mistakeIsToldWithItsPosition(text: String, complaint: String) {
        #expect(complaints(text).contains { $0.hasPrefix(complaint) }, "\(complaints(text))")
    }

    @Test func tokenOverPlainHTTPIsRefused() {
        let text =
            "source: {raft: {name: c, nodes: [{name: n, url: 'http://n:8200'}], token_file: /token}}\n" + Self.bucket
            + Self.sets + Self.encryption
        #expect(complaints(text).contains { $0.contains("the token would go over the network unencrypted") })
    }

    @Test func olderKeysFollowTheNewest() throws {
        let found = try load(
            Self.source + Self.bucket + Self.sets + "encryption: {key_file: /key, previous_key_files: [/old]}\n")
        #expect(found.encryption.keys == [Secret(file: "/key"), Secret(file: "/old")])
    }

    /// The sample that the package installs must be accepted once the secrets are there.
    @Test func installedSampleIsValid() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = String(
            decoding: try Data(contentsOf: root.appending(path: "packaging/etc/recovery.yml")), as: UTF8.self)
        let secrets = ["vault-token", "s3-access-key-id", "s3-secret-access-key"].map { ("/credentials/\($0)", "x") }
        let files = Dictionary(uniqueKeysWithValues: secrets + [("/credentials/backup-encryption-key", Self.key)])
            .merging([Self.path: text]) { _, own in own }
        let found = try RecoveryConfiguration.load(
            Self.path, files: MemoryFiles(files), environment: ["CREDENTIALS_DIRECTORY": "/credentials"])
        #expect(found.sets.map(\.options.name) == ["daily", "monthly"])
        #expect(RecoveryConfiguration.isRecovery(Self.path, files: MemoryFiles(files)))
    }
}
