package import Alerts
import FoundationEssentials
package import Samples

/// The alerts of one fault: a cause and its consequences. All of them are notified in the group of the first of them,
/// as long as one of them fires.
///
/// An alert is in at most one incident, from its start until its end is accepted; alerts that were notified separately
/// stay separate.
package struct Incident: Sendable, Hashable {
    /// Unique in this journal; later ones have greater ids.
    package var id: UInt64
    /// The labels that it is routed and grouped by: those of its first alert. They stay when the cause changes, so that
    /// a receiver which keeps one incident per key keeps this one.
    package var labels: Labels
    /// The values of the label `severity` that it has been routed with, rising, beginning with the one of its labels;
    /// empty if those have none.
    package var severities: [String]
    /// Fingerprints of its alerts, in order of arrival.
    package var members: [UInt64]
    /// When its first alert began.
    package var startsAt: Timestamp
    /// Alerts that were resolved, and notified as such, while others of it still fired: for its final notification.
    package var past: [Past] = []
    /// Nil while it is unacknowledged, also after its severity rose or the acknowledgement became too old.
    package var acknowledgement: Acknowledgement?
    /// When the last acknowledgement was withdrawn or became too old; nil while there is one, or if there was none.
    package var takenBackAt: Timestamp?
    /// When the last acknowledgement became too old; nil if it did not.
    package var unacknowledgedAt: Timestamp?

    /// What is kept of an alert that has been removed.
    package struct Past: Sendable, Hashable, Codable {
        /// Its labels.
        package var labels: [String: String]
        /// Its summary and explanation.
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

    /// Of many alerts the first and the last are kept, and those between them that no other alert can explain: the cause
    /// is one of these, and it may have arrived late.
    mutating func keep(_ alert: Alert) {
        guard let past = Past(alert) else { return }
        self.past.append(past)
        guard self.past.count > Incident.pastLimit else { return }
        let middle = Incident.pastLimit / 2
        let consequence = self.past[middle...].dropLast().firstIndex { $0.annotations[Explanation.annotation] != nil }
        self.past.remove(at: consequence ?? middle)
    }

    /// The labels that its alerts are routed by, one set for each severity that it has reached.
    var routings: [Labels] { severities.isEmpty ? [labels] : severities.map { labels.setting("severity", to: $0) } }
    /// The highest severity that it has reached.
    var severity: Severity { severities.map { Severity(label: $0) }.max() ?? .unknown }

    // MARK: The journal

    /// The prefix of incidents' keys in the journal's table of states.
    package static let keyPrefix = "incident/"
    /// Its key in the journal.
    package var storageKey: String { Incident.storageKey(id) }
    static func storageKey(_ id: UInt64) -> String { keyPrefix + String(id) }

    /// The form in the journal: JSON, times in milliseconds.
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

    /// The incident as the journal stores it.
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
