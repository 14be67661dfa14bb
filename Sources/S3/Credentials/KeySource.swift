import FoundationEssentials
import Platform
import Samples
import Text
import Transport

/// Obtains the keys of a session. Messages repeat nothing of a service's answer but its status and its own error code:
/// an answer may contain a secret.
struct KeySource: Sendable {
    let credentials: S3Credentials
    let region: String
    /// For a token service at a custom address.
    let tls: TLSOptions
    let http: any HTTPClient
    let files: any FileAccess
    let environment: @Sendable (String) -> String?

    /// An answer with keys has about 2 KiB.
    static let answerLimitBytes = 64 << 10

    /// The source's name in messages.
    var name: String {
        switch credentials {
        case .instance: "the instance's metadata service"
        case .webIdentity: "the token service"
        case .container: "the container's credentials agent"
        case .profile(let options): "profile \"\(options.name)\""
        case .environment, .keys, .directory, .anonymous: "the configuration"
        }
    }

    /// - Throws: `.noCredentials`, with advice.
    func fetch(now: Timestamp) async throws(S3Error) -> SessionKeys {
        let keys: SessionKeys
        switch credentials {
        case .instance(let options): keys = try await instanceKeys(options)
        case .webIdentity(let options): keys = try await webIdentityKeys(options)
        case .container: keys = try await containerKeys()
        case .profile(let options): keys = try await profileKeys(options)
        case .environment, .keys, .directory, .anonymous: throw failure("these credentials have no session")
        }
        if let expires = keys.expires, expires - now <= SessionState.lastSeconds {
            throw failure("the keys had ended at \(expires.rfc3339), by this machine's clock at \(now.rfc3339)")
        }
        return keys
    }

    func failure(_ message: String) -> S3Error { S3Error(.noCredentials, "\(name): \(message)") }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }

    /// A request that stays on this machine or its link, hence the short timeouts.
    func localRequest(_ url: String) -> HTTPRequest {
        var request = HTTPRequest(url: url)
        request.timeout = .seconds(3)
        request.connectTimeout = .seconds(1)
        request.bodyLimitBytes = KeySource.answerLimitBytes
        return request
    }

    /// The first line of a file.
    func line(of path: String, _ what: String) async throws(S3Error) -> String {
        let text: String
        do {
            text = try await Secret(file: path).revealInTime(files)
        } catch {
            throw failure("\(what) cannot be read: \(error)")
        }
        guard !text.isEmpty else { throw failure("\(what) in \(path) is empty") }
        return text
    }

    /// The code of a refusal if it is a plain word; nothing else of the answer is shown.
    static func code(_ text: String?) -> String? {
        guard let text, !text.isEmpty, text.utf8.count <= 80,
            text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") })
        else { return nil }
        return text
    }

    /// Keys in the format of the metadata service and the container agents. Sources: Amazon EC2 User Guide, "Retrieve
    /// security credentials from instance metadata"; AWS SDKs and Tools Reference Guide, "Container credential
    /// provider".
    struct KeyAnswer: Decodable {
        var code: String?
        var accessKeyID: String?
        var secretAccessKey: String?
        var token: String?
        var expiration: String?

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case accessKeyID = "AccessKeyId"
            case secretAccessKey = "SecretAccessKey"
            case token = "Token"
            case expiration = "Expiration"
        }
    }

    /// Session keys always have a token and an expiry: an answer that lacks either is rejected.
    func keys(_ body: [UInt8]) throws(S3Error) -> SessionKeys {
        guard let answer = try? JSONDecoder().decode(KeyAnswer.self, from: Data(body)) else {
            throw failure("the answer is not the JSON of keys")
        }
        if let code = answer.code, code != "Success" {
            throw failure("no keys: \(KeySource.code(code) ?? "an unknown code")")
        }
        guard let token = answer.token, let expires = answer.expiration.flatMap({ Timestamp(rfc3339: $0) }),
            let keys = SessionKeys(answer.accessKeyID, answer.secretAccessKey, token: token, expires: expires)
        else { throw failure("the answer lacks a key, the token or the end of the session") }
        return keys
    }
}
