import Alerts
import Dispatching
import Samples

/// What the watch itself saw of a fault: when it knew, when somebody was told, and when the service was there again.
struct DrillMeasurement: Sendable, Hashable {
    /// When an alert of it first became pending or fired.
    var known: Timestamp?
    /// When a receiver first accepted a message about it.
    var paged: Timestamp?
    /// When the service was first seen away; nil where it was never seen away.
    var interrupted: Timestamp?
    /// When it was there again for good; nil where it is still away.
    var served: Timestamp?
    /// Entries about it, oldest first.
    var entries: [HistoryEntry] = []

    /// Which alerts are those of the drill.
    struct Scope: Sendable {
        var cluster: String
        var others: [[Matcher]] = []

        /// Whether an entry is about an alert of the drill.
        func covers(_ entry: HistoryEntry) -> Bool {
            guard [.pending, .firing, .ended].contains(entry.kind), let labels = MatcherSyntax.labels(entry.subject)
            else { return false }
            return labels["cluster"] == cluster || others.contains { $0.allSatisfy { $0.matches(labels) } }
        }
    }

    /// Takes what the history says.
    /// - Parameter entries: in any order; those before the fault are ignored.
    mutating func take(_ entries: [HistoryEntry], of scope: Scope, since fault: Timestamp) {
        let after = entries.filter { $0.at >= fault }.sorted { $0.at < $1.at }
        let alerts = after.filter { scope.covers($0) }
        // What begins before the fault and ends after it tells nothing.
        let beginnings = alerts.filter { $0.kind != .ended && !$0.detail.hasPrefix("over after") }
        known = beginnings.first?.at
        let incidents = Set(beginnings.flatMap(\.incidents))
        let sent = after.filter { $0.kind == .sent && !incidents.isDisjoint(with: $0.incidents) }
        paged = sent.first?.at
        let told = Set(sent).union(
            after.filter {
                [.failed, .escalated, .acknowledged, .note].contains($0.kind)
                    && !incidents.isDisjoint(with: $0.incidents)
            })
        self.entries = (alerts + told).sorted { $0.at < $1.at }
    }

    /// Takes when the service was there.
    /// - Parameters:
    ///   - times: of the steps from the fault through the end, those at which it was there.
    ///   - step: the distance from one step to the next.
    mutating func take(
        served times: Set<Timestamp>, from fault: Timestamp, through end: Timestamp, step: Duration
    ) {
        var at = fault
        var isAway = false
        served = fault
        while at <= end {
            if !times.contains(at) {
                interrupted = interrupted ?? at
                isAway = true
                served = nil
            } else if isAway {
                isAway = false
                served = at
            }
            at = at + step
        }
    }
}
