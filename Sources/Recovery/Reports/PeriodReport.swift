package import Alerts
package import Samples
import Text

/// What happened between two times, from the agent's history: each incident with when it was detected, paged,
/// acknowledged and resolved, and what it cost. Times are RFC 3339, spans are in seconds.
package struct PeriodReport: Sendable, Hashable, Encodable {
    /// An incident as the agent records it.
    package struct Incident: Sendable, Hashable {
        /// Its number.
        package var number: Int
        /// What was wrong, in a sentence.
        package var sentence: String
        /// Its highest severity.
        package var severity: String
        /// When its first alert began; its condition may have held for the `for` of the rule before.
        package var startsAt: Timestamp
        /// When its last alert ended; nil while one fires.
        package var endedAt: Timestamp?
        /// When a receiver first accepted a message about it.
        package var toldAt: Timestamp?
        /// When it was first acknowledged, and by whom it is.
        package var acknowledgedAt: Timestamp?
        /// Who acknowledged it; empty if nobody has.
        package var owner: String
        /// The drill that caused it; empty for a real one.
        package var drill: String
        /// What happened to it, in any order.
        package var entries: [HistoryEntry]

        /// An incident without its course.
        package init(
            number: Int, sentence: String, severity: String, startsAt: Timestamp, endedAt: Timestamp? = nil,
            toldAt: Timestamp? = nil, acknowledgedAt: Timestamp? = nil, owner: String = "", drill: String = "",
            entries: [HistoryEntry] = []
        ) {
            self.number = number
            self.sentence = sentence
            self.severity = severity
            self.startsAt = startsAt
            self.endedAt = endedAt
            self.toldAt = toldAt
            self.acknowledgedAt = acknowledgedAt
            self.owner = owner
            self.drill = drill
            self.entries = entries
        }
    }

    /// One incident with its measures.
    package struct Measured: Sendable, Hashable, Encodable {
        /// Its number.
        package var number: Int
        /// What was wrong, in a sentence.
        package var sentence: String
        /// Its highest severity.
        package var severity: String
        /// The drill that caused it; absent for a real one.
        package var drill: String?
        /// When something was first seen: a condition began to hold, or an alert fired.
        package var detectedAt: String
        /// When a receiver first accepted a message about it.
        package var pagedAt: String?
        /// When it was first acknowledged.
        package var acknowledgedAt: String?
        /// By whom it is acknowledged.
        package var owner: String?
        /// When its last alert ended; absent while it goes on.
        package var resolvedAt: String?
        /// From the detection to the page.
        package var toPage: Double?
        /// From the detection to the acknowledgement.
        package var toAcknowledgement: Double?
        /// The recovery time; absent while it goes on.
        package var recovery: Double?
        /// The age of the newest verified backup of that time: what a restore would have lost.
        package var dataLoss: Double?

        private enum CodingKeys: String, CodingKey {
            case number, sentence, severity, drill
            case detectedAt = "detected_at"
            case pagedAt = "paged_at"
            case acknowledgedAt = "acknowledged_at"
            case owner
            case resolvedAt = "resolved_at"
            case toPage = "detect_to_page_seconds"
            case toAcknowledgement = "detect_to_acknowledgement_seconds"
            case recovery = "rto_seconds"
            case dataLoss = "rpo_seconds"
        }
    }

    /// One line of the timeline.
    package struct Event: Sendable, Hashable, Encodable {
        /// When it happened.
        package var at: String
        /// The incidents that it belongs to.
        package var incidents: [Int]
        /// What happened.
        package var what: String
    }

    /// The start, included.
    package var from: String
    /// The end, included.
    package var to: String
    /// The incidents that went on in that time, oldest first.
    package var incidents: [Measured]
    /// What happened to them and to the agent, oldest first; at most `eventLimit`.
    package var timeline: [Event]
    /// Whether there was more than the timeline lists.
    package var isCut: Bool

    private enum CodingKeys: String, CodingKey {
        case from, to, incidents, timeline
        case isCut = "timeline_cut"
    }

    /// Maximum number of events in the timeline.
    package static let eventLimit = 5000

    /// Measures what happened.
    /// - Parameters:
    ///   - incidents: those of the agent, also ones that lie outside the period.
    ///   - entries: further entries of the period: of the agent itself, silences, targets.
    ///   - backups: when each verified backup was made, and when it was uploaded, if that is known.
    package init(
        from: Timestamp, to: Timestamp, incidents: [Incident], entries: [HistoryEntry],
        backups: [(madeAt: Timestamp, uploadedAt: Timestamp?)]
    ) {
        self.from = from.rfc3339
        self.to = to.rfc3339
        let under = incidents.filter { incident in
            incident.startsAt <= to && incident.endedAt.map { $0 >= from } ?? true
        }.sorted { ($0.startsAt, $0.number) < ($1.startsAt, $1.number) }
        self.incidents = under.map { PeriodReport.measure($0, backups) }
        var seen: Set<HistoryEntry> = []
        let all = (under.flatMap(\.entries) + entries).filter {
            $0.at >= from && $0.at <= to && seen.insert($0).inserted
        }.sorted { ($0.at, $0.subject) < ($1.at, $1.subject) }
        timeline = all.prefix(PeriodReport.eventLimit).map {
            Event(at: $0.at.rfc3339, incidents: $0.incidents, what: DrillRunner.words($0))
        }
        isCut = all.count > PeriodReport.eventLimit
    }

    private static func measure(
        _ incident: Incident, _ backups: [(madeAt: Timestamp, uploadedAt: Timestamp?)]
    ) -> Measured {
        // The rule's condition held before its `for` had passed: then the watch knew.
        let seen = incident.entries.filter { [.pending, .firing].contains($0.kind) }.map(\.at).min()
        let detected = min(seen ?? incident.startsAt, incident.startsAt)
        func since(_ time: Timestamp?) -> Double? { time.map { max(($0 - detected).seconds, 0) } }
        // One that was still on its way did not exist.
        let usable = backups.filter { max($0.madeAt, $0.uploadedAt ?? $0.madeAt) <= detected }
        let newest = usable.map(\.madeAt).max()
        return Measured(
            number: incident.number, sentence: incident.sentence, severity: incident.severity,
            drill: incident.drill.isEmpty ? nil : incident.drill, detectedAt: detected.rfc3339,
            pagedAt: incident.toldAt?.rfc3339, acknowledgedAt: incident.acknowledgedAt?.rfc3339,
            owner: incident.owner.isEmpty ? nil : incident.owner, resolvedAt: incident.endedAt?.rfc3339,
            toPage: since(incident.toldAt), toAcknowledgement: since(incident.acknowledgedAt),
            recovery: since(incident.endedAt), dataLoss: newest.map { max((detected - $0).seconds, 0) })
    }
}
