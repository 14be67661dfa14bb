import FoundationEssentials
package import Platform
import Samples
import Text

/// What the simulated Vault stores, and how a copy of it comes to life: with the source's secrets, tokens and identity.
extension SimulatedVaultCluster.Options {
    /// The key of the barrier.
    var rootKey: [UInt8] { storedRootKey ?? sha256Bytes(Array("root key of \(id)".utf8)) }

    /// The secrets by path, with the canary among them.
    var allSecrets: [String: [String: String]] { secrets.merging([canaryPath: canary]) { _, canary in canary } }

    var seal: VaultStorage.Seal {
        VaultStorage.Seal(
            shares: keys.count, threshold: threshold,
            envelopes: keys.map { key in
                let digest = sha256Bytes(Array(key.utf8))
                return aes256GCM(rootKey, key: digest, iv: Array(sha256Bytes(digest).prefix(12)))
            })
    }

    /// The rows of the storage at a time.
    /// - Parameters:
    ///   - lasting: `lastingStorage`, if it is known.
    ///   - stored: tokens with a limited lifetime besides those of `tokens`.
    func storage(
        at now: Timestamp, lasting: VaultStorage? = nil, tokens stored: SimulatedVaultCluster.TokenStore = .init()
    ) -> VaultStorage {
        var storage = lasting ?? lastingStorage
        let rootKey = rootKey
        var all = stored.tokens
        let moment = Moment(monotonic: Instant(nanoseconds: 0), wall: now)
        let cluster = SimulatedVaultCluster(self, nodes: [], at: now)
        for id in tokens.keys where all[id] == nil { all[id] = cluster.known(id, at: moment) }
        for (id, token) in all {
            let name = sha256(Array(id.utf8))
            storage.put("sys/token/id/h\(name)", encoded(StoredRecord(id: id, token: token)), under: rootKey)
            storage.put("sys/token/accessor/\(name.prefix(40))", encoded(["token": id]), under: rootKey)
        }
        return storage
    }

    /// The rows of the storage that do not depend on the time.
    var lastingStorage: VaultStorage {
        var storage = VaultStorage()
        let rootKey = rootKey
        storage.set(storedSeal ?? seal)
        func put(_ key: String, _ value: some Encodable) {
            storage.put(key, encoded(value), under: rootKey)
        }
        for key in [
            "core/keyring", "core/master", "core/shamir-kek", "core/local-audit", "core/local-auth",
            "core/local-mounts", "core/wrapping/jwtkey", "core/cluster/feature-flags", "core/raft/tls",
            "sys/policy/control-group", "sys/policy/default", "sys/policy/response-wrapping", "sys/token/salt",
        ] { storage.put(key, "{}", under: rootKey) }
        put("core/cluster/local/info", ClusterInfo(name: name, id: id))
        put("core/leader/\(leaderID)", ["redirect_addr": "https://vault.example"])
        // PostgreSQL has a table of its own for locks.
        if storageType == "raft" { storage.rows["core/lock"] = Array(leaderID.utf8) }
        put("core/audit", auditDevices)
        put(
            "core/auth",
            MountTable(type: "auth", entries: [MountEntry("approle/", "approle"), MountEntry("token/", "token")]))
        var mounts: [String: MountEntry] = [:]
        for (path, fields) in allSecrets {
            let mount = String(path.prefix { $0 != "/" }) + "/"
            let entry = MountEntry(mount, "kv")
            mounts[mount] = entry
            put("logical/\(entry.uuid)/\(path.dropFirst(mount.count))", fields)
        }
        put(
            "core/mounts",
            MountTable(
                type: "mounts", entries: mounts.values.sorted { $0.path < $1.path } + [MountEntry("sys/", "system")]))
        put("auth/\(MountEntry("approle/", "approle").uuid)/role/vaultwatch", AppRole(self))
        for lease in leases { put("sys/expire/id/\(lease)", ["lease_id": lease]) }
        return storage
    }

