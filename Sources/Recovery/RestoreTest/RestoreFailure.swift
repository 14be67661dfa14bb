package import Probes

/// Why a restore test did not pass.
package struct RestoreFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure; each has an exit status of its own.
    package enum Kind: String, Sendable, CaseIterable {
        /// Staging or the command line is configured in a way that cannot work.
        case configuration
        /// Staging is, or may be, something that is watched, or could reach it. Nothing was touched.
        case refused
        /// There is no backup to restore.
        case noBackup = "no_backup"
        /// The bucket does not answer, or denies.
        case store
        /// The object's bytes are not those that its checksum was made of.
        case checksum
        /// No key opens the object.
        case decryption
        /// What was decrypted is not a whole snapshot or dump.
        case structure
        /// A hook, the staging Vault or its scratch database did not do what it should.
        case staging
        /// The unseal keys do not open the copy.
        case keys
        /// Something else than the copy would have answered.
        case notItself = "not_itself"
        /// The copy answers, but does not know the credential.
        case credential
        /// The copy answers, but the secret is not there.
        case canary
        /// A step took longer than the whole test may.
        case timeout
        /// A signal ended it.
        case interrupted

        /// Status 1 is left to errors without a kind, 2 to wrong arguments.
        package var exitStatus: Int32 {
            switch self {
            case .configuration: 2
            case .refused: 10
            case .noBackup: 11
            case .store: 12
            case .checksum: 13
            case .decryption: 14
            case .structure: 15
            case .staging: 16
            case .keys: 17
            case .notItself: 18
            case .credential: 19
            case .canary: 20
            case .timeout: 21
            case .interrupted: 22
            }
        }
    }

    /// The kind.
    package let kind: Kind
    /// What happened and what to do, without a secret.
    package let message: String
    /// The phase in which it happened, once it is known.
    package var phase: RestorePhase?

    /// A failure of a kind.
    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// `keys: the unseal keys do not open this backup …`.
    package var description: String { "\(kind.rawValue): \(message)" }
}
