import FoundationEssentials
import Platform
import Samples
import Synchronization
import Text
import Transport

/// Tokens by the credentials they were obtained with, each used until shortly before it expires.
final class OAuth2Tokens: Sendable {
    private struct Token {
        var text: String
        var until: Instant
    }

    private let known = Mutex<[OAuth2Options: Token]>([:])
    /// A token must not expire while its request is under way.
    private static let margin: Duration = .seconds(10)
    /// The lifetime of a token if the answer specifies none.
    private static let defaultLifetime: Duration = .seconds(3600)

    func token(_ options: OAuth2Options, now: Instant) -> String? {
        known.withLock { known in known[options].flatMap { $0.until > now ? $0.text : nil } }
    }

    /// Drops a token that a receiver has refused.
    func forget(_ options: OAuth2Options) { known.withLock { $0[options] = nil } }

    private struct Reply: Decodable {
        var access_token: String
        var expires_in: Double?
    }

    /// Stores the token from a token endpoint's answer.
    /// - Returns: the token; nil if the answer contains none.
    func take(_ body: [UInt8], _ options: OAuth2Options, now: Instant) -> String? {
        guard let reply = try? JSONDecoder().decode(Reply.self, from: Data(body)), !reply.access_token.isEmpty else {
            return nil
        }
        let seconds = reply.expires_in.flatMap { $0.isFinite && $0 > 0 ? min($0, 86_400) : nil }
        let life = seconds.map { Duration.milliseconds(Int64(saturating: $0 * 1000)) } ?? OAuth2Tokens.defaultLifetime
        known.withLock {
            $0[options] = Token(text: reply.access_token, until: now + max(life - OAuth2Tokens.margin, .zero))
        }
        return reply.access_token
    }

    /// `application/x-www-form-urlencoded`.
    static func form(_ pairs: [(name: String, value: String)]) -> [UInt8] {
        Array(
            pairs.map { PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value) }.joined(separator: "&")
                .utf8)
    }
}
