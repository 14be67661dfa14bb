import Samples

/// What a Vault stores: rows by key, as in integrated storage; PostgreSQL's paths have a leading slash. Source:
/// snapshots and dumps of Vault 1.8.
package struct VaultStorage: Hashable, Sendable {
    /// The rows.
    package var rows: [String: [UInt8]] = [:]

    /// The unseal keys that open it, without the keys themselves.
    struct Seal: Hashable, Sendable {
        /// The number of keys.
        var shares: Int
        /// The number of keys needed.
        var threshold: Int
        /// The root key, encrypted once for each unseal key. Vault splits one key by Shamir's scheme instead.
        var envelopes: [[UInt8]]

        /// The root key, if every one of the keys opens it.
        func rootKey(with keys: Set<String>) -> [UInt8]? {
            var found: [UInt8]?
            for key in keys {
                let digest = sha256Bytes(Array(key.utf8))
                guard let root = envelopes.lazy.compactMap({ openAES256GCM($0, key: digest) }).first else { return nil }
                found = root
            }
            return found
        }
    }

    /// No rows.
    package init() {}

    /// Rows as PostgreSQL has them.
    /// - Parameter table: path, key and value of each row of `vault_kv_store`.
    package init(table: [(path: String, key: String, value: [UInt8])]) {
        for row in table { rows[String((row.path + row.key).drop { $0 == "/" })] = row.value }
    }

    /// The rows as PostgreSQL has them, sorted by key. Source: Vault's documentation of the PostgreSQL storage backend.
    package var table: [(parent: String, path: String, key: String, value: [UInt8])] {
        rows.sorted { $0.key < $1.key }.map { name, value in
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            let folders = parts.dropLast()
            let path = "/" + folders.map { $0 + "/" }.joined()
            let parent = folders.isEmpty ? "" : "/" + folders.dropLast().map { $0 + "/" }.joined()
            return (parent, path, String(parts.last ?? ""), value)
        }
    }

    /// The configuration of the seal, which is stored in clear, with the envelopes; nil if either is missing.
    var seal: Seal? {
        guard let config = rows["core/seal-config"], let stored = rows["core/hsm/barrier-unseal-keys"],
            let fields = object(config), let shares = fields["secret_shares"]?.integer,
            let threshold = fields["secret_threshold"]?.integer
        else { return nil }
        // Each envelope: IV, tag and the 32 bytes of the root key.
        let size = 12 + 16 + 32
        let starts = stride(from: 0, through: stored.count - size, by: size)
        return Seal(shares: shares, threshold: threshold, envelopes: starts.map { Array(stored[$0..<$0 + size]) })
    }

    mutating func set(_ seal: Seal) {
        rows["core/seal-config"] = Array(
            """
            {"type":"shamir","secret_shares":\(seal.shares),"secret_threshold":\(seal.threshold),"pgp_keys":null,\
            "nonce":"","backup":false,"stored_shares":1}
            """.utf8)
        rows["core/hsm/barrier-unseal-keys"] = seal.envelopes.flatMap { $0 }
    }

    /// Adds the secrets of tenants, which make a snapshot as large as a real one and grow slowly over time. Their mount
    /// is in no table, so that nobody can read them.
    mutating func addTenants(at time: Timestamp, random: inout SplitMix) {
        let growth = max(0, Int(clamping: time.milliseconds / 86_400_000) - 20_000)
        let size = 20_480 + growth * 8
        for number in 0...size / 1024 {
            let count = min(1024, size - number * 1024)
            rows["logical/6f1f7a42-8f1b-4a56-9d0e-2f6d1c7b9a10/tenant-\(number)"] = random.bytes(count)
        }
    }

    // MARK: Values under the barrier

    /// Values start with the term of their encryption key and the version of the format.
    private static let prefix: [UInt8] = [0, 0, 0, 1, 2]

    /// Encrypts a value under the root key.
    mutating func put(_ key: String, _ text: String, under rootKey: [UInt8]) {
        let plain = Array(text.utf8)
        // Equal content gives equal bytes, so that a test can compare.
        let iv = Array(sha256Bytes(rootKey + Array(key.utf8) + plain).prefix(12))
        rows[key] = VaultStorage.prefix + aes256GCM(plain, key: rootKey, iv: iv)
    }

    /// Decrypts a value; nil if it is missing or the key is another.
    func open(_ key: String, under rootKey: [UInt8]) -> [UInt8]? {
        rows[key].flatMap { openAES256GCM(Array($0.dropFirst(VaultStorage.prefix.count)), key: rootKey) }
    }

    // MARK: state.bin

    /// Each row as a protobuf message with the key in field 1 and the value in field 2, after its length, sorted by key.
    package var state: [UInt8] {
        var out: [UInt8] = []
        for (key, value) in rows.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            let message =
                [0x0a] + VaultStorage.varint(key.utf8.count) + Array(key.utf8) + [0x12]
                + VaultStorage.varint(value.count) + value
            out += VaultStorage.varint(message.count) + message
        }
        return out
    }

    /// Reads `state`; nil unless it is whole.
    package init?(state: [UInt8]) {
        var rest = state[...]
        while !rest.isEmpty {
            guard let length = VaultStorage.takeVarint(&rest), length <= rest.count else { return nil }
            var message = rest.prefix(length)
            rest = rest.dropFirst(length)
            var fields: [UInt8: [UInt8]] = [:]
            while let tag = message.popFirst() {
                guard let length = VaultStorage.takeVarint(&message), length <= message.count else { return nil }
                fields[tag] = Array(message.prefix(length))
                message = message.dropFirst(length)
            }
            guard let key = fields[0x0a] else { return nil }
            rows[String(decoding: key, as: UTF8.self)] = fields[0x12] ?? []
        }
    }

    private static func varint(_ number: Int) -> [UInt8] {
        var rest = UInt(max(0, number))
        var out: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7f)
            rest >>= 7
            out.append(rest == 0 ? low : low | 0x80)
        } while rest > 0
        return out
    }

    private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return Int(clamping: number) }
        }
        return nil
    }
}
