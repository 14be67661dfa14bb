import Foundation
@testable import Lab
import Platform
import Samples
import Testing

/// Snapshots, restores, initialisation and recovery mode, compared with those of a real Vault 1.8.
struct RaftSnapshotTests {
    private let random = FixedRandom()
    private let root = "s.LabRootToken00000000000"
    private let watch = "s.LabWatchToken0000000000"
    private let backup = "s.LabBackupToken000000000"

    private func source() -> SimulatedVaultCluster {
        var options = SimulatedVaultCluster.Options()
        options.storageType = "raft"
        var cluster = SimulatedVaultCluster(
            options,
            nodes: (1...2).map { ("vault-\($0)", "https://127.0.1.\($0)0:8200", "https://127.0.1.\($0)0:8201") },
            at: at(0).wall)
        for index in 0..<2 { _ = cluster.perform(.unseal, on: index, at: at(0), random: random) }
        return cluster
    }

    /// A fresh Vault of one node.
    private func staging() -> SimulatedVaultCluster {
        var options = SimulatedVaultCluster.Options()
        options.storageType = "raft"
        options.initialised = false
        options.secrets = [:]
        options.canary = [:]
        return SimulatedVaultCluster(
            options, nodes: [("staging", "https://127.0.1.30:8200", "https://127.0.1.30:8201")], at: at(0).wall)
    }

    private struct Unanswered: Error {}

    private func ask(
        _ cluster: inout SimulatedVaultCluster, _ uri: String, node: Int = 0, method: String = "GET",
        token: String? = nil, body: [UInt8] = [], at time: Double = 1
    ) throws -> LabResponse {
        let request = LabRequest(
            method: method, uri: "/v1/" + uri, headers: token.map { ["x-vault-token": $0] } ?? [:], body: body)
        guard case .response(let response) = cluster.answer(request, node: node, at: at(time), random: random).reply
        else { throw Unanswered() }
        return response
    }

    private func put(_ cluster: inout SimulatedVaultCluster, _ uri: String, _ json: String, at time: Double) throws
        -> LabResponse
    { try ask(&cluster, uri, method: "PUT", body: Array(json.utf8), at: time) }

    private struct Initialised: Decodable {
        let keys: [String]
        let root_token: String
    }

