import Lab
import Platform

/// States of a Vault cluster.
enum VaultStates {
    static let rows: [StateRow] = [
        StateRow(name: "three healthy nodes on PostgreSQL storage", source: "Recordings of Vault 1.8", isHealthy: true),
        StateRow(
            name: "a standby was killed", source: "Recordings of Vault 1.8",
            fires: ["VaultNodeUnreachable", "VaultTooFewStandbys"]
        ) { estate in
            _ = estate.vault.perform(.kill, on: 2, at: estate.time.now(), random: estate.random)
        },
    ]
}
