package import Samples

/// An entry of Vault's audit log, as far as events can be recognised by it. Texts are as in the log: clients choose paths
/// and display names, so control characters must be removed before they are printed.
/// Source: developer.hashicorp.com/vault/docs/audit; how it looks in practice: recorded from Vault 1.8.
package struct AuditEntry: Sendable, Hashable {
    /// Whose token it was.
    package struct Identity: Sendable, Hashable {
        /// `userpass-alice`, `approle`, `token`, `root`; empty without a valid token.
        package var displayName = ""
        /// The entity's id; empty for tokens without one, such as root tokens.
        package var entityID = ""
        /// `hmac-sha256:` and 64 digits: equal for the same token in the log of one device; empty for batch tokens.
        package var accessor = ""
        /// Whether the token has the policy `root`.
        package var isRoot = false
        /// Whether any policy is named, as for each valid token.
        package var hasPolicies = false
        /// Seconds from issue to end, as far as the entry says; nil for a token that does not end.
        package var timeToLive: Int64?
        /// When the token was issued; nil where the entry does not say.
        package var issued: Timestamp?

        /// An unknown one.
        package init() {}

        /// Whether a valid token was given.
        package var isKnown: Bool { hasPolicies || !displayName.isEmpty || !entityID.isEmpty }

        /// What tells one client from another: the entity, else the token. The display name `token` is shared by many.
        package var key: String { entityID.isEmpty ? (accessor.isEmpty ? displayName : accessor) : entityID }
    }

    /// Why a line of a log could not be read.
    package enum Fault: String, Sendable, CaseIterable {
        /// It ends in the middle, as when the disk was full.
        case cut
        /// It is not an audit entry.
        case form
        /// It is longer than lines may be.
        case oversized
    }

    /// What a response holds.
    package struct Response: Sendable, Hashable {
        /// Whether it has a lease, perhaps an empty one: KV version 1, and engines that make credentials.
        package var hasSecret = false
        /// Whether it has data.
        package var hasData = false
        /// Whether the data say that it failed, as for logins, which have no `error` of their own.
        package var hasDataError = false
        /// Whether the data have the form of KV version 2: a secret's data beside its version.
        package var isVersion2 = false
        /// The number of keys of a list; nil where it is none.
        package var keys: Int?
        /// The token that was issued.
        package var auth: Identity?

        /// One with nothing in it.
        package init() {}
    }

    /// When Vault wrote it.
    package var time = Timestamp(milliseconds: 0)
    /// A response, or the request before it, which has the same `id`.
    package var isResponse = false
    /// Vault's error; empty without one.
    package var error = ""
    /// Whose token it was.
    package var auth = Identity()
    /// The request's id.
    package var id = ""
    /// `read`, `list`, `create`, `update`, `delete`, `patch`.
    package var operation = ""
    /// The path, without a leading slash.
    package var path = ""
    /// The mount's path with a slash at its end; empty before Vault 1.13, which does not say it.
    package var mountPoint = ""
    /// `kv`, `system`, `token`, `userpass`; empty where the request reached no mount.
    package var mountType = ""
    /// The client's address, or a proxy's.
    package var address = ""
    /// The namespace's path with a slash at its end; empty for the root namespace.
    package var namespace = ""
    /// Nil for a request.
    package var response: Response?

    /// An empty entry.
    package init() {}
}
