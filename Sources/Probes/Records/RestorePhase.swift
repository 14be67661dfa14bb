/// The phases of a restore test, in order.
package enum RestorePhase: String, Sendable, CaseIterable, Codable {
    /// Finding the backup in the bucket.
    case select
    /// Checking that staging is nothing that is watched, before anything is touched.
    case guarding = "guard"
    /// Downloading the object, whose checksum is computed meanwhile.
    case fetch
    /// Comparing the checksum.
    case checksum
    /// Decrypting, with the tag checked before a byte is used.
    case decrypt
    /// Reading the whole content.
    case structure
    /// Bringing a dump into a scratch database.
    case database
    /// Starting and initialising the staging Vault.
    case start
    /// Bringing a snapshot into the staging Vault.
    case restore
    /// Entering the unseal keys.
    case unseal
    /// From the last key until the copy serves.
    case active
    /// Reading the secret.
    case canary
    /// Removing the copy.
    case cleanup

    /// Whether an outage would last as long: from the download to the secret.
    package var countsForRecovery: Bool {
        switch self {
        case .select, .guarding, .cleanup: false
        default: true
        }
    }
}