    private func initialise(_ cluster: inout SimulatedVaultCluster, shares: Int = 5, threshold: Int = 3) throws
        -> Initialised
    {
        let response = try put(
            &cluster, "sys/init", #"{"secret_shares":\#(shares),"secret_threshold":\#(threshold)}"#, at: 1)
        #expect(response.status == 200)
        let made = try JSONDecoder().decode(Initialised.self, from: Data(response.body))
        for key in made.keys.prefix(threshold) {
            #expect(try put(&cluster, "sys/unseal", #"{"key":"\#(key)"}"#, at: 1).status == 200)
        }
        return made
    }

    private func unseal(_ cluster: inout SimulatedVaultCluster, _ keys: some Sequence<String>, at time: Double) throws
        -> LabResponse
    {
        var last = LabResponse(0)
        for key in keys { last = try put(&cluster, "sys/unseal", #"{"key":"\#(key)"}"#, at: time) }
        return last
    }

    private func expect(_ response: LabResponse, like name: String, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let live: Set = [
            "server_time_utc", "active_time", "request_id", "leader_address", "leader_cluster_address", "nonce",
            "cluster_name", "cluster_id", "raft_committed_index", "raft_applied_index", "storage_type",
        ]
        let recording = try Recording(name)
        #expect(response.status == recording.status, "\(name)", sourceLocation: sourceLocation)
        #expect(
            try recording.shape(response.body, live) == recording.shape(live: live), "\(name)",
            sourceLocation: sourceLocation)
    }

    private func snapshot(_ cluster: inout SimulatedVaultCluster) throws -> [UInt8] {
        let response = try ask(&cluster, "sys/storage/raft/snapshot", token: backup)
        #expect(response.status == 200 && response.isChunked)
        #expect(response.headers["Content-Type"] == "application/gzip")
        #expect(response.headers["Content-Disposition"] == "attachment")
        return response.body
    }

    @Test func statusIsAsRecorded() throws {
        var cluster = source()
        try expect(ask(&cluster, "sys/health"), like: "raft.active.health")
        try expect(ask(&cluster, "sys/leader"), like: "raft.active.leader")
        try expect(ask(&cluster, "sys/seal-status"), like: "raft.active.seal-status")
        try expect(ask(&cluster, "sys/leader", node: 1), like: "raft.standby.leader")
        try expect(ask(&cluster, "sys/health", node: 1), like: "raft.standby.health")
    }

    @Test func aSnapshotNeedsItsPolicyAndTheActiveNode() throws {
        var cluster = source()
        _ = try snapshot(&cluster)
        let redirect = try ask(&cluster, "sys/storage/raft/snapshot", node: 1, token: backup)
        #expect(redirect.status == 307 && redirect.body.isEmpty)
        #expect(redirect.headers["Location"] == "https://127.0.1.10:8200/v1/sys/storage/raft/snapshot")
        try expect(ask(&cluster, "sys/storage/raft/snapshot", token: "s.none"), like: "raft.active.snapshot-denied")
        #expect(try ask(&cluster, "sys/storage/raft/snapshot", token: watch).status == 403)
        #expect(try ask(&cluster, "sys/storage/raft/snapshot").status == 400)
        try expect(
            ask(&cluster, "sys/storage/raft/snapshot", method: "POST", token: watch), like: "raft.active.restore-denied"
        )
    }

    /// What the simulated Vault hands out has the members and the kinds of rows of a real snapshot.
    @Test func aSnapshotIsLikeARealOne() throws {
        var cluster = source()
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/raft.snapshot.snap")
        let real = try VaultSnapshot([UInt8](Data(contentsOf: file)))
        let ours = try VaultSnapshot(snapshot(&cluster))
        #expect(real.sealedSums != nil && ours.sealedSums != nil)
        func kinds(_ storage: VaultStorage) -> Set<String> {
            Set(storage.rows.keys.filter { $0.hasPrefix("core/") && !$0.hasPrefix("core/leader/") })
        }
        #expect(kinds(real.storage).isSubset(of: kinds(ours.storage)))
        #expect(VaultStorage(state: real.storage.state) == real.storage)
        #expect(real.storage.seal?.shares == 5 && real.storage.seal?.threshold == 3)
        let clear = String(decoding: ours.storage.rows["core/seal-config"] ?? [], as: UTF8.self)
        #expect(clear == String(decoding: real.storage.rows["core/seal-config"] ?? [], as: UTF8.self))
        #expect(ours.storage.rows.keys.contains { $0.hasPrefix("logical/") })
    }

    @Test func aBadSnapshotChangesNothing() throws {
        var cluster = source()
        let good = try snapshot(&cluster)
        func restore(_ bytes: [UInt8], force: Bool = true) throws -> LabResponse {
            try ask(
                &cluster, "sys/storage/raft/snapshot" + (force ? "-force" : ""), method: "POST", token: root,
                body: bytes)
        }
        try expect(restore(Array("PGDMP".utf8)), like: "raft.active.restore-not-a-snapshot")
        try expect(restore(Array(good.prefix(good.count / 2))), like: "raft.active.restore-truncated")
        let state = try VaultSnapshot(good).storage.state
        try expect(
            restore(VaultSnapshot.archive(state, rootKey: cluster.options.rootKey, damaged: true)),
            like: "raft.active.restore-bad-sum")
        var fresh = staging()
        _ = try initialise(&fresh)
        try expect(
            ask(
                &fresh, "sys/storage/raft/snapshot", method: "POST", token: fresh.options.tokens.keys.first,
                body: good, at: 20),
            like: "raft.restore-other-keys")
        #expect(try ask(&cluster, "sys/health", at: 2).status == 200)
    }

    /// The whole way of a forced restore, with every trap of it.
    @Test func aForcedRestoreTakesItsTimeAndNeedsTheSourcesKeys() throws {
        var cluster = source()
        let keys = cluster.options.keys
        let archive = try snapshot(&cluster)
        var copy = staging()
        let made = try initialise(&copy)
        #expect(try ask(&copy, "sys/health", at: 2).status == 429, "it elects itself later")
        #expect(try ask(&copy, "sys/health", at: 10).status == 200)
        let freshID = copy.options.id
        let accepted = try ask(
            &copy, "sys/storage/raft/snapshot-force", method: "POST", token: made.root_token, body: archive, at: 20)
        #expect(accepted.status == 204)
        #expect(throws: Unanswered.self) { try ask(&copy, "sys/health", at: 21) }
        try expect(ask(&copy, "sys/seal-status", at: 23), like: "raft.restore-in-progress-seal-status")
        #expect(try ask(&copy, "sys/health", at: 26).status == 503)
        try expect(unseal(&copy, made.keys.prefix(3), at: 27), like: "unseal.wrong-keys-complete")
        #expect(try unseal(&copy, keys.prefix(3), at: 28).status == 200)
        #expect(try ask(&copy, "sys/health", at: 29).status == 429)
        #expect(try ask(&copy, "smtp/canary/admin", token: root, at: 29).status == 500)
        #expect(try ask(&copy, "sys/health", at: 37).status == 200)
        #expect(try ask(&copy, "smtp/canary/admin", token: made.root_token, at: 38).status == 403)
        #expect(try ask(&copy, "smtp/canary/admin", token: root, at: 38).body.contains(Array("admin".utf8)))
        #expect(copy.options.id == cluster.options.id && copy.options.id != freshID)
    }

    @Test func anotherNumberOfSharesNeedsARestart() throws {
        var cluster = source()
        let archive = try snapshot(&cluster)
        var copy = staging()
        let made = try initialise(&copy, shares: 1, threshold: 1)
        _ = try ask(
            &copy, "sys/storage/raft/snapshot-force", method: "POST", token: made.root_token, body: archive, at: 20)
        _ = copy.advance(to: at(26))
        try expect(unseal(&copy, cluster.options.keys.prefix(1), at: 26), like: "raft.unseal-other-share-count")
        _ = copy.perform(.kill, on: 0, at: at(27), random: random)
        _ = copy.perform(.start, on: 0, at: at(28), random: random)
        #expect(try unseal(&copy, cluster.options.keys.prefix(3), at: 29).status == 200)
        #expect(try ask(&copy, "sys/health", at: 38).status == 200)
    }

    @Test func withItsOwnKeysItStaysUnsealed() throws {
        var cluster = source()
        let archive = try snapshot(&cluster)
        cluster.options.secrets["smtp/late/admin"] = ["password": "p"]
        #expect(
            try ask(
                &cluster, "sys/storage/raft/snapshot", method: "POST", token: root, body: archive, at: 10
            ).status == 204)
        #expect(throws: Unanswered.self) { try ask(&cluster, "sys/health", at: 12) }
        #expect(try ask(&cluster, "sys/health", at: 16).status == 200)
        #expect(try ask(&cluster, "smtp/late/admin", token: root, at: 16).status == 404)
    }

    @Test func initialisingTwiceIsRefused() throws {
        var cluster = source()
        try expect(put(&cluster, "sys/init", #"{"secret_shares":1,"secret_threshold":1}"#, at: 1), like: "init.again")
        var fresh = staging()
        #expect(try put(&fresh, "sys/init", #"{"secret_shares":2,"secret_threshold":3}"#, at: 1).status == 400)
        #expect(String(decoding: try ask(&fresh, "sys/init").body, as: UTF8.self) == "{\"initialized\":false}\n")
    }

    @Test func malformedKeysAreRefused() throws {
        var cluster = source()
        _ = cluster.perform(.seal, on: 1, at: at(1), random: random)
        let response = try ask(
            &cluster, "sys/unseal", node: 1, method: "PUT", body: Array(#"{"key":"no key!"}"#.utf8), at: 2)
        #expect(response.status == 400)
        #expect(String(decoding: response.body, as: UTF8.self).contains("'key' must be a valid hex or base64 string"))
        try expect(
            ask(
                &cluster, "sys/unseal", node: 1, method: "PUT",
                body: Array(#"{"key":"\#(cluster.options.keys[0])"}"#.utf8), at: 2), like: "unseal.progress")
    }

    @Test func aCopyWithoutItsAuditFilesStaysSealed() throws {
        let cluster = source()
        var options = SimulatedVaultCluster.Options()
        options.initialised = false
        options.haEnabled = false
        options.auditPathMissing = true
        var copy = SimulatedVaultCluster(options, nodes: [("staging", "https://127.0.1.30:8200", "")], at: at(0).wall)
        copy.start(on: cluster.storage(at: at(1)))
        try expect(unseal(&copy, cluster.options.keys.prefix(3), at: 2), like: "unseal.audit-device-missing")
        #expect(try ask(&copy, "sys/health", at: 3).status == 503)
        // As the cure in SQL does.
        var storage = cluster.storage(at: at(1))
        storage.rows["core/audit"] = nil
        copy.start(on: storage)
        #expect(try unseal(&copy, cluster.options.keys.prefix(3), at: 4).status == 200)
        #expect(try ask(&copy, "sys/health", at: 5).status == 200)
        #expect(copy.revokedLeases == cluster.options.leases, "leases that ran out are revoked at once")
        let leader = String(decoding: try ask(&copy, "sys/leader", at: 5).body, as: UTF8.self)
        #expect(leader.contains("\"ha_enabled\":false"))
    }

    @Test func recoveryModeReadsASecretWithTheUnsealKeys() throws {
        struct Attempt: Decodable {
            let nonce: String
            let otp: String
            let complete: Bool
            let encoded_token: String
        }
        var cluster = source()
        cluster.options.secrets["smtp/test-tenant-id/admin"] = ["password": "x", "username": "admin"]
        var copy = staging()
        copy.start(on: cluster.storage(at: at(1)))
        copy.isInRecoveryMode = true
        #expect(try ask(&copy, "sys/health").status == 404)
        #expect(try ask(&copy, "sys/seal-status").status == 404)
        let started = try JSONDecoder().decode(
            Attempt.self, from: Data(put(&copy, "sys/generate-recovery-token/attempt", "{}", at: 1).body))
        var last = started
        for key in cluster.options.keys.prefix(3) {
            let response = try put(
                &copy, "sys/generate-recovery-token/update", #"{"key":"\#(key)","nonce":"\#(started.nonce)"}"#, at: 1)
            last = try JSONDecoder().decode(Attempt.self, from: Data(response.body))
        }
        #expect(last.complete)
        let padding = String(repeating: "=", count: (4 - last.encoded_token.count % 4) % 4)
        let sealed = try #require(Data(base64Encoded: last.encoded_token + padding))
        let token = String(decoding: zip(sealed, started.otp.utf8).map { $0 ^ $1 }, as: UTF8.self)
        #expect(token.hasPrefix("r.") && token.count == 26)
        struct Raw: Decodable {
            struct Content: Decodable { let value: String }
            let data: Content
        }
        struct Mounts: Decodable {
            struct Entry: Decodable {
                let path: String
                let uuid: String
            }
            let entries: [Entry]
        }
        let raw = try JSONDecoder().decode(Raw.self, from: Data(ask(&copy, "sys/raw/core/mounts", token: token).body))
        let mounts = try JSONDecoder().decode(Mounts.self, from: Data(raw.data.value.utf8))
        let mount = try #require(mounts.entries.first { $0.path == "smtp/" })
        try expect(
            ask(&copy, "sys/raw/logical/\(mount.uuid)/test-tenant-id/admin", token: token),
            like: "recovery-mode.raw-canary")
        #expect(try ask(&copy, "sys/raw/logical/none", token: token).status == 404)
        #expect(try ask(&copy, "sys/raw/core/mounts", token: "r.none").status == 403)
    }

    /// A backup of the bucket is the estate's Vault: it opens with its keys and has its secrets.
    @Test func aBackupOfTheBucketHoldsTheEstatesSecrets() throws {
        let options = SimulatedVaultCluster.Options()
        var bucket = Bucket(vault: options)
        let key = bucket.takeBackup(at: at(0).wall)
        let sealed = try #require(bucket.objects[key]?.bytes)
        let plain = try #require(openAES256GCM(sealed, key: bucket.encryptionKey, ivCount: 16))
        let storage = try VaultSnapshot(plain).storage
        var copy = staging()
        copy.start(on: storage)
        #expect(try unseal(&copy, options.keys.suffix(3), at: 1).status == 200)
        #expect(copy.options.canary == options.canary)
        #expect(copy.options.id == options.id)
    }
}
