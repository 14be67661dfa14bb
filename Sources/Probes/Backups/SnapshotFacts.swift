/// What a snapshot of integrated storage says of itself without any key: names are plain text in it, values are not.
package struct SnapshotFacts: Sendable, Hashable {
    /// The index of the last change in it, from `meta.json`.
    package var index: Int64 = 0
    /// Its rows.
    package var keys: Int64 = 0
    /// Rows of secrets, below `logical/`, without those of the identity store: one a secret of KV version 1, several of
    /// version 2.
    package var secrets: Int64 = 0
    /// Rows of tokens, below `sys/token/id/`.
    package var tokens: Int64 = 0
    /// Rows of leases, below `sys/expire/id/`.
    package var leases: Int64 = 0
    /// The rows without which Vault does not start, that are there: `core/keyring`, `core/seal-config`, `core/mounts`.
    package var essentials: Set<String> = []
    /// The text of `core/seal-config`, JSON with `secret_shares` and `secret_threshold`; nil without.
    package var sealConfiguration: [UInt8]?

    /// How many unseal keys there are, and how many of them a restore needs.
    package struct Seal: Sendable, Hashable, Decodable {
        /// `secret_shares`.
        package var shares: Int
        /// `secret_threshold`.
        package var threshold: Int

        enum CodingKeys: String, CodingKey {
            case shares = "secret_shares"
            case threshold = "secret_threshold"
        }
    }

    /// From `sealConfiguration`; nil if it is unreadable.
    package var seal: Seal? { sealConfiguration.flatMap { decodeJSON(Seal.self, $0) } }

    /// What Vault needs to start.
    package static let essentialKeys: Set<String> = ["core/keyring", "core/seal-config", "core/mounts"]

    /// Nothing read yet.
    package init() {}
}

/// Walks `state.bin` of a snapshot: length and message of each row, where a message has the key as field 1 and the value
/// as field 2. Constant memory; values are skipped. Source: Vault's snapshots as recorded, version 1.8;
/// https://protobuf.dev/programming-guides/encoding/.
struct SnapshotStateReader {
    private enum State {
        /// The length of a row.
        case length
        /// The fields of a row with so many bytes left.
        case field(remaining: Int64)
        case skip(remaining: Int64, of: Int64)
        case value(remaining: Int64, of: Int64)
        case broken
    }

    private(set) var facts = SnapshotFacts()
    private var state = State.length
    /// Bytes of a length or a key that is not complete yet.
    private var pending: [UInt8] = []
    private var key = ""
    private var value: [UInt8] = []

    private static let keyLimitBytes = 32 << 10
    private static let valueLimitBytes: Int64 = 64 << 10

    /// Whether everything so far was whole rows.
    var isClean: Bool {
        if case .length = state { return pending.isEmpty && facts.keys > 0 }
        return false
    }

    mutating func take(_ piece: UnsafeBufferPointer<UInt8>) {
        var rest = piece[...]
        while !rest.isEmpty {
            switch state {
            case .broken: return
            case .length:
                guard let length = varint(&rest) else { continue }
                key = ""
                if length < 0 { state = .broken } else { begin(length) }
            case .field(let remaining): field(remaining, &rest)
            case .skip(let remaining, let row):
                let count = min(remaining, Int64(rest.count))
                rest = rest.dropFirst(Int(count))
                if count == remaining { begin(row) } else { state = .skip(remaining: remaining - count, of: row) }
            case .value(let remaining, let row):
                let count = min(remaining, Int64(rest.count))
                value += rest.prefix(Int(count))
                rest = rest.dropFirst(Int(count))
                if count < remaining {
                    state = .value(remaining: remaining - count, of: row)
                } else {
                    facts.sealConfiguration = value
                    begin(row)
                }
            }
        }
    }

    /// Goes on with the fields of a row, or with the next row.
    private mutating func begin(_ remaining: Int64) {
        if remaining > 0 {
            state = .field(remaining: remaining)
        } else {
            state = .length
            count()
        }
    }

    /// Takes a tag, a length and, of field 1, the key: once they are whole.
    private mutating func field(_ remaining: Int64, _ rest: inout Slice<UnsafeBufferPointer<UInt8>>) {
        guard let byte = rest.popFirst() else { return }
        pending.append(byte)
        guard let (tag, afterTag) = SnapshotStateReader.varint(pending, 0) else {
            if pending.count > 10 { state = .broken }
            return
        }
        // Both fields are of wire type 2: a length and bytes.
        guard tag == 0x0a || tag == 0x12 else {
            state = .broken
            return
        }
        guard let (length, begin) = SnapshotStateReader.varint(pending, afterTag) else {
            if pending.count > 20 { state = .broken }
            return
        }
        guard length >= 0, Int64(begin) <= remaining, length <= remaining - Int64(begin) else {
            state = .broken
            return
        }
        let left = remaining - Int64(begin) - length
        if tag == 0x12 {
            pending = []
            value = []
            if key == "core/seal-config", length <= SnapshotStateReader.valueLimitBytes, length > 0 {
                state = .value(remaining: length, of: left)
            } else if length > 0 {
                state = .skip(remaining: length, of: left)
            } else {
                self.begin(left)
            }
            return
        }
        guard length <= Int64(SnapshotStateReader.keyLimitBytes) else {
            state = .broken
            return
        }
        let missing = Int(length) - (pending.count - begin)
        pending += rest.prefix(missing)
        rest = rest.dropFirst(min(missing, rest.count))
        guard pending.count - begin == Int(length) else { return }
        key = String(decoding: pending[begin...], as: UTF8.self)
        pending = []
        self.begin(left)
    }

    /// Whether a row belongs to the identity store, which every Vault has; its mount looks like any other.
    private static func isIdentity(_ key: String) -> Bool {
        let rest = key.dropFirst("logical/".count).drop { $0 != "/" }.dropFirst()
        return rest == "casesensitivity" || rest.hasPrefix("packer/") || rest.hasPrefix("oidc_")
    }

    private mutating func count() {
        facts.keys += 1
        if key.hasPrefix("logical/") {
            if !SnapshotStateReader.isIdentity(key) { facts.secrets += 1 }
        } else if key.hasPrefix("sys/token/id/") {
            facts.tokens += 1
        } else if key.hasPrefix("sys/expire/id/") {
            facts.leases += 1
        } else if SnapshotFacts.essentialKeys.contains(key) {
            facts.essentials.insert(key)
        }
    }

    /// A length from the stream; nil until it is whole.
    private mutating func varint(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
        while let byte = rest.popFirst() {
            pending.append(byte)
            if let (value, _) = SnapshotStateReader.varint(pending, 0) {
                pending = []
                return value
            }
            if pending.count > 10 {
                state = .broken
                return nil
            }
        }
        return nil
    }

    /// The number that begins at an index, and the index after it; nil if it is not whole.
    private static func varint(_ bytes: [UInt8], _ start: Int) -> (Int64, Int)? {
        var value: UInt64 = 0
        for (place, byte) in bytes.dropFirst(start).prefix(10).enumerated() {
            value |= UInt64(byte & 0x7f) << UInt64(7 * place)
            if byte < 0x80 { return (Int64(bitPattern: value), start + place + 1) }
        }
        return nil
    }
}
