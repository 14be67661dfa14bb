import FoundationEssentials
import Platform
import Text

/// `vault server -recovery`: no mounts, no leases, no high availability; raw access to the storage with a token that
/// the unseal keys make. As recorded from Vault 1.8 on PostgreSQL storage.
extension SimulatedVaultCluster {
    /// The keys given so far towards a token.
    struct RecoveryAttempt: Sendable {
        let nonce: String
        let otp: [UInt8]
        var given: Set<String> = []
    }

    mutating func recoveryMode(_ request: LabRequest, _ path: String, _ random: any RandomSource) -> LabResponse {
        let writes = request.method == "PUT" || request.method == "POST"
        switch path {
        case "sys/generate-recovery-token/attempt" where writes:
            guard recoveryAttempt == nil else { return Self.error(400, "root generation already in progress") }
            let otp = RecoveryToken.text(26, random)
            let attempt = RecoveryAttempt(nonce: random.uuid(), otp: otp)
            recoveryAttempt = attempt
            return progress(attempt, otp: String(decoding: otp, as: UTF8.self))
        case "sys/generate-recovery-token/attempt" where request.method == "DELETE":
            recoveryAttempt = nil
            return LabResponse(204, headers: Self.headers)
        case "sys/generate-recovery-token/update" where writes: return giveRecoveryKey(request, random)
        case _ where path.hasPrefix("sys/raw/"):
            guard let token = request.headers["x-vault-token"] ?? Self.bearer(request) else {
                return Self.error(400, "missing client token")
            }
            guard token == recoveryToken else { return Self.error(403, "permission denied") }
            return raw(request, String(path.dropFirst(8)), random)
        default: return Self.errors(404, [])
        }
    }

    private func progress(_ attempt: RecoveryAttempt, otp: String = "", token: String? = nil) -> LabResponse {
        let required = shareCounts.threshold
        return Self.jsonResponse(
            200,
            """
            {"nonce":\(json(attempt.nonce)),"started":true,"progress":\(attempt.given.count),"required":\(required),\
            "complete":\(token != nil),"encoded_token":\(json(token ?? "")),"encoded_root_token":"",\
            "pgp_fingerprint":"","otp":\(json(otp)),"otp_length":26}

            """)
    }

    private mutating func giveRecoveryKey(_ request: LabRequest, _ random: any RandomSource) -> LabResponse {
        struct Body: Decodable {
            let key: String?
            let nonce: String?
        }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body)) else {
            return Self.error(400, "failed to parse JSON input: unexpected end of JSON input")
        }
        guard var attempt = recoveryAttempt else { return Self.error(400, "no root generation in progress") }
        guard body.nonce == attempt.nonce else {
            return Self.error(
                400, "incorrect nonce supplied; nonce for this root generation operation is \(json(attempt.nonce))")
        }
        guard let key = body.key.flatMap(UnsealKey.canonical) else {
            return Self.error(400, "'key' must be a valid hex or base64 string")
        }
        attempt.given.insert(key)
        recoveryAttempt = attempt
        guard attempt.given.count >= shareCounts.threshold else { return progress(attempt) }
        recoveryAttempt = nil
        guard let rootKey = unopened?.seal?.rootKey(with: attempt.given) else {
            return Self.error(
                400,
                "root generation aborted, master key verification failed: cipher: message authentication failed")
        }
        options.storedRootKey = rootKey
        let token = Array("r.".utf8) + RecoveryToken.text(24, random)
        recoveryToken = String(decoding: token, as: UTF8.self)
        let encoded = Data(zip(token, attempt.otp).map { $0 ^ $1 }).base64EncodedString()
        return progress(attempt, token: String(encoded.prefix { $0 != "=" }))
    }

    private mutating func raw(_ request: LabRequest, _ key: String, _ random: any RandomSource) -> LabResponse {
        guard let storage = unopened else { return Self.errors(404, []) }
        if request.method == "LIST" || request.parameter("list") == "true" {
            let folder = key.isEmpty || key.hasSuffix("/") ? key : key + "/"
            let names = Set(
                storage.rows.keys.filter { $0.hasPrefix(folder) }.map { name -> String in
                    let rest = name.dropFirst(folder.count)
                    return rest.firstIndex(of: "/").map { String(rest[...$0]) } ?? String(rest)
                })
            guard !names.isEmpty else { return Self.errors(404, []) }
            return envelope("\"data\":{\"keys\":[\(names.sorted().map(json).joined(separator: ","))]}", random)
        }
        if request.method == "DELETE" {
            unopened?.rows[key] = nil
            return LabResponse(204, headers: Self.headers)
        }
        guard let value = storage.open(key, under: options.rootKey) else { return Self.errors(404, []) }
        return envelope("\"data\":{\"value\":\(json(String(decoding: value, as: UTF8.self)))}", random)
    }
}

private enum RecoveryToken {
    /// Random letters and digits.
    static func text(_ count: Int, _ random: any RandomSource) -> [UInt8] {
        let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var source = SplitMix(seed: random.next())
        return (0..<count).map { _ in letters[Int(source.next() % 62)] }
    }
}
