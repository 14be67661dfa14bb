import FoundationEssentials
import Platform
import Text

/// Reads a secret from a Vault in recovery mode: without mounts, leases, audit devices or high availability, so that
/// nothing can be acted on. Source: Vault documentation, "Recovery mode"; recorded answers of Vault 1.8.
struct RecoveryModeReader: Sendable {
    let client: StagingClient
    let files: any FileAccess

    private struct Attempt: Decodable, Sendable {
        let nonce: String
        let otp: String?
        let complete: Bool?
        let required: Int?
        let encoded_token: String?
    }

    private struct Raw: Decodable, Sendable {
        struct Content: Decodable, Sendable { let value: String }
        let data: Content
    }

    private struct Mounts: Decodable {
        struct Entry: Decodable {
            let path: String
            let type: String
            let uuid: String
            let options: [String: String]?
        }
        let entries: [Entry]
    }

    /// Whether the Vault answers as one in recovery mode; nil while it does not answer.
    func isReady() async -> Bool? {
        switch await client.send(client.request("GET", "sys/generate-recovery-token/attempt")) {
        case .value: true
        // An attempt of nobody: the endpoint exists, and only in recovery mode.
        case .status(let status, _): status == 404 ? await isHealthMissing() : status == 400
        case .silent: nil
        }
    }

    /// In recovery mode there is no sys/health.
    private func isHealthMissing() async -> Bool {
        if case .value(let health) = await client.health() { health.status == 404 } else { false }
    }

    /// Makes a token of the unseal keys.
    func token(_ keys: [(name: String, key: Secret)]) async throws(RestoreFailure) -> Secret {
        struct Empty: Encodable {}
        struct Share: Encodable {
            let key: String
            let nonce: String
        }
        // An attempt that somebody left would be continued with our keys.
        _ = await client.send(client.request("DELETE", "sys/generate-recovery-token/attempt"))
        let started = try expect(
            await client.put("sys/generate-recovery-token/attempt", Empty()).decoded(Attempt.self), "starts no attempt")
        guard let otp = started.otp, !otp.isEmpty else {
            throw RestoreFailure(.staging, "staging gives no one-time password for the recovery token")
        }
        if let required = started.required, keys.count < required {
            throw RestoreFailure(.keys, "the backup needs \(required) unseal keys; key_files has \(keys.count)")
        }
        for (name, secret) in keys {
            let text: String
            do throws(FileError) { text = try await secret.revealInTime(files) } catch {
                throw RestoreFailure(.configuration, "key_files: \(error)")
            }
            switch await client.put(
                "sys/generate-recovery-token/update", Share(key: text, nonce: started.nonce)
            ).decoded(Attempt.self) {
            case .value(let attempt):
                guard attempt.complete == true, let encoded = attempt.encoded_token else { continue }
                guard let token = RecoveryModeReader.decode(encoded, otp: otp) else {
                    throw RestoreFailure(.staging, "the recovery token cannot be decoded")
                }
                return Secret(value: token)
            case .status(_, let words) where words.contains("valid hex or base64"):
                throw RestoreFailure(
                    .keys, "\(name) holds no unseal key: expected one line of hexadecimal or Base64")
            case .status(let status, let words):
                throw RestoreFailure(
                    .keys,
                    "the unseal keys do not open this backup: a share is wrong, or they are of another rekey than the backup's (\(status) \(words))"
                )
            case .silent(let reason): throw RestoreFailure(.staging, "staging does not answer: \(reason)")
            }
        }
        throw RestoreFailure(
            .keys, "the backup needs more unseal keys than the \(keys.count) of key_files, or two are the same")
    }

    /// Whether the secret at a path of a KV mount of version 1 is there and is a JSON object.
    func read(_ path: String, token: Secret) async throws(RestoreFailure) {
        let table = try await raw("core/mounts", token)
        guard let table, let mounts = try? JSONDecoder().decode(Mounts.self, from: Data(table.utf8)) else {
            throw RestoreFailure(.canary, "core/mounts of the copy cannot be read")
        }
        guard
            let mount = mounts.entries.filter({ path.hasPrefix($0.path) }).max(by: { $0.path.count < $1.path.count })
        else { throw RestoreFailure(.canary, "the copy has no mount for \(path)") }
        // Version 2 stores under names that are derived from a secret salt.
        if mount.options?["version"] == "2" {
            throw RestoreFailure(
                .configuration,
                "\(path) is in a KV mount of version 2, which recovery mode cannot read by name: name a secret of a version 1 mount"
            )
        }
        let value = try await raw("logical/\(mount.uuid)/\(path.dropFirst(mount.path.count))", token)
        guard let value else { throw RestoreFailure(.canary, "the copy has no secret at \(path)") }
        guard value.utf8.first == UInt8(ascii: "{"), value.utf8.count > 2 else {
            throw RestoreFailure(.canary, "the secret at \(path) is empty")
        }
    }

    /// nil if there is nothing.
    private func raw(_ key: String, _ token: Secret) async throws(RestoreFailure) -> String? {
        let path = "sys/raw/" + PercentCoding.encode(key, keepingSlashes: true)
        switch await client.send(client.request("GET", path, token: token)).decoded(Raw.self) {
        case .value(let raw): return raw.data.value
        case .status(404, _): return nil
        case .status(let status, let words):
            throw RestoreFailure(.canary, "staging does not give \(key.prefix(12))…: \(status) \(words)")
        case .silent(let reason): throw RestoreFailure(.staging, "staging does not answer: \(reason)")
        }
    }

    private func expect<Value>(_ answer: StagingAnswer<Value>, _ what: String) throws(RestoreFailure) -> Value {
        switch answer {
        case .value(let value): return value
        case .status(let status, let words): throw RestoreFailure(.staging, "staging \(what): \(status) \(words)")
        case .silent(let reason): throw RestoreFailure(.staging, "staging \(what): \(reason)")
        }
    }

    /// Base64 without padding of the token, XOR the one-time password.
    private static func decode(_ encoded: String, otp: String) -> String? {
        let padding = String(repeating: "=", count: (4 - encoded.utf8.count % 4) % 4)
        guard let bytes = Data(base64Encoded: encoded + padding), bytes.count == otp.utf8.count else { return nil }
        return String(decoding: zip(bytes, otp.utf8).map { $0 ^ $1 }, as: UTF8.self)
    }
}
