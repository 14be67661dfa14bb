package import Probes

/// Why an event, or a client, is worth a look.
package enum AuditSuspicion: Sendable, Hashable {
    /// The kind of event by itself.
    case event(AuditEventKind)
    /// A login from an address where logins had failed before.
    case loginAfterFailures
    /// Many different secrets in a short time.
    case massReads

    /// As JSON has it: `root_token_use`, `login_after_failures`.
    package var name: String {
        switch self {
        case .event(let kind): kind.rawValue
        case .loginAfterFailures: "login_after_failures"
        case .massReads: "mass_reads"
        }
    }

    /// Whether somebody with this reason alone counts as suspicious. Refusals happen to every client.
    package var isGrave: Bool {
        switch self {
        case .event(let kind): kind.isAlarming
        case .loginAfterFailures, .massReads: true
        }
    }

    /// What is suspicious about it, for people.
    package var text: String {
        switch self {
        case .loginAfterFailures: "logged in after failed logins from the same address"
        case .massReads: "read many different secrets in a short time"
        case .event(let kind): AuditSuspicion.texts[kind] ?? kind.rawValue
        }
    }

    /// Kinds of events that are suspicious by themselves.
    static func of(_ kind: AuditEventKind) -> AuditSuspicion? { texts[kind] == nil ? nil : .event(kind) }

    private static let texts: [AuditEventKind: String] = [
        .rootTokenUse: "used a root token", .tokenWithoutEnd: "made a token that does not end",
        .auditDeviceDisabled: "disabled an audit device", .auditDeviceEnabled: "enabled an audit device",
        .policyChanged: "changed a policy", .authMethodChanged: "changed an auth method",
        .mountChanged: "changed a secrets engine's mount", .seal: "asked to seal a node",
        .stepDown: "made the active node step down", .rootGeneration: "took part in making a root token",
        .keyRotated: "rotated the encryption key", .secretIDCreated: "made a secret id of an AppRole",
        .snapshot: "took or restored a snapshot", .rawStorage: "read or changed raw storage",
        .capabilitiesAsked: "asked what a token may do", .denied: "was denied by a policy",
        .tokenUnknown: "used a token that is not known", .tokenMissing: "gave no token",
        .loginFailed: "failed to log in",
    ]
}
