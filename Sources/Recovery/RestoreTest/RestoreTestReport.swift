package import Probes
package import Samples
import Text

/// What a restore test did and what came of it.
package struct RestoreTestReport: Sendable, Encodable {
    /// How long a phase took.
    package struct Phase: Sendable, Hashable, Encodable {
        /// The phase.
        package var phase: RestorePhase
        /// In seconds.
        package var seconds: Double
    }

    /// When it began.
    package var began: Timestamp
    /// What was tested.
    package var kind: RestoreTestOptions.Kind
    /// The key of the backup, once it is known.
    package var backup: String?
    /// The backup's set.
    package var set: String?
    /// When the backup was made.
    package var made: Timestamp?
    /// Vault's version at that time, as its metadata say.
    package var vaultVersion: String?
    /// The version of the Vault that served the copy; nil until one has.
    package var stagingVersion: String?
    /// The size of the object in bytes.
    package var sizeBytes: Int64?
    /// The unseal keys that it needs.
    package var seal: SealNumbers?
    /// In the order in which they ended.
    package var phases: [Phase] = []
    /// What does not fail the test, but somebody should know.
    package var remarks: [String] = []
    /// Why it did not pass; nil if it did.
    package var failure: RestoreFailure?

    /// A test that has just begun.
    init(began: Timestamp, kind: RestoreTestOptions.Kind) {
        self.began = began
        self.kind = kind
    }

    /// Whether a secret was read from the copy itself.
    package var hasPassed: Bool { failure == nil }

    /// From the download to the secret, in seconds: the part of a recovery that is not people.
    package var recoverySeconds: Double {
        phases.reduce(0) { $0 + ($1.phase.countsForRecovery ? $1.seconds : 0) }
    }

    /// The backup's age when the test began, in seconds: what would be lost. Nil without a backup.
    package var backupAgeSeconds: Double? { made.map { max(0, (began - $0).seconds) } }

    /// The event for the record file.
    package func event(at time: Timestamp) -> RecordedEvent {
        var details = RecordedEvent.Details()
        details.backup = backup
        details.success = hasPassed
        details.restoreKind = kind.rawValue
        details.phases = Dictionary(phases.map { ($0.phase.rawValue, $0.seconds * 1000) }) { $0 + $1 }
        details.backupAge = backupAgeSeconds.map { $0 * 1000 }
        if hasPassed { details.duration = recoverySeconds * 1000 }
        details.issues = remarks.isEmpty ? nil : remarks
        details.failedPhase = failure?.phase?.rawValue
        details.error = failure.map { "\($0.kind.rawValue): \($0.message)" }
        return RecordedEvent(hasPassed ? .restoreTestSucceeded : .restoreTestFailed, at: time, details: details)
    }

    // MARK: JSON

    private enum CodingKeys: String, CodingKey {
        case began, kind, passed, backup, set, made, seal, phases, remarks, failure, proves
        case vaultVersion = "vault_version"
        case stagingVersion = "staging_version"
        case sizeBytes = "size_bytes"
        case recoverySeconds = "recovery_seconds"
        case backupAgeSeconds = "backup_age_seconds"
        case leavesOpen = "leaves_open"
    }

    private struct Failure: Encodable {
        let kind: String
        let phase: RestorePhase?
        let message: String
    }

    /// The object that `--output=json` prints.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(began.rfc3339, forKey: .began)
        try container.encode(kind, forKey: .kind)
        try container.encode(hasPassed, forKey: .passed)
        try container.encodeIfPresent(backup, forKey: .backup)
        try container.encodeIfPresent(set, forKey: .set)
        try container.encodeIfPresent(made?.rfc3339, forKey: .made)
        try container.encodeIfPresent(vaultVersion, forKey: .vaultVersion)
        try container.encodeIfPresent(stagingVersion, forKey: .stagingVersion)
        try container.encodeIfPresent(sizeBytes, forKey: .sizeBytes)
        try container.encodeIfPresent(seal, forKey: .seal)
        try container.encode(phases, forKey: .phases)
        try container.encode(remarks, forKey: .remarks)
        try container.encodeIfPresent(
            failure.map { Failure(kind: $0.kind.rawValue, phase: $0.phase, message: $0.message) }, forKey: .failure)
        try container.encodeIfPresent(backupAgeSeconds, forKey: .backupAgeSeconds)
        if hasPassed {
            try container.encode(recoverySeconds, forKey: .recoverySeconds)
            try container.encode(kind.proves, forKey: .proves)
            try container.encode(kind.leavesOpen, forKey: .leavesOpen)
        }
    }
}
