package import Alerts
package import Samples

/// An incident as pages show it: its record, and what is known of it at this moment.
package struct IncidentView: Sendable, Hashable {
    /// What is kept of it.
    package var record: IncidentRecord
    /// Ids of the silences that silence its alerts now; empty where any of them is not silenced.
    package var silencedBy: [String]
    /// What happens next, the earliest first; empty for one that has ended.
    package var next: [IncidentStep]
    /// The integrations that messages about it went to, or are to go to.
    package var told: [IncidentTold]

    /// A view of a record of which nothing more is known.
    package init(
        _ record: IncidentRecord, silencedBy: [String] = [], next: [IncidentStep] = [], told: [IncidentTold] = []
    ) {
        self.record = record
        self.silencedBy = silencedBy
        self.next = next
        self.told = told
    }
}

/// One incident with all that happened in the course of it.
package struct IncidentDetail: Sendable, Hashable {
    /// The incident.
    package var incident: IncidentView
    /// What happened, the oldest first; at most `eventLimit`.
    package var events: [IncidentEvent]
    /// Whether more happened than is listed.
    package var isCut: Bool
    /// Ended incidents with the same cause, the newest first; at most ten.
    package var similar: [IncidentRecord]

    /// The most events of one incident.
    package static let eventLimit = 500

    /// A detail without events unless they are given.
    package init(
        _ incident: IncidentView, events: [IncidentEvent] = [], isCut: Bool = false, similar: [IncidentRecord] = []
    ) {
        self.incident = incident
        self.events = events
        self.isCut = isCut
        self.similar = similar
    }
}

/// Something that happened in the course of an incident.
package struct IncidentEvent: Sendable, Hashable {
    /// What kind of thing; the raw value is what the page's address filters by.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The state of a target changed.
        case state
        /// An alert began or ended.
        case alert
        /// A receiver accepted a message.
        case accepted
        /// A receiver refused a message, or gave no answer.
        case refused
        /// A message was given up, or became pointless, before it was accepted.
        case dropped
        /// An alert went to a fallback.
        case escalated
        /// Somebody acknowledged, took that back, wrote a note, or made or ended a silence.
        case person
        /// The agent started, stopped or reloaded.
        case agent
    }

    /// When.
    package var at: Timestamp
    /// From the incident's start; negative for what was before.
    package var offset: Duration
    /// What kind.
    package var kind: Kind
    /// The history's entry.
    package var entry: HistoryEntry
    /// How many equal entries in a row it stands for, itself included.
    package var count: Int
    /// When the last of them was; `at` for a single one.
    package var until: Timestamp

    /// A single event.
    package init(_ entry: HistoryEntry, kind: Kind, start: Timestamp) {
        at = entry.at
        offset = entry.at - start
        self.kind = kind
        self.entry = entry
        count = 1
        until = entry.at
    }
}
