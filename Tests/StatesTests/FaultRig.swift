import Lab
import Platform
import Testing
import Transport

/// The agent with the shipped rules and the shipped alerting on the reference estate, in virtual time.
final class FaultRig {
    let rig: StateRig
    let estate: FaultEstate

    /// - Parameter calm: how long the estate has been calm: where between two polls a fault begins.
    init(_ row: FaultRow, calm: Duration) throws {
        let alerting = try FaultReceivers.alerting()
        var made: FaultEstate?
        rig = try StateRig { estate in
            estate.receivers = alerting
            let whole = FaultEstate(estate)
            row.prepare(whole)
            made = whole
        }
        estate = try #require(made)
        rig.pass(calm)
    }

    /// The index of the active Vault node.
    var leader: Int { rig.leader ?? 0 }

    func kill(_ node: Int) {
        rig.perform(.kill, on: node)
        rig.lose(.http(origin: "https://vault-\(node + 1):8200"))
    }

    /// A database server's process ends, and with it its connections.
    func stop(_ server: String) {
        if server == "pg-1" { estate.stopPrimary() } else { estate.stopped.insert(server) }
        if let options = estate.estate.databaseOptions[server] { rig.lose(.postgres(options)) }
    }

    /// Starts what was killed or hung, and unseals what is sealed.
    func startNodes() {
        for node in 0..<3 {
            rig.perform(.start, on: node)
            rig.perform(.unseal, on: node)
        }
    }
}
