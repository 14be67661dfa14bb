package import Samples
import Text

/// Something that happened to alerts and messages, for `vaultwatch history`. Written once, never changed.
package struct HistoryEntry: Sendable, Hashable {
    /// The kind of event; stored and shown by its name.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// An alert started firing.
        case firing
        /// An alert was resolved.
        case ended
        /// A receiver accepted a message.
        case sent
        /// A receiver refused a message, or did not answer.
        case failed
        /// A message was given up or became pointless before it was accepted.
        case dropped
        /// An alert went to a fallback.
        case escalated
        /// A silence was created, changed or expired.
        case silence
        /// An incident was acknowledged, or its acknowledgement ended.
        case acknowledged
        /// The agent itself: start, stop, reload, events of its journal.
        case agent
        /// A note was added to an incident.
        case note
        /// The state of a target changed.
        case state
        /// An alert is held back: silenced, inhibited, muted, or told with the alert that explains it. Or it no longer
        /// is.
        case held
        /// The expression of a rule began to hold, and its `for` has not passed; or it ceased to hold before.
        case pending
        /// A user sent a test message to a receiver.
        case test
    }

    /// When it happened, by the wall clock.
    package var at: Timestamp
    /// What happened.
    package var kind: Kind
    /// The alert's labels, the group's key, a silence's matchers, or the agent's event.
    package var subject: String
    /// The receiver's name; empty if none is involved.
    package var receiver: String
    /// The receiver's integration, such as `email/0`; empty if none is involved.
    package var integration: String
    /// The reason, or an error's text.
    package var detail: String
    /// The numbers of the incidents that it belongs to; empty if there are none, and in entries of older versions.
    package var incidents: [Int]

    /// The first of those incidents.
    package var incident: Int? { incidents.first }

    /// Maximum number of incidents of one entry; a message about more lists the first ones.
    package static let incidentLimit = 20

    /// Maximum bytes of one text.
    package static let textLimitBytes = 4096

    /// An entry with these fields; texts over 4 KiB are cut.
    package init(
        at: Timestamp, kind: Kind, subject: String, receiver: String = "", integration: String = "",
        detail: String = "",
        incidents: [Int] = []
    ) {
        self.at = at
        self.kind = kind
        self.subject = subject.truncated(toBytes: HistoryEntry.textLimitBytes)
        self.receiver = receiver.truncated(toBytes: HistoryEntry.textLimitBytes)
        self.integration = integration
        self.detail = detail.truncated(toBytes: HistoryEntry.textLimitBytes)
        self.incidents = Array(incidents.prefix(HistoryEntry.incidentLimit))
    }
}

/// The form in the API, which `vaultwatch history` reads: the time in RFC 3339, the kind by its name.
extension HistoryEntry: Codable {
    private enum Key: String, CodingKey { case at, kind, subject, receiver, integration, detail, incident, incidents }

    /// - Throws: `DecodingError`. A kind that a newer agent knows is read as `agent`.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        guard let at = Timestamp(rfc3339: try fields.decode(String.self, forKey: .at)) else {
            throw DecodingError.dataCorruptedError(forKey: .at, in: fields, debugDescription: "not RFC 3339")
        }
        self.init(
            at: at, kind: Kind(rawValue: try fields.decode(String.self, forKey: .kind)) ?? .agent,
            subject: try fields.decode(String.self, forKey: .subject),
            receiver: try fields.decode(String.self, forKey: .receiver),
            integration: try fields.decode(String.self, forKey: .integration),
            detail: try fields.decode(String.self, forKey: .detail),
            // The list is only there for several.
            incidents: try fields.decodeIfPresent([Int].self, forKey: .incidents)
                ?? fields.decodeIfPresent(Int.self, forKey: .incident).map { [$0] } ?? [])
    }

    /// - Throws: `EncodingError`.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(at.rfc3339, forKey: .at)
        try fields.encode(kind.rawValue, forKey: .kind)
        try fields.encode(subject, forKey: .subject)
        try fields.encode(receiver, forKey: .receiver)
        try fields.encode(integration, forKey: .integration)
        try fields.encode(detail, forKey: .detail)
        try fields.encodeIfPresent(incident, forKey: .incident)
        if incidents.count > 1 { try fields.encode(incidents, forKey: .incidents) }
    }
}
