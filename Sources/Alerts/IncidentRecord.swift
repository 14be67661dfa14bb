package import Samples

/// One fault from its first alert to its end and beyond, as pages show it and the journal keeps it.
///
/// It holds what is to be known at a glance; what happened in the course of it is in the history, whose entries name its
/// number.
package struct IncidentRecord: Sendable, Hashable {
    /// Small, rising, and the same over restarts: what `/i/318` names.
    package var number: Int
    /// When its first alert began.
    package var startsAt: Timestamp
    /// When its last alert ended; nil while one fires.
    package var endedAt: Timestamp?
    /// The gravest severity that any of its alerts has had.
    package var severity: Severity
    /// Its alerts: the cause first, then in the order of their start.
    package var members: [IncidentMember]
    /// How many more alerts it has had than are kept.
    package var omittedMembers = 0
    /// Nil while nobody has acknowledged it; stays when it ends.
    package var acknowledgement: Acknowledgement?
    /// When somebody first acknowledged it, also where that was taken back.
    package var firstAcknowledgedAt: Timestamp?
    /// When a receiver first accepted a message about it.
    package var toldAt: Timestamp?
    /// What people wrote to it, the oldest first.
    package var notes: [IncidentNote] = []
    /// The incident that it turned out to be a part of; nil for nearly all. Its link leads there.
    package var mergedInto: Int?

    /// The most members that are kept.
    package static let memberLimit = 60
    /// The most notes that are kept; further ones are refused.
    package static let noteLimit = 50

    /// An incident of one alert.
    package init(number: Int, _ member: IncidentMember) {
        self.number = number
        startsAt = member.alert.startsAt
        severity = member.alert.severity
        members = [member]
    }

    /// The alert that explains the others; nil only for a record that was damaged.
    package var cause: IncidentMember? { members.first }
    /// The others, in the order of their start.
    package var consequences: [IncidentMember] { Array(members.dropFirst()) }
    /// Whether an alert of it fires.
    package var isOpen: Bool { endedAt == nil && mergedInto == nil }

    /// The gravest severity of the alerts that fire, or of all where none does.
    package var currentSeverity: Severity {
        let firing = members.filter { $0.alert.endsAt == nil }
        return firing.isEmpty ? severity : firing.map(\.alert.severity).max() ?? severity
    }

    /// Roughly how many bytes it takes in memory and in the journal.
    package var sizeBytes: Int {
        let texts = notes.reduce(200 + (acknowledgement.map { $0.by.utf8.count + $0.comment.utf8.count } ?? 0)) {
            $0 + 100 + $1.by.utf8.count + $1.text.utf8.count
        }
        return members.reduce(texts) { $0 + $1.alert.sizeBytes + 50 }
    }
}

/// An alert of an incident.
package struct IncidentMember: Sendable, Hashable {
    /// The alert's `id`, which the agent knows it by.
    package let id: UInt64
    /// The alert with its labels, and those of its annotations that pages show. It fires while it has no end.
    package var alert: Alert
    /// The id of the member that explains it; nil for the cause, and where none is known to.
    package var explainedBy: UInt64?

    /// A member that nothing explains unless it is given.
    /// - Parameter id: nil for the alert's own; another one where its labels have been cut.
    package init(_ alert: Alert, id: UInt64? = nil, explainedBy: UInt64? = nil) {
        self.id = id ?? alert.id
        self.alert = alert
        self.explainedBy = explainedBy
    }
}

/// What somebody wrote to an incident.
package struct IncidentNote: Sendable, Hashable {
    /// When.
    package var at: Timestamp
    /// Who, taken from the login.
    package var by: String
    /// What; at most `textLimitBytes`.
    package var text: String

    /// The most bytes of a note.
    package static let textLimitBytes = 2000

    /// A note; the text is cut at its limit, and control characters but line feeds become spaces.
    package init(at: Timestamp, by: String, text: String) {
        self.at = at
        self.by = Acknowledgement(by: by, at: at).by
        var clean = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
            clean.unicodeScalars.append(isControl ? " " : scalar)
        }
        let isLong = clean.utf8.count > IncidentNote.textLimitBytes
        self.text =
            isLong ? String(decoding: clean.utf8.prefix(IncidentNote.textLimitBytes - 8), as: UTF8.self) + "…" : clean
    }
}

/// What happens next to an incident unless somebody does something.
package struct IncidentStep: Sendable, Hashable {
    /// What it is.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Its alerts go to the fallback, `receiver`, since no integration has accepted them.
        case escalatesUnaccepted
        /// Its alerts go to the fallback, `receiver`, since nobody has acknowledged them.
        case escalatesUnacknowledged
        /// `receiver` is told again, since the repeat interval is over.
        case repeats
        /// A silence ends, and the receivers are told again.
        case silenceEnds
        /// The acknowledgement becomes older than `ack_timeout`, and the receivers are told again.
        case acknowledgementEnds
        /// Its first message leaves: the group's wait is over.
        case firstMessage
    }

    /// When.
    package var at: Timestamp
    /// What.
    package var kind: Kind
    /// The receiver that is told then; empty where it is each of those that were told.
    package var receiver: String
    /// What calls it off, as the rest of a sentence that begins with "unless": `somebody acknowledges it before`; empty
    /// where nothing but the end of the incident does.
    package var calledOffBy: String

    /// A step with all its parts.
    package init(at: Timestamp, kind: Kind, receiver: String = "", calledOffBy: String = "") {
        self.at = at
        self.kind = kind
        self.receiver = receiver
        self.calledOffBy = calledOffBy
    }
}