    /// Takes over what a storage holds.
    /// - Returns: whether the key opens it.
    mutating func load(
        _ storage: VaultStorage, rootKey: [UInt8], tokens stored: inout SimulatedVaultCluster.TokenStore
    ) -> Bool {
        func value<Value: Decodable>(_ key: String, _ type: Value.Type) -> Value? {
            storage.open(key, under: rootKey).flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
        }
        guard storage.open("core/keyring", under: rootKey) != nil, let seal = storage.seal,
            let mounts = value("core/mounts", MountTable.self)
        else { return false }
        storedRootKey = rootKey
        storedSeal = seal
        threshold = seal.threshold
        if let info = value("core/cluster/local/info", ClusterInfo.self) {
            id = info.id
            nameAfterRestart = info.name
        }
        auditDevices = value("core/audit", [String: String].self) ?? [:]
        secrets = [:]
        for mount in mounts.entries {
            let prefix = "logical/\(mount.uuid)/"
            for key in storage.rows.keys where key.hasPrefix(prefix) {
                secrets[mount.path + key.dropFirst(prefix.count)] = value(key, [String: String].self)
            }
        }
        canary = secrets[canaryPath] ?? [:]
        let role = storage.rows.keys.first { $0.hasPrefix("auth/") && $0.hasSuffix("/role/vaultwatch") }
        if let role = role.flatMap({ value($0, AppRole.self) }) { role.apply(to: &self) }
        tokens = [:]
        stored = .init()
        for key in storage.rows.keys where key.hasPrefix("sys/token/id/") {
            guard let record = value(key, StoredRecord.self) else { continue }
            if record.life.policies.contains("root") {
                tokens[record.id] = record.life.policies
            } else {
                stored.add(record.id, record.token)
            }
        }
        leases = storage.rows.keys.filter { $0.hasPrefix("sys/expire/id/") }.map { String($0.dropFirst(14)) }.sorted()
        return true
    }

    /// The lock's value, which also names the row under core/leader/.
    private var leaderID: String { "40c71b38-20fb-c382-727a-49f04eb04110" }
}

extension SimulatedVaultCluster {
    /// What the cluster stores now.
    package func storage(at now: Moment) -> VaultStorage { options.storage(at: now.wall, tokens: tokens) }
}

private func encoded(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
}

private struct ClusterInfo: Codable {
    let name: String
    let id: String
}

/// core/mounts and core/auth. Source: recovery mode of Vault 1.8, sys/raw/core/mounts.
private struct MountTable: Codable {
    let type: String
    let entries: [MountEntry]
}

private struct MountEntry: Codable {
    let path: String
    let type: String
    let uuid: String
    let options: [String: String]

    /// A mount whose UUID follows from its path.
    init(_ path: String, _ type: String) {
        self.path = path
        self.type = type
        options = type == "kv" ? ["version": "1"] : [:]
        let digest = sha256Bytes(Array("mount \(path)".utf8))
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        uuid = Text.uuid(number(digest[0..<8]), number(digest[8..<16]))
    }
}

private struct AppRole: Codable {
    let roleID: String
    let secretID: String
    let uses: Int?
    /// Milliseconds since 1970.
    let end: Int64?
    let life: SimulatedVaultCluster.TokenLife

    init(_ options: SimulatedVaultCluster.Options) {
        roleID = options.roleID
        secretID = options.secretID
        uses = options.secretIDUses
        end = options.secretIDEnd?.milliseconds
        life = options.issuedLife
    }

    func apply(to options: inout SimulatedVaultCluster.Options) {
        options.roleID = roleID
        options.secretID = secretID
        options.secretIDUses = uses
        options.secretIDEnd = end.map(Timestamp.init(milliseconds:))
        options.issuedLife = life
    }
}

private struct StoredRecord: Codable {
    let id: String
    let life: SimulatedVaultCluster.TokenLife
    let accessor: String
    let path: String
    /// Milliseconds since 1970.
    let issued: Int64
    let expires: Int64?
    let uses: Int64?

    init(id: String, token: SimulatedVaultCluster.StoredToken) {
        self.id = id
        life = token.life
        accessor = token.accessor
        path = token.path
        issued = token.issued.milliseconds
        expires = token.expires?.milliseconds
        uses = token.uses
    }

    var token: SimulatedVaultCluster.StoredToken {
        SimulatedVaultCluster.StoredToken(
            life: life, accessor: accessor, path: path, issued: Timestamp(milliseconds: issued),
            expires: expires.map(Timestamp.init(milliseconds:)), uses: uses)
    }
}
