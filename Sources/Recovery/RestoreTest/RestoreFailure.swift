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
        /// Another restore test runs.
        case busy
        /// A temporary file could not be written.
        case space
        /// The encryption key cannot be read.
        case encryptionKey = "encryption_key"

        /// The command's exit status. Status 1 is left to errors without a kind; where `backup` fails for the same
        /// reason, its statuses are these, too.
        package var exitStatus: Int32 {
            switch self {
            case .configuration: 2
            case .space: BackupFailure.Kind.space.rawValue
            case .encryptionKey: BackupFailure.Kind.key.rawValue
            case .store: BackupFailure.Kind.store.rawValue
            case .busy: BackupFailure.Kind.busy.rawValue
            case .interrupted: BackupFailure.Kind.interrupted.rawValue
            case .noBackup: BackupFailure.Kind.notFound.rawValue
            case .refused: 30
            case .checksum: 31
            case .decryption: 32
            case .structure: 33
            case .staging: 34
            case .keys: 35
            case .notItself: 36
            case .credential: 37
            case .canary: 38
            case .timeout: 39
            }
        }

        /// In a few words, for the help of the command.
        package var phrase: String {
            switch self {
            case .configuration: "the configuration or the arguments cannot work"
            case .space: "a temporary file could not be written"
            case .encryptionKey: "the encryption key is missing or no key"
            case .store: "the bucket did not answer or refused"
            case .busy: "another restore test is under way"
            case .interrupted: "stopped by a signal"
            case .noBackup: "no such backup or set"
            case .refused: "staging is, or may reach, what is watched; nothing was touched"
            case .checksum: "the object is not what its checksum was made of"
            case .decryption: "no key opens the object"
            case .structure: "what it holds is not a whole snapshot or dump"
            case .staging: "a hook, the staging Vault or its database failed"
            case .keys: "the unseal keys do not open the copy"
            case .notItself: "something else than the copy would have answered"
            case .credential: "the copy does not know the credential"
            case .canary: "the secret is not in the copy"
            case .timeout: "it took longer than its timeout"
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

    /// What the functions shared with `backup` throw.
    init(_ failure: BackupFailure, verification: Kind) {
        let kind: Kind =
            switch failure.kind {
            case .space: .space
            case .key: .encryptionKey
            case .store: .store
            case .notFound: .noBackup
            case .busy: .busy
            case .interrupted: .interrupted
            default: verification
            }
        self.init(kind, failure.message)
    }

    /// `keys: the unseal keys do not open this backup …`.
    package var description: String { "\(kind.rawValue): \(message)" }
}
