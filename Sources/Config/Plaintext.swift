package import Delivery
import Transport
import YAML

/// Detects settings that would send secrets over a network unencrypted, where they can be intercepted.
package enum Plaintext {
    /// Whether a URL leads over a network without TLS; this machine's own addresses do not.
    package static func isExposed(_ url: String) -> Bool {
        guard url.prefix(7).lowercased() == "http://" else { return false }
        return !(URLParts(url).map { isLoopback($0.host) } ?? false)
    }

    /// Whether a host is this machine by its name or address. Sources: RFC 6761, 6.3; RFC 1122, 3.2.1.3.
    static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension ReceiversParser {
    /// Refuses a URL to which a secret would be sent unencrypted.
    /// - Parameters:
    ///   - secret: what the secret is; nil uses the credentials of `http_config`, if any.
    ///   - key: the key of the URL, or of its file.
    func refusePlaintext(
        _ url: String, _ secret: String?, _ http: HTTPClientOptions, _ key: String, at position: SourcePosition
    ) {
        let hasUser =
            url.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").dropFirst().first?.contains("@") == true
        guard !http.allowsPlaintext, Plaintext.isExposed(url),
            let secret = secret ?? http.secretName ?? (hasUser ? "the password in the URL" : nil)
        else { return }
        errors.add(
            position,
            "\(key): \(secret) would go over the network unencrypted; expected https://, or \"allow_plaintext: true\" in http_config"
        )
    }
}

extension HTTPClientOptions {
    /// The part that is sent with each request and is confidential, in words; nil if there is none.
    package var secretName: String? {
        switch authorization {
        case .basic: "the password of basic_auth"
        case .scheme, .oauth2: "the token of http_config"
        case .none: headers.contains(where: \.isSecret) ? "a secret of http_headers" : nil
        }
    }
}
