import FoundationEssentials
package import Samples

/// One line of a record file: an event of the recovery procedures' audit log, as
/// `{"event": "dr_drill_completed", "timestamp": "2026-10-05T09:00:00Z", "details": {"scenario": "vault_failure", …}}`.
package struct RecordedEvent: Sendable, Hashable, Encodable {
    /// The kinds of event that are evaluated; all others are ignored.
    package enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        /// A backup run began; what follows tells how it ended.
        case backupStarted = "vault_backup_started"
        /// A backup was written.
        case backupCompleted = "vault_backup_completed"
        /// A backup run failed.
        case backupFailed = "vault_backup_failed"
        /// A backup was restored as a test.
        case restoreTestSucceeded = "vault_backup_test_success"
        /// A restore test failed.
        case restoreTestFailed = "vault_backup_test_failure"
        /// A drill completed; `success` tells whether it passed.
        case drillCompleted = "dr_drill_completed"
        /// A drill was aborted.
        case drillFailed = "dr_drill_failed"
    }

    /// The details of an event; every field may be absent.
    package struct Details: Sendable, Hashable, Codable {
        /// The drill's name: `DR-2026-10-05-vault_failure`.
        package var drillID: String?
        /// What was drilled: `vault_failure`, `cluster_loss` …
        package var scenario: String?
        /// How long recovery took, in milliseconds.
        package var duration: Double?
        /// Whether a completed drill passed.
        package var success: Bool?
        /// Whether the recovery time objective was met.
        package var rtoMet: Bool?
        /// How long it took from the fault until a receiver had accepted a message about it, in milliseconds.
        package var paged: Double?
        /// What a drill showed to be lost, in milliseconds of changes.
        package var dataLoss: Double?
        /// The problems that the drill found.
        package var issues: [String]?
        /// The key of the backup that a restore test used.
        package var backup: String?
        /// The keys under which a backup run stored its backup.
        package var backups: [String]?
        /// Why it failed.
        package var error: String?
        /// What a restore test restored: `raft`, `postgres`, `recovery_mode`.
        package var restoreKind: String?
        /// How long each phase of a restore test took, in milliseconds.
        package var phases: [String: Double]?
        /// The age of the backup at the restore test, in milliseconds.
        package var backupAge: Double?
        /// The phase in which a restore test failed.
        package var failedPhase: String?

        /// No details.
        package init() {}

        enum CodingKeys: String, CodingKey {
            case drillID = "drill_id"
            case scenario
            case duration = "duration_ms"
            case success
            case rtoMet = "rto_met"
            case paged = "paged_ms"
            case dataLoss = "rpo_ms"
            case issues
            case backup = "backup_tested"
            case backups
            case error
            case restoreKind = "restore_kind"
            case phases = "phases_ms"
            case backupAge = "backup_age_ms"
            case failedPhase = "failed_phase"
        }

        /// A field of an unexpected type counts as absent, since the files are written by various scripts.
        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            drillID = try? container.decodeIfPresent(String.self, forKey: .drillID)
            scenario = try? container.decodeIfPresent(String.self, forKey: .scenario)
            duration = try? container.decodeIfPresent(Double.self, forKey: .duration)
            success = try? container.decodeIfPresent(Bool.self, forKey: .success)
            rtoMet = try? container.decodeIfPresent(Bool.self, forKey: .rtoMet)
            paged = try? container.decodeIfPresent(Double.self, forKey: .paged)
            dataLoss = try? container.decodeIfPresent(Double.self, forKey: .dataLoss)
            issues = try? container.decodeIfPresent([String].self, forKey: .issues)
            backup = try? container.decodeIfPresent(String.self, forKey: .backup)
            backups = try? container.decodeIfPresent([String].self, forKey: .backups)
            error = try? container.decodeIfPresent(String.self, forKey: .error)
            restoreKind = try? container.decodeIfPresent(String.self, forKey: .restoreKind)
            phases = try? container.decodeIfPresent([String: Double].self, forKey: .phases)
            backupAge = try? container.decodeIfPresent(Double.self, forKey: .backupAge)
            failedPhase = try? container.decodeIfPresent(String.self, forKey: .failedPhase)
        }
    }

    /// What happened.
    package var kind: Kind
    /// When it happened.
    package var time: Timestamp
    /// Further details.
    package var details: Details

    /// An event to record.
    package init(_ kind: Kind, at time: Timestamp, details: Details = Details()) {
        self.kind = kind
        self.time = time
        self.details = details
    }

    enum CodingKeys: String, CodingKey {
        case kind = "event"
        case time = "timestamp"
        case details
    }

    /// Encodes the object of one line of a record file.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try container.encode(time.rfc3339, forKey: .time)
        try container.encode(details, forKey: .details)
    }

    /// The meaning of one line of a record file.
    enum Line: Sendable, Hashable {
        case event(RecordedEvent)
        /// An event of another kind, or a blank line.
        case other
        /// Not a JSON object with an event and a time.
        case unreadable
    }

    private struct Form: Decodable {
        var event: String
        var timestamp: String?
        var details: Details?
    }

    static func line(_ bytes: ArraySlice<UInt8>) -> Line {
        guard bytes.contains(where: { $0 > 0x20 }) else { return .other }
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(bytes)) else { return .unreadable }
        guard let kind = Kind(rawValue: form.event) else { return .other }
        guard let time = form.timestamp.flatMap({ Timestamp(rfc3339: $0) }) else { return .unreadable }
        return .event(RecordedEvent(kind, at: time, details: form.details ?? Details()))
    }
}
