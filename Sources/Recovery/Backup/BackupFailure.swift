import S3
import Transport

/// Why a backup was not made, or is no good. Each kind has an exit code, so that whoever started the command knows what to
/// look at.
package struct BackupFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure, with the exit code of the command.
    package enum Kind: Int32, Sendable, CaseIterable {
        /// Vault or PostgreSQL did not answer, refused, or broke off.
        case source = 10
        /// What the source gave is no whole backup.
        case content = 11
        /// The temporary file could not be written: no space, no folder, no permission.
        case space = 12
        /// The encryption key cannot be read or is no key.
        case key = 13
        /// The bucket did not answer or refused.
        case store = 14
        /// What is in the bucket is not what was sent, or cannot be decrypted, or is no whole backup.
        case verification = 15
        /// Another run is under way.
        case busy = 16
        /// The backup is whole, but holds so much less than the one before that somebody must look at it.
        case suspicious = 17
        /// The command was told to stop.
        case interrupted = 18
        /// There is no such backup or set.
        case notFound = 19
        /// All else is done, but the outcome could not be written to the record file.
        case record = 20

        /// In a few words, for the help of the command.
        package var phrase: String {
            switch self {
            case .source: "Vault or PostgreSQL did not give a backup"
            case .content: "what they gave is not a whole backup"
            case .space: "the temporary file could not be written"
            case .key: "the encryption key is missing or no key"
            case .store: "the bucket did not answer or refused"
            case .verification: "the stored backup is damaged or cannot be decrypted"
            case .busy: "another run is under way"
            case .suspicious: "the backup holds far less than the one before"
            case .interrupted: "stopped by a signal"
            case .notFound: "no such backup or set"
            case .record: "the record file could not be written"
            }
        }
    }

    /// What kind of failure it is.
    package let kind: Kind
    /// Place, cause and what to do; never a secret.
    package let message: String

    /// A failure of a kind.
    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }

    init(_ error: S3Error) {
        self = error.transport == .cancelled ? .interrupted : BackupFailure(.store, error.message)
    }
}
