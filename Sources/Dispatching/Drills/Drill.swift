import Alerts
package import Samples
import Text

/// A drill that somebody has announced: until it ends, the alerts that begin in its cluster are marked as alerts of a
/// drill.
///
/// The mark is an annotation, and a word before the summary, rather than a label: a label is part of an alert's
/// identity. With one, an alert of a drill that still fires when the drill is over could only go on as a drill, or end
/// and begin anew; and receivers would not recognise its end as that of the alert that they were notified of. So the
/// mark comes and goes with the drill: what outlasts it is real, and is notified again without the mark.
package struct Drill: Sendable, Hashable {
    /// The scenario's name; at most `nameLimitBytes`.
    package var scenario: String
    /// The cluster that is drilled.
    package var cluster: String
    /// What else alerts because of it, beside what has the label `cluster`: matchers that must all match, for each kind
    /// of alert.
    package var others: [[Matcher]]
    /// Alerts that began before are not of the drill.
    package var startsAt: Timestamp
    /// When it ends, unless somebody ends it before.
    package var endsAt: Timestamp
    /// Who announced it.
    package var createdBy: String

    /// Maximum time from the announcement to the end: one that nobody ends must not hide the next day's outage.
    package static let spanLimit = Duration.seconds(86_400)
    /// Maximum number of drills at once.
    package static let countLimit = 20
    /// Maximum bytes of the names of scenario and cluster.
    package static let nameLimitBytes = 128
    /// Maximum number of matchers in `others`.
    package static let matcherLimit = 50
    /// The prefix of drills' keys in the journal's table of states.
    package static let keyPrefix = "drill/"

    /// A drill that covers only its cluster by default.
    package init(
        scenario: String, cluster: String, others: [[Matcher]] = [], startsAt: Timestamp, endsAt: Timestamp,
        createdBy: String
    ) {
        self.scenario = scenario
        self.cluster = cluster
        self.others = others
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.createdBy = createdBy
    }

    /// The key of its row in the journal.
    package var storageKey: String { Drill.keyPrefix + cluster }

    /// Whether it causes alerts with these labels.
    func covers(_ labels: Labels) -> Bool {
        labels["cluster"] == cluster || others.contains { $0.allSatisfy { $0.matches(labels) } }
    }

    /// Whether an alert is one of the drill: it covers it, and its condition did not hold before the drill.
    func causes(_ alert: Alert) -> Bool {
        (alert.activeAt ?? alert.startsAt) >= startsAt && covers(alert.labels)
    }

    /// An alert with the mark of a scenario.
    static func marked(_ alert: Alert, _ scenario: String) -> Alert {
        var alert = alert
        alert.annotations[Alert.drillAnnotation] = scenario
        let key = summaryKey(alert)
        alert.annotations[key] = Alert.drillWord + (alert.annotations[key] ?? alert.name)
        return alert
    }

    /// An alert without the mark.
    static func unmarked(_ alert: Alert) -> Alert {
        var alert = alert
        alert.annotations[Alert.drillAnnotation] = nil
        let key = summaryKey(alert)
        if let text = alert.annotations[key], text.hasPrefix(Alert.drillWord) {
            alert.annotations[key] = String(text.dropFirst(Alert.drillWord.count))
        }
        return alert
    }

    /// Messages and pages show the summary, or else the title.
    private static func summaryKey(_ alert: Alert) -> String {
        alert.annotations["summary"] == nil && alert.annotations["title"] != nil ? "title" : "summary"
    }
}

/// Why a drill cannot be announced.
package enum DrillError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It has no name, or is no longer than its limits allow; with what was expected.
    case invalid(String)
    /// One is under way in the same cluster.
    case busy(scenario: String, by: String)
    /// There are as many as there may be.
    case tooMany

    package var description: String {
        switch self {
        case .invalid(let reason): reason
        case .busy(let scenario, let by):
            "the drill \(scenario) of \(by) is under way in this cluster; end it first"
        case .tooMany: "\(Drill.countLimit) drills are under way; end one first"
        }
    }
}
