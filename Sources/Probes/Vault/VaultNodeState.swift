/// The state of a Vault node, from sys/health.
package enum VaultNodeState: String, Sendable, CaseIterable {
    /// 200: serves requests.
    case active
    /// 429: unsealed and ready to take over.
    case standby
    /// 473: a standby that serves reads.
    case performanceStandby = "performance_standby"
    /// 472: a node of a disaster recovery secondary, which serves no clients by design; all its nodes answer so.
    case drSecondary = "dr_secondary"
    /// 503: sealed.
    case sealed
    /// 501: not initialised.
    case uninitialized
    /// 500 with an empty list of errors: the storage fails.
    case storageError = "storage_error"
    /// 474: a standby without a connection to the active node: it cannot forward requests. Whether it can take over
    /// depends on the storage.
    case cutOff = "cut_off"
    /// 530: no longer a member of the cluster.
    case removed
    /// The node answers, but not in a way that Vault is known to.
    case degraded
    /// No HTTP response.
    case unreachable

    /// All values of the label `state`.
    package static let names = allCases.map(\.rawValue)

    /// The state for a status of sys/health, requested without parameters that override it.
    /// Source: Vault's API documentation, /sys/health; 500 as `{"errors":[]}` when the storage fails.
    package init(status: Int) {
        switch status {
        case 200: self = .active
        case 429: self = .standby
        case 472: self = .drSecondary
        case 473: self = .performanceStandby
        case 474: self = .cutOff
        case 500: self = .storageError
        case 501: self = .uninitialized
        case 503: self = .sealed
        case 530: self = .removed
        default: self = .degraded
        }
    }

    /// Whether the node can take over from the active one, whatever the storage.
    package var isReadyStandby: Bool { self == .standby || self == .performanceStandby }

    /// Whether the node reports a leader in sys/leader.
    var reportsLeader: Bool { self == .active || isReadyStandby || self == .cutOff }
}
