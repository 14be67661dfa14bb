package import Alerts
package import Samples

/// An incident as pages show it: its record and its current state.
package struct IncidentView: Sendable, Hashable {
    /// The stored record.
    package var record: IncidentRecord
    /// Ids of the silences that currently silence its alerts; empty if one of them is not silenced.
    package var silencedBy: [String]
    /// The next steps, earliest first; empty for a resolved one.
    package var next: [IncidentStep]
    /// The integrations that messages about it were or will be sent to.
    package var told: [IncidentTold]

    /// A view of a record without further data by default.
    package init(
        _ record: IncidentRecord, silencedBy: [String] = [], next: [IncidentStep] = [], told: [IncidentTold] = []
    ) {
        self.record = record
        self.silencedBy = silencedBy
        self.next = next
        self.told = told
    }
}

/// One incident with its full course.
package struct IncidentDetail: Sendable, Hashable {
    /// The incident.
    package var incident: IncidentView
    /// The events, oldest first; at most `eventLimit`.
    package var events: [IncidentEvent]
    /// Whether there are more events than listed.
    package var isCut: Bool
    /// Resolved incidents with the same cause, newest first; at most ten.
    package var similar: [IncidentRecord]

    /// Maximum number of events per incident.
    package static let eventLimit = 500

    /// A detail without events by default.
    package init(
        _ incident: IncidentView, events: [IncidentEvent] = [], isCut: Bool = false, similar: [IncidentRecord] = []
    ) {
        self.incident = incident
        self.events = events
        self.isCut = isCut
        self.similar = similar
    }
}

/// An event in the course of an incident.
package struct IncidentEvent: Sendable, Hashable {
    /// The kind; the raw value is the filter in the page's URL.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The state of a target changed.
        case state
        /// An alert started firing or was resolved, or its rule's `for` began to run.
        case alert
        /// A receiver accepted a message.
        case accepted
        /// A receiver rejected a message, or did not respond.
        case refused
        /// An alert is held back, or no longer is.
        case held
        /// A message was abandoned, or became obsolete before it was accepted.
        case dropped
        /// An alert went to a fallback.
        case escalated
        /// A user acknowledged or withdrew the acknowledgement, wrote a note, or created or ended a silence.
        case person
        /// The agent started, stopped or reloaded.
        case agent
    }

    /// When it happened.
    package var at: Timestamp
    /// Relative to the incident's start; negative if earlier.
    package var offset: Duration
    /// Its kind.
    package var kind: Kind
    /// The history entry.
    package var entry: HistoryEntry
    /// Number of consecutive equal entries that it represents, including itself.
    package var count: Int
    /// When the last of them happened; `at` for a single one.
    package var until: Timestamp

    /// An event of a single entry.
    package init(_ entry: HistoryEntry, kind: Kind, start: Timestamp) {
        at = entry.at
        offset = entry.at - start
        self.kind = kind
        self.entry = entry
        count = 1
        until = entry.at
    }
}
