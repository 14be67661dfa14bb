/// What an entry of the audit log tells. An entry may tell several things: a root token that disables an audit device.
package enum AuditEventKind: String, Sendable, Hashable, CaseIterable {
    /// A root token was used.
    case rootTokenUse = "root_token_use"
    /// A token without an end was created.
    case tokenWithoutEnd = "token_without_end"
    /// A token was created by another one.
    case tokenCreated = "token_created"
    /// An audit device was disabled; the entry is in the logs of the other devices, or the device's last one.
    case auditDeviceDisabled = "audit_device_disabled"
    /// An audit device was enabled.
    case auditDeviceEnabled = "audit_device_enabled"
    /// A policy was written or deleted.
    case policyChanged = "policy_changed"
    /// An auth method was enabled, tuned or disabled.
    case authMethodChanged = "auth_method_changed"
    /// A secrets engine was enabled, tuned, moved or disabled.
    case mountChanged = "mount_changed"
    /// Sealing a node was requested.
    case seal
    /// The active node was told to step down.
    case stepDown = "step_down"
    /// Generation of a root token was begun, given a share, or cancelled.
    case rootGeneration = "root_generation"
    /// The encryption key was rotated.
    case keyRotated = "key_rotated"
    /// A secret id of an AppRole was created.
    case secretIDCreated = "secret_id_created"
    /// A snapshot of integrated storage was taken or restored.
    case snapshot
    /// Raw storage was read or changed.
    case rawStorage = "raw_storage"
    /// Somebody asked what a token may do.
    case capabilitiesAsked = "capabilities_asked"
    /// A policy denied a request.
    case denied
    /// The token is not known: expired, revoked, or never one.
    case tokenUnknown = "token_unknown"
    /// No token was given.
    case tokenMissing = "token_missing"
    /// Somebody logged in.
    case login
    /// A login failed.
    case loginFailed = "login_failed"
    /// A secret's value was read.
    case secretRead = "secret_read"
    /// The names of secrets were listed.
    case secretList = "secret_list"
    /// A secret was written.
    case secretWrite = "secret_write"
    /// A secret was deleted.
    case secretDelete = "secret_delete"
    /// There was nothing at the path that was read.
    case notFound = "not_found"
    /// Any other request, and requests that failed otherwise.
    case other

    /// Whether it changes how Vault protects itself, or gives somebody lasting power: each one is worth a look.
    package var isAlarming: Bool {
        switch self {
        case .rootTokenUse, .tokenWithoutEnd, .auditDeviceDisabled, .auditDeviceEnabled, .policyChanged,
            .authMethodChanged, .mountChanged, .seal, .stepDown, .rootGeneration, .keyRotated, .secretIDCreated,
            .snapshot, .rawStorage:
            true
        case .tokenCreated, .capabilitiesAsked, .denied, .tokenUnknown, .tokenMissing, .login, .loginFailed,
            .secretRead, .secretList, .secretWrite, .secretDelete, .notFound, .other:
            false
        }
    }

    /// Whether a request was refused.
    package var isRefusal: Bool { [.denied, .tokenUnknown, .tokenMissing, .loginFailed].contains(self) }
}

extension AuditEntry {
    /// What it tells; empty for the requests that have a response, which is counted in their place.
    package var kinds: [AuditEventKind] {
        guard isResponse else {
            // Vault ends these requests without a response.
            guard error.isEmpty, let kind = AuditEntry.unanswered[path] else { return [] }
            return auth.isRoot ? [.rootTokenUse, kind] : [kind]
        }
        if AuditEntry.unanswered[path] != nil, error.isEmpty { return [] }
        let kind = kind
        var kinds = [kind]
        if kind == .tokenCreated, response?.auth?.timeToLive == nil { kinds.append(.tokenWithoutEnd) }
        if auth.isRoot { kinds.insert(.rootTokenUse, at: 0) }
        return kinds
    }

    private static let unanswered: [String: AuditEventKind] = [
        "sys/seal": .seal, "sys/step-down": .stepDown,
    ]

    /// What a response tells, but for whose token it was.
    private var kind: AuditEventKind {
        let response = response ?? Response()
        if path.hasPrefix("auth/"), !path.hasPrefix("auth/token/") {
            // A wrapped login has neither a token nor an error.
            if response.auth != nil { return .login }
            if isLogin, response.hasDataError || !error.isEmpty { return .loginFailed }
        }
        guard error.isEmpty else { return refusal }
        if path.hasPrefix("auth/token/create"), response.auth != nil { return .tokenCreated }
        if path.hasPrefix("sys/") { return response.hasDataError && !isRootGeneration ? .other : administration }
        if path.hasPrefix("auth/") {
            let isMade = isChange && (path.hasSuffix("/secret-id") || path.hasSuffix("/custom-secret-id"))
            return isMade && response.hasData && mountType == "approle" ? .secretIDCreated : .other
        }
        return access(response)
    }

    private var refusal: AuditEventKind {
        if error.contains("permission denied") { return auth.isKnown ? .denied : .tokenUnknown }
        // Vault's texts for a request without a token: on the response, and on the request.
        let isMissing = error.contains("invalid request") || error.contains("missing client token")
        return isMissing && !auth.isKnown ? .tokenMissing : .other
    }

    private var isChange: Bool { ["create", "update", "patch", "delete"].contains(operation) }
    private var isRootGeneration: Bool { path.hasPrefix("sys/generate-root/") }
    private var isLogin: Bool {
        path.hasSuffix("/login") || path.contains("/login/") || path.hasSuffix("/callback")
    }

    /// Requests to `sys/`.
    private var administration: AuditEventKind {
        if path.hasPrefix("sys/storage/raft/snapshot"), !path.hasPrefix("sys/storage/raft/snapshot-auto") {
            return .snapshot
        }
        if path.hasPrefix("sys/raw/") { return .rawStorage }
        if path.hasPrefix("sys/capabilities") { return .capabilitiesAsked }
        guard isChange else { return .other }
        if isRootGeneration { return .rootGeneration }
        if path.hasPrefix("sys/audit/") { return operation == "delete" ? .auditDeviceDisabled : .auditDeviceEnabled }
        if path.hasPrefix("sys/policy/") || path.hasPrefix("sys/policies/") { return .policyChanged }
        if path.hasPrefix("sys/auth/") { return .authMethodChanged }
        if path.hasPrefix("sys/mounts/") || path.hasPrefix("sys/remount") { return .mountChanged }
        return path == "sys/rotate" || path == "sys/rotate/keyring" ? .keyRotated : .other
    }

    /// Requests to secrets engines.
    private func access(_ response: Response) -> AuditEventKind {
        let isKeyValue = mountType == "kv" || mountType == "generic"
        switch operation {
        case "list": return isKeyValue ? .secretList : .other
        case "read":
            if response.hasSecret, response.hasData, mountType != "cubbyhole" { return .secretRead }
            if isKeyValue, response.isVersion2 { return .secretRead }
            return isKeyValue && !response.hasData ? .notFound : .other
        case "create", "update", "patch": return isKeyValue ? .secretWrite : .other
        case "delete": return isKeyValue ? .secretDelete : .other
        default: return .other
        }
    }
}
