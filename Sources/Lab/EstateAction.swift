/// What can be made to happen to the simulated estate.
package enum EstateAction: Hashable, Sendable, CustomStringConvertible {
    case node(String, VaultCluster.Action)
    /// Gives a sealed node its next unseal key.
    case giveKey(String)
    case cutReplication
    case restoreReplication
    /// The primary stops: standbys answer 500 at once, the active node after a while.
    case stopDatabase
    /// The primary freezes: standbys hang, the active node answers on.
    case freezeDatabase
    /// Ends both.
    case startDatabase
    /// The newest backup was never made; again: the one before it, too.
    case skipBackup
    /// The newest backup's bytes rot.
    case corruptBackup
    case emptyBackup
    case stripBackup
    case restoreBackups
    case failReceiver(Message.Kind, ReceiverFailure)
    case healReceivers

    private static let nodeActions: [(name: String, action: VaultCluster.Action)] = [
        ("seal", .seal), ("unseal", .unseal), ("step-down", .stepDown), ("kill", .kill), ("start", .start),
        ("hang", .hang),
        ("storage-error", .storageError),
    ]
    private static let plain: [(name: String, action: EstateAction)] = [
        ("cut-replication", .cutReplication), ("restore-replication", .restoreReplication),
        ("stop-database", .stopDatabase), ("freeze-database", .freezeDatabase), ("start-database", .startDatabase),
        ("skip-backup", .skipBackup), ("corrupt-backup", .corruptBackup), ("empty-backup", .emptyBackup),
        ("strip-backup", .stripBackup),
        ("restore-backups", .restoreBackups), ("heal-receivers", .healReceivers),
    ]

    /// Names of actions that take a node, of those that take nothing, and of those that take a receiver.
    package static let names: (node: [String], plain: [String], receiver: [String]) = (
        nodeActions.map(\.name) + ["key"], plain.map(\.name), ["fail", "rate-limit", "hang-receiver", "reset"]
    )

    /// Reads `seal vault-1`, `key vault-2`, `skip-backup`, `fail slack`, `rate-limit pagerduty`.
    package init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard let verb = words.first, words.count <= 2 else { return nil }
        if words.count == 1 {
            guard let found = EstateAction.plain.first(where: { $0.name == verb }) else { return nil }
            self = found.action
            return
        }
        if verb == "key" {
            self = .giveKey(words[1])
        } else if let found = EstateAction.nodeActions.first(where: { $0.name == verb }) {
            self = .node(words[1], found.action)
        } else if let kind = Message.Kind(rawValue: words[1]) {
            switch verb {
            case "fail": self = .failReceiver(kind, .status(500))
            case "rate-limit": self = .failReceiver(kind, .rateLimited(retryAfterSeconds: 5))
            case "hang-receiver": self = .failReceiver(kind, .hang)
            case "reset": self = .failReceiver(kind, .reset)
            default: return nil
            }
        } else {
            return nil
        }
    }

    /// As `init(_:)` reads it, where it does.
    package var description: String {
        switch self {
        case .node(let name, let action):
            "\(EstateAction.nodeActions.first { $0.action == action }?.name ?? "\(action)") \(name)"
        case .giveKey(let name): "key \(name)"
        case .failReceiver(let kind, let failure):
            switch failure {
            case .status: "fail \(kind.rawValue)"
            case .rateLimited: "rate-limit \(kind.rawValue)"
            case .hang: "hang-receiver \(kind.rawValue)"
            case .reset: "reset \(kind.rawValue)"
            }
        default: EstateAction.plain.first { $0.action == self }?.name ?? "?"
        }
    }
}
