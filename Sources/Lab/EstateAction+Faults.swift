/// Actions as faults that end.
extension EstateAction {
    /// What ends the fault that this action makes, in order: empty for a fault that ends by itself, nil for an action
    /// that makes none.
    package var cures: [EstateAction]? {
        switch self {
        case .node(let name, let action):
            switch action {
            case .seal: [.node(name, .unseal)]
            case .stepDown: []
            case .kill: [.node(name, .start), .node(name, .unseal)]
            case .hang, .storageError: [.node(name, .start)]
            case .unseal, .giveKey, .resetUnseal, .start: nil
            }
        case .cutReplication: [.restoreReplication]
        case .stopDatabase, .freezeDatabase: [.startDatabase]
        case .skipBackup, .corruptBackup, .emptyBackup, .stripBackup: [.restoreBackups]
        case .stopMail: [.startMail]
        case .breakWebsite: [.healWebsite]
        case .breakNames: [.healNames]
        case .failReceiver: [.healReceivers]
        case .giveKey, .restoreReplication, .startDatabase, .restoreBackups, .startMail, .healWebsite, .healNames,
            .healReceivers:
            nil
        }
    }

    /// Every action that makes a fault, in the order of `names`: those on a node for this one, those on a receiver for
    /// each kind.
    package static func faults(node: String) -> [EstateAction] {
        let texts =
            names.node.map { "\($0) \(node)" } + names.plain
            + names.receiver.flatMap { verb in Message.Kind.allCases.map { "\(verb) \($0.rawValue)" } }
        return texts.compactMap { EstateAction($0) }.filter { $0.cures != nil }
    }
}
