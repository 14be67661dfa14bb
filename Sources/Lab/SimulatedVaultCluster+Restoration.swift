import FoundationEssentials
import Platform
import Text

/// A restored snapshot takes over a running Vault: minutes of a real one, in the order and with the answers recorded
/// from Vault 1.8 with integrated storage.
extension SimulatedVaultCluster {
    /// How long the steps of a restore take.
    package struct RestoreTimes: Hashable, Sendable {
        /// After the 204, every endpoint hangs.
        package var hanging = Duration.milliseconds(2500)
        /// Then every endpoint answers with 500, until the node seals itself.
        package var failing = Duration.seconds(3)
        /// With the same keys nothing is sealed, and every endpoint hangs.
        package var hangingWithSameKeys = Duration.seconds(5)
        /// From the last unseal key of a node with integrated storage to its election.
        package var election = Duration.milliseconds(8200)

        /// As measured.
        package init() {}

        /// Shorter by a factor, for tests that start programs.
        package func divided(by factor: Int) -> RestoreTimes {
            var times = self
            times.hanging /= factor
            times.failing /= factor
            times.hangingWithSameKeys /= factor
            times.election /= factor
            return times
        }
    }

    /// A restore that was accepted with 204.
    struct Restoration: Sendable {
        let storage: VaultStorage
        let began: Instant
        /// Whether the running Vault's keys open it.
        let keepsKeys: Bool
    }

    /// What a restore does to every request; nil when none is in progress.
    func restoring(at now: Moment) -> LabReply? {
        guard let restoration else { return nil }
        let elapsed = now.monotonic - restoration.began
        guard !restoration.keepsKeys, elapsed >= options.restoreTimes.hanging else { return .hang }
        return .response(Self.error(500, "decryption failed: cipher: message authentication failed"))
    }

    /// Ends a restore whose time has come.
    mutating func advanceRestoration(to now: Moment) -> [Election.Event] {
        guard let restoration else { return [] }
        let times = options.restoreTimes
        let length = restoration.keepsKeys ? times.hangingWithSameKeys : times.hanging + times.failing
        guard now.monotonic - restoration.began >= length else { return [] }
        self.restoration = nil
        if restoration.keepsKeys {
            _ = options.load(restoration.storage, rootKey: options.rootKey, tokens: &tokens)
            return []
        }
        // The configuration of the seal was read at the start and stays until the process starts again.
        cachedSeal = cachedSeal ?? shareCounts
        unopened = restoration.storage
        var events: [Election.Event] = []
        for index in nodes.indices where !nodes[index].isSealed {
            events += election.leave(index, at: now.monotonic)
            nodes[index].close()
        }
        election = Election(settling: times.election)
        return events
    }

    /// Starts a Vault on a storage that another one wrote: sealed until its keys are entered.
    package mutating func start(on storage: VaultStorage) {
        unopened = storage
        isInitialised = storage.rows["core/keyring"] != nil
        cachedSeal = storage.seal.map { ($0.shares, $0.threshold) }
    }

    /// The number of unseal keys and how many are needed, as sys/seal-status shows them.
    var shareCounts: (shares: Int, threshold: Int) {
        cachedSeal ?? (unopened?.seal ?? options.storedSeal).map { ($0.shares, $0.threshold) } ?? (
            options.keys.count, options.threshold
        )
    }

    /// What becomes of the keys that were entered when their number is reached; nil if they open the Vault.
    mutating func tryKeys(_ given: Set<String>) -> String? {
        let refused =
            "unable to retrieve stored keys: failed to encrypt keys for storage: cipher: message authentication failed"
        guard let storage = unopened else {
            let opens = options.storedSeal.map { $0.rootKey(with: given) != nil } ?? given.isSubset(of: options.keys)
            return opens ? nil : refused
        }
        guard let seal = storage.seal else { return refused }
        // One key alone is the key of the barrier itself, one of several has a byte more.
        if shareCounts.threshold == 1, seal.threshold > 1 {
            return "failed to setup unseal key: crypto/aes: invalid key size 33"
        }
        guard given.count >= seal.threshold, let rootKey = seal.rootKey(with: given) else { return refused }
        guard options.load(storage, rootKey: rootKey, tokens: &tokens) else { return refused }
        unopened = nil
        guard !options.auditPathMissing || options.auditDevices.isEmpty || options.haEnabled else {
            unopened = storage
            return "failed to setup audit table"
        }
        // Leases that ran out meanwhile are revoked at once, those of a database's roles at that database.
        revokedLeases += options.leases.filter { !$0.hasPrefix("auth/") }
        return nil
    }

    // MARK: sys/init

    mutating func initialise(_ request: LabRequest, _ random: any RandomSource) -> LabResponse {
        struct Body: Decodable {
            let secret_shares: Int?
            let secret_threshold: Int?
        }
        guard !isInitialised else { return Self.error(400, "Vault is already initialized") }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body)) else {
            return Self.error(400, "failed to parse JSON input: unexpected end of JSON input")
        }
        let shares = body.secret_shares ?? 0
        let threshold = body.secret_threshold ?? 0
        guard (1...255).contains(shares), threshold >= 1 else {
            return Self.error(400, "invalid seal configuration: shares must be at least one")
        }
        guard threshold <= shares else {
            return Self.error(400, "invalid seal configuration: threshold cannot be larger than shares")
        }
        guard shares == 1 || threshold > 1 else {
            return Self.error(400, "invalid seal configuration: threshold must be greater than one for multiple shares")
        }
        var source = SplitMix(seed: random.next())
        // A share has the index of its point in a 33rd byte; a single key is the key itself.
        options.keys = (1...shares).map { number in
            (source.bytes(32) + (shares == 1 ? [] : [UInt8(clamping: number)])).hexadecimal
        }
        options.threshold = threshold
        options.id = random.uuid()
        options.storedRootKey = source.bytes(32)
        options.storedSeal = nil
        options.secrets = [:]
        options.canary = [:]
        options.leases = []
        options.auditDevices = [:]
        tokens = TokenStore()
        let token = "s." + String(source.next(), radix: 36) + String(source.next(), radix: 36)
        options.tokens = [token: ["root"]]
        isInitialised = true
        cachedSeal = nil
        let hexadecimal = options.keys.map(json).joined(separator: ",")
        let base64 = options.keys.map { json(Data(UnsealKey.bytes($0) ?? []).base64EncodedString()) }.joined(
            separator: ",")
        return Self.jsonResponse(
            200, "{\"keys\":[\(hexadecimal)],\"keys_base64\":[\(base64)],\"root_token\":\(json(token))}\n")
    }
}

/// An unseal key as clients send it.
enum UnsealKey {
    /// The bytes of a key in hexadecimal or base64; nil for anything else.
    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        if digits.count.isMultiple(of: 2) {
            let pairs = stride(from: 0, to: digits.count, by: 2).map {
                UInt8(digits: String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            if !pairs.contains(nil) { return pairs.compactMap { $0 } }
        }
        return Data(base64Encoded: text).map { Array($0) }
    }

    /// In one form: hexadecimal, lower case.
    static func canonical(_ text: String) -> String? { bytes(text)?.hexadecimal }
}
