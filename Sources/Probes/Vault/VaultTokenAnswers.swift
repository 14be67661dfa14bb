import Samples
import Text
import Transport

/// The answer of auth/token/lookup-self. Source: Vault API documentation, auth/token.
struct TokenAnswer: Decodable, Sendable, Hashable {
    var type: String?
    var isRenewable: Bool?
    /// Remaining seconds; 0 for a token that never expires.
    var ttl: Int64?
    var creationTTL: Int64?
    var period: Int64?
    var explicitMaxTTL: Int64?
    /// Requests left after this one; 0 if unlimited.
    var remainingUses: Int64?
    var creationTime: Int64?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        type = fields["type"]
        isRenewable = fields["renewable"]
        ttl = fields["ttl"]
        creationTTL = fields["creation_ttl"]
        period = fields["period"]
        explicitMaxTTL = fields["explicit_max_ttl"]
        remainingUses = fields["num_uses"]
        creationTime = fields["creation_time"]
    }
}

/// What a login or a renewal grants.
struct GrantAnswer: Decodable, Sendable, Hashable {
    var token: String?
    var leaseDuration: Int64?
    var isRenewable: Bool?
    var type: String?
    var role: String?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        token = fields["client_token"]
        leaseDuration = fields["lease_duration"]
        isRenewable = fields["renewable"]
        type = fields["token_type"]
        let metadata: [String: LenientText]? = fields["metadata"]
        role = metadata?["role_name"]?.text
    }
}

/// The answer of auth/approle/role/…/secret-id/lookup.
struct SecretIDAnswer: Decodable, Sendable, Hashable {
    /// Nil if it never expires.
    var expiry: Timestamp?
    /// Seconds; 0 if it never expires.
    var ttl: Int64?
    /// Logins left; 0 if unlimited.
    var remainingUses: Int64?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        expiry = fields.time("expiration_time").flatMap { $0.milliseconds > 0 ? $0 : nil }
        ttl = fields["secret_id_ttl"]
        remainingUses = fields["secret_id_num_uses"]
    }
}

/// The envelope of Vault's answers, with the fields that the agent reads.
struct VaultEnvelope<Content: Decodable>: Decodable {
    var data: Content?
    var auth: GrantAnswer?
    var warnings: [String]

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        data = fields["data"]
        auth = fields["auth"]
        warnings = fields["warnings"] ?? []
    }
}

/// The names of the audit devices; their settings are not read.
struct AuditAnswer: Decodable, Sendable {
    private struct Ignored: Decodable { init(from decoder: any Decoder) throws {} }

    let devices: [String]

    init(from decoder: any Decoder) throws {
        devices = try [String: Ignored](from: decoder).keys.sorted()
    }
}

/// The longest lease that a mount grants.
struct TuneAnswer: Decodable, Sendable {
    var longestLife: Int64?

    init(from decoder: any Decoder) throws {
        longestLife = try LenientFields(decoder)["max_lease_ttl"]
    }
}

extension HTTPResponse {
    /// The cause of a 403.
    enum Refusal: Sendable, Hashable {
        /// The token is expired, revoked or unknown; Vault does not say which.
        case token
        /// The token is valid, but its policies do not allow the request.
        case policy
        /// One of the two.
        case unclear
    }

    /// Vault's own messages; empty if the body is not Vault's.
    package var vaultErrors: String {
        decodeJSON(ErrorAnswer.self, body)?.errors.prefix(4).joined(separator: "; ") ?? ""
    }

    /// Newer versions add `invalid token` when the token is the reason; older ones answer with two words instead of a
    /// list of errors. Source: Vault's documentation, concepts/tokens.
    var refusal: Refusal {
        let words = vaultErrors
        if words.contains("invalid token") || words.contains("bad token") { return .token }
        return words.contains("1 error occurred") ? .policy : .unclear
    }
}
