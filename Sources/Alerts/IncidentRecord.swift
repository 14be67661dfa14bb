package import Samples
import Text

/// One incident from its first alert until after its resolution, as pages show it and the journal stores it.
///
/// Contains the summary; the course of events is in the history, whose entries contain the incident's number.
package struct IncidentRecord: Sendable, Hashable {
    /// Small, increasing, and stable across restarts: the number in `/i/318`.
    package var number: Int
    /// When its first alert began.
    package var startsAt: Timestamp
    /// When its last alert was resolved; nil while one fires.
    package var endedAt: Timestamp?
    /// The highest severity that any of its alerts has had.
    package var severity: Severity
    /// Its alerts: the cause first, then by start time.
    package var members: [IncidentMember]
    /// How many more alerts it has had than are kept.
    package var omittedMembers = 0
    /// Nil if not acknowledged; kept when the incident is resolved.
    package var acknowledgement: Acknowledgement?
    /// When it was first acknowledged, even if the acknowledgement was withdrawn.
    package var firstAcknowledgedAt: Timestamp?
    /// When a receiver first accepted a message about it.
    package var toldAt: Timestamp?
    /// Notes that people have added, oldest first.
    package var notes: [IncidentNote] = []
    /// The incident that it was merged into; nil for most. Its link leads there.
    package var mergedInto: Int?

    /// Maximum number of members kept.
    package static let memberLimit = 60
    /// Maximum number of notes; further ones are refused.
    package static let noteLimit = 50

    /// An incident with one alert.
    package init(number: Int, _ member: IncidentMember) {
        self.number = number
        startsAt = member.alert.startsAt
        severity = member.alert.severity
        members = [member]
    }

    /// The alert that explains the others; nil only for a damaged record.
    package var cause: IncidentMember? { members.first }
    /// The others, by start time.
    package var consequences: [IncidentMember] { Array(members.dropFirst()) }
    /// Whether one of its alerts fires.
    package var isOpen: Bool { endedAt == nil && mergedInto == nil }

    /// The highest severity of the firing alerts, or of all if none fires.
    package var currentSeverity: Severity {
        let firing = members.filter { $0.alert.endsAt == nil }
        return firing.isEmpty ? severity : firing.map(\.alert.severity).max() ?? severity
    }

    /// Approximate size in bytes in memory and in the journal.
    package var sizeBytes: Int {
        let texts = notes.reduce(200 + (acknowledgement.map { $0.by.utf8.count + $0.comment.utf8.count } ?? 0)) {
            $0 + 100 + $1.by.utf8.count + $1.text.utf8.count
        }
        return members.reduce(texts) { $0 + $1.alert.sizeBytes + 50 }
    }
}

/// An alert of an incident.
package struct IncidentMember: Sendable, Hashable {
    /// The `id` by which the agent identifies the alert.
    package let id: UInt64
    /// The alert with its labels and those annotations that pages show. It fires if it has no end.
    package var alert: Alert
    /// The id of the member that explains it; nil for the cause, or if none is known.
    package var explainedBy: UInt64?

    /// A member without an explaining one by default.
    /// - Parameter id: nil for the alert's own; another one if its labels were truncated.
    package init(_ alert: Alert, id: UInt64? = nil, explainedBy: UInt64? = nil) {
        self.id = id ?? alert.id
        self.alert = alert
        self.explainedBy = explainedBy
    }
}

/// A note that a person added to an incident.
package struct IncidentNote: Sendable, Hashable {
    /// The time.
    package var at: Timestamp
    /// The author, taken from the login.
    package var by: String
    /// The text; at most `textLimitBytes`.
    package var text: String

    /// Maximum size of a note in bytes.
    package static let textLimitBytes = 2000

    /// A note; the text is truncated at the limit, and control characters except line feeds are replaced with spaces.
    package init(at: Timestamp, by: String, text: String) {
        self.at = at
        self.by = Acknowledgement(by: by, at: at).by
        self.text = text.withoutControls(keepsLines: true).truncated(toBytes: IncidentNote.textLimitBytes)
    }
}

/// What happens next to an incident without intervention.
package struct IncidentStep: Sendable, Hashable {
    /// The kind of step.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Its alerts go to the fallback, `receiver`, because no integration has accepted them.
        case escalatesUnaccepted
        /// Its alerts go to the fallback, `receiver`, because they have not been acknowledged.
        case escalatesUnacknowledged
        /// `receiver` is notified again after the repeat interval.
        case repeats
        /// A silence ends, and the receivers are notified again.
        case silenceEnds
        /// The acknowledgement exceeds `ack_timeout`, and the receivers are notified again.
        case acknowledgementEnds
        /// Its first message is sent after `group_wait`.
        case firstMessage
    }

    /// When it happens.
    package var at: Timestamp
    /// What happens.
    package var kind: Kind
    /// The receiver notified; empty if it is every receiver notified so far.
    package var receiver: String
    /// What cancels it, as the rest of a sentence that begins with "unless": `somebody acknowledges it before`; empty
    /// if only the end of the incident does.
    package var calledOffBy: String

    /// A step with all its parts.
    package init(at: Timestamp, kind: Kind, receiver: String = "", calledOffBy: String = "") {
        self.at = at
        self.kind = kind
        self.receiver = receiver
        self.calledOffBy = calledOffBy
    }
}
