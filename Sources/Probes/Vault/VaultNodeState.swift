/// What a Vault node is, told from sys/health.
package enum VaultNodeState: String, Sendable, CaseIterable {
    case active
    case standby
    case performanceStandby = "performance_standby"
    case drSecondary = "dr_secondary"
    case sealed
    case uninitialized
    case storageError = "storage_error"
    /// 474: a standby that has lost the active node.
    case cutOff = "cut_off"
    /// 530: no longer a member of the cluster.
    case removed
    /// It answers, but with nothing that Vault is known to say.
    case degraded
    case unreachable

    package static let names = allCases.map(\.rawValue)

    /// By sys/health's status, its codes not overridden.
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

    /// Able to take over when the active node goes.
    package var isReadyStandby: Bool { self == .standby || self == .performanceStandby }

    /// Serves requests, or would at once.
    package var isUsable: Bool { self == .active || isReadyStandby }

    /// Unsealed and of a mind about who leads.
    var hasOpinionOnLeader: Bool { isUsable || self == .cutOff }
}
