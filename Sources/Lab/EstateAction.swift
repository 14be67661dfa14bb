/// Actions on the simulated estate.
package enum EstateAction: Hashable, Sendable, CustomStringConvertible {
    /// An action on a node, by name.
    case node(String, SimulatedVaultCluster.Action)
    /// Enters the next unseal key on a sealed node.
    case giveKey(String)
    /// The replica loses its primary.
    case cutReplication
    /// Ends `cutReplication`.
    case restoreReplication
    /// The primary stops: standbys answer with 500 at once, the active node after a while.
    case stopDatabase
    /// The primary freezes: standbys hang, the active node still answers.
    case freezeDatabase
    /// Ends `stopDatabase` and `freezeDatabase`.
    case startDatabase
    /// Removes the newest backup, as if it had never been made.
    case skipBackup
    /// Flips a bit in the newest backup.
    case corruptBackup
    /// Makes the newest backup empty.
    case emptyBackup
    /// Removes the metadata of the newest backup.
    case stripBackup
    /// Restores all backups.
    case restoreBackups
    /// Stops the mail server that is watched as a service.
    case stopMail
    /// Ends `stopMail`.
    case startMail
    /// The website answers 500.
    case breakWebsite
    /// Ends `breakWebsite`.
    case healWebsite
    /// The zone names another mail server.
    case breakNames
    /// Ends `breakNames`.
    case healNames
    /// Makes a receiver fail.
    case failReceiver(Message.Kind, ReceiverFailure)
    /// Ends all failures of receivers.
    case healReceivers

    private static let nodeActions: [(name: String, action: SimulatedVaultCluster.Action)] = [
        ("seal", .seal), ("unseal", .unseal), ("step-down", .stepDown), ("kill", .kill), ("start", .start),
        ("hang", .hang),
        ("storage-error", .storageError),
    ]
    private static let plain: [(name: String, action: EstateAction)] = [
        ("cut-replication", .cutReplication), ("restore-replication", .restoreReplication),
        ("stop-database", .stopDatabase), ("freeze-database", .freezeDatabase), ("start-database", .startDatabase),
        ("skip-backup", .skipBackup), ("corrupt-backup", .corruptBackup), ("empty-backup", .emptyBackup),
        ("strip-backup", .stripBackup),
        ("restore-backups", .restoreBackups),
        ("stop-mail", .stopMail), ("start-mail", .startMail), ("break-website", .breakWebsite),
        ("heal-website", .healWebsite), ("break-names", .breakNames), ("heal-names", .healNames),
        ("heal-receivers", .healReceivers),
    ]

    /// The names of the actions on a node, without an argument, and on a receiver.
    package static let names: (node: [String], plain: [String], receiver: [String]) = (
        nodeActions.map(\.name) + ["key"], plain.map(\.name), ["fail", "rate-limit", "hang-receiver", "reset"]
    )

    /// Parses `seal vault-1`, `key vault-2`, `skip-backup`, `fail slack`, `rate-limit pagerduty`.
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

    /// The text that `init(_:)` parses.
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
