import Alerts
package import Samples
import Text
package import TimeZones
package import Web

/// The words of the overview without markup, for the command line: the same order, the same sentences.
package struct OverviewWords: Sendable {
    /// An incident in the words of its page; texts without a full stop.
    package struct Incident: Sendable, Hashable {
        /// Its data.
        package var view: IncidentView
        /// Its colour.
        package var gravity: Gravity
        /// `critical`
        package var severity: String
        /// What users lose, else the cause.
        package var sentence: String
        /// The cause and its reason; empty if the sentence says it all.
        package var why: String
        /// `03:11:08 CET, 2 min 33 s`
        package var since: String
        /// `PagerDuty ✓ Slack ✕`, or `nobody`.
        package var told: String
        /// `nobody yet`, `nobody yet, silenced`, `ann since 03:12:40: “on it”`.
        package var who: String
        /// `03:16:08 to boss, unless somebody acknowledges it before`
        package var next: String
        /// What to do first; empty if the rule names nothing.
        package var action: String
        /// The consequences by name: `VaultSealed vault-2`.
        package var consequences: [String]
    }

    private let snapshot: EstateSnapshot
    private let clusters: [ClusterView]
    private let clock: Clock

    /// Words for a snapshot, whose times are shown in the zone.
    package init(_ snapshot: EstateSnapshot, zone: TimeZoneData) {
        var snapshot = snapshot
        snapshot.incidents.sort { a, b in
            let (x, y) = (a.record.currentSeverity, b.record.currentSeverity)
            return x == y ? (a.record.startsAt, a.record.number) < (b.record.startsAt, b.record.number) : x > y
        }
        self.snapshot = snapshot
        clusters = ClusterView.all(snapshot)
        clock = Clock(zone: zone, now: snapshot.now)
    }

    /// The open incidents: first the one that the overview begins with, then the most severe and oldest.
    package var incidents: [Incident] {
        let head = OverviewPage.head(of: snapshot)
        let others = snapshot.incidents.filter { $0.record != head?.record }
        return ([head].compactMap(\.self) + others).map(words)
    }

    /// Whether the first of the incidents needs somebody now.
    package var isUrgent: Bool { OverviewPage.head(of: snapshot) != nil }

    /// The state of all clusters, as a sentence without a full stop.
    package var calm: String { CalmOverview.sentence(clusters) }

    private func words(_ view: IncidentView) -> Incident {
        let record = view.record
        let sentence = OverviewPage.sentence(record, clusters)
        let reason = record.cause?.alert.reason ?? ""
        let why = sentence == record.sentence ? reason : record.sentence + (reason.isEmpty ? "" : ". " + reason)
        let told = Told.line(view.told)
        return Incident(
            view: view, gravity: view.gravity, severity: record.severityWord, sentence: sentence,
            why: why.dropLastStop, since: OverviewWords.since(record.startsAt, clock),
            told: told.isEmpty ? "nobody" : told, who: who(view), next: next(view),
            action: record.cause?.alert.annotations["action"] ?? "",
            consequences: record.consequences.map(\.alert.title))
    }

    /// `03:11:08 CET, 2 min 33 s`
    package static func since(_ time: Timestamp, _ clock: Clock) -> String {
        let age = max((clock.now - time).seconds.rounded(.down), 0)
        return "\(clock.text(time)) \(clock.abbreviation), \(Words.duration(age))"
    }

    private func who(_ view: IncidentView) -> String {
        guard let acknowledgement = view.record.acknowledgement else {
            return view.silencedBy.isEmpty ? "nobody yet" : "nobody yet, silenced"
        }
        let comment = acknowledgement.comment.isEmpty ? "" : ": “\(acknowledgement.comment)”"
        return "\(acknowledgement.by) since \(clock.text(acknowledgement.at))\(comment)"
    }

    private func next(_ view: IncidentView) -> String {
        guard let step = view.next.first else { return "nothing until something changes" }
        let unless = step.calledOffBy.isEmpty ? "" : ", unless \(step.calledOffBy)"
        return "\(clock.text(step.at)) \(step.words)\(unless)"
    }
}
