import FoundationEssentials
import Samples

/// One line of a record file: an event of the recovery procedures' audit log, as
/// `{"event": "dr_drill_completed", "timestamp": "2026-10-05T09:00:00Z", "details": {"scenario": "vault_failure", …}}`.
package struct RecordedEvent: Sendable, Hashable, Encodable {
    /// What happened. Events of other kinds are nobody's concern here.
    package enum Kind: String, Sendable, Hashable, CaseIterable, Codable {
        case backupCompleted = "vault_backup_completed"
        case backupFailed = "vault_backup_failed"
        case restoreTestSucceeded = "vault_backup_test_success"
        case restoreTestFailed = "vault_backup_test_failure"
        case drillCompleted = "dr_drill_completed"
        case drillFailed = "dr_drill_failed"
    }

    /// What the event's kind calls for; every field may be absent.
    package struct Details: Sendable, Hashable, Codable {
        package var drillID: String?
        package var scenario: String?
        /// Milliseconds.
        package var duration: Double?
        package var success: Bool?
        package var rtoMet: Bool?
        package var issues: [String]?
        package var backup: String?
        package var error: String?

        package init() {}

        enum CodingKeys: String, CodingKey {
            case drillID = "drill_id"
            case scenario
            case duration = "duration_ms"
            case success
            case rtoMet = "rto_met"
            case issues
            case backup = "backup_tested"
            case error
        }

        /// A field of another type than expected is as good as absent: the files are written by other people's scripts.
        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            drillID = try? container.decodeIfPresent(String.self, forKey: .drillID)
            scenario = try? container.decodeIfPresent(String.self, forKey: .scenario)
            duration = try? container.decodeIfPresent(Double.self, forKey: .duration)
            success = try? container.decodeIfPresent(Bool.self, forKey: .success)
            rtoMet = try? container.decodeIfPresent(Bool.self, forKey: .rtoMet)
            issues = try? container.decodeIfPresent([String].self, forKey: .issues)
            backup = try? container.decodeIfPresent(String.self, forKey: .backup)
            error = try? container.decodeIfPresent(String.self, forKey: .error)
        }
    }

    package var kind: Kind
    package var time: Timestamp
    package var details: Details

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

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try container.encode(time.rfc3339, forKey: .time)
        try container.encode(details, forKey: .details)
    }

    /// What a line is.
    enum Line: Sendable, Hashable {
        case event(RecordedEvent)
        /// An event of another kind, or nothing.
        case other
        /// No JSON object with a known event and a time.
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
