package import Alerts
import FoundationEssentials
package import Samples

/// Alerts of one fault: a cause and its consequences. All of them are told in one place, that of the alert which was told
/// first, for as long as one of them fires.
///
/// An alert is in an incident of at most one, from its start until its end is accepted; what was told apart stays apart.
package struct Incident: Sendable, Hashable {
    /// Unique in this journal; later ones have greater ids.
    package var id: UInt64
    /// The labels that it is routed and grouped by: those of the alert that it was first told as. They stay when the
    /// cause changes, so that a receiver which keeps one incident a key keeps this one.
    package var labels: Labels
    /// The values of the label `severity` that it has been routed with, rising, the first one its own; empty where its
    /// labels have none.
    package var severities: [String]
    /// Fingerprints of its alerts, in the order in which they came.
    package var members: [UInt64]
    /// When its first alert began.
    package var startsAt: Timestamp
    /// Alerts that were resolved, and notified as such, while others of it fired: for the notification of its end.
    package var past: [Past] = []
    /// Nil while nobody has acknowledged it, or what was acknowledged has become graver or too old.
    package var acknowledgement: Acknowledgement?
    /// When the last acknowledgement was taken back or became too old; nil where there is one, or was none.
    package var takenBackAt: Timestamp?
    /// When an acknowledgement became too old; nil where none did since the last one.
    package var unacknowledgedAt: Timestamp?

    /// What is kept of an alert that is gone.
    package struct Past: Sendable, Hashable, Codable {
        /// Its labels.
        package var labels: [String: String]
        /// Its summary, and what explained it.
        package var annotations: [String: String]
        /// When it began, and when it ended, in milliseconds since 1970.
        package var startsAt: Int64
        /// See `startsAt`.
        package var endsAt: Int64

        private static let kept = ["summary", Explanation.annotation]
        private static let valueBytes = 1024

        init?(_ alert: Alert) {
            guard let end = alert.endsAt else { return nil }
            labels = alert.labels.dictionary
            annotations = alert.annotations.filter {
                Past.kept.contains($0.key) && $0.value.utf8.count <= Past.valueBytes
            }
            startsAt = alert.startsAt.milliseconds
            endsAt = end.milliseconds
        }

        var alert: Alert {
            let end = Timestamp(milliseconds: endsAt)
            return Alert(
                labels: Labels(labels), annotations: annotations, startsAt: Timestamp(milliseconds: startsAt),
                endsAt: end, updatedAt: end)
        }
    }

    private static let pastLimit = 30

    /// Of many the first, among which the cause is, and the last stay.
    mutating func keep(_ alert: Alert) {
        guard let past = Past(alert) else { return }
        self.past.append(past)
        if self.past.count > Incident.pastLimit { self.past.remove(at: Incident.pastLimit / 2) }
    }

    /// The labels that its alerts are routed by, one set for each severity that it has reached.
    var routings: [Labels] { severities.isEmpty ? [labels] : severities.map { labels.setting("severity", to: $0) } }
    /// The gravest severity that it has reached.
    var severity: Severity { severities.map { Severity(label: $0) }.max() ?? .unknown }

    // MARK: The journal

    /// What the keys of incidents begin with in the journal's table of states.
    package static let keyPrefix = "incident/"
    /// Its key in the journal.
    package var storageKey: String { Incident.storageKey(id) }
    static func storageKey(_ id: UInt64) -> String { keyPrefix + String(id) }

    /// How the journal keeps it: JSON, times in milliseconds.
    private struct Stored: Codable {
        var id: UInt64
        var labels: [String: String]
        var severities: [String]
        var members: [UInt64]
        var startsAt: Int64
        var past: [Past]?
        var acknowledgement: StoredAcknowledgement?
        var takenBackAt: Int64?
        var unacknowledgedAt: Int64?
    }

    private struct StoredAcknowledgement: Codable {
        var by: String
        var comment: String
        var at: Int64

        init(_ acknowledgement: Acknowledgement) {
            by = acknowledgement.by
            comment = acknowledgement.comment
            at = acknowledgement.at.milliseconds
        }

        var acknowledgement: Acknowledgement {
            Acknowledgement(by: by, comment: comment, at: Timestamp(milliseconds: at))
        }
    }

    /// The incident as the journal keeps it.
    /// - Throws: what `JSONEncoder` says.
    package func encoded() throws -> [UInt8] {
        Array(
            try JSONEncoder().encode(
                Stored(
                    id: id, labels: labels.dictionary, severities: severities, members: members,
                    startsAt: startsAt.milliseconds, past: past.isEmpty ? nil : past,
                    acknowledgement: acknowledgement.map { StoredAcknowledgement($0) },
                    takenBackAt: takenBackAt?.milliseconds, unacknowledgedAt: unacknowledgedAt?.milliseconds)))
    }

    /// Reads an incident of the journal.
    /// - Throws: what `JSONDecoder` says.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        self.init(
            id: stored.id, labels: Labels(stored.labels), severities: stored.severities, members: stored.members,
            startsAt: Timestamp(milliseconds: stored.startsAt))
        past = stored.past ?? []
        acknowledgement = stored.acknowledgement?.acknowledgement
        takenBackAt = stored.takenBackAt.map { Timestamp(milliseconds: $0) }
        unacknowledgedAt = stored.unacknowledgedAt.map { Timestamp(milliseconds: $0) }
    }

    init(id: UInt64, labels: Labels, severities: [String], members: [UInt64], startsAt: Timestamp) {
        self.id = id
        self.labels = labels
        self.severities = severities
        self.members = members
        self.startsAt = startsAt
    }
}
