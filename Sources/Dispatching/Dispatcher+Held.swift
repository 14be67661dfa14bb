package import Alerts
package import Platform
import Samples
import Text

extension Dispatcher {
    /// The most names of each kind that a text about a held alert lists.
    private static let heldNames = 5

    /// All firing alerts, each with what holds it back: a silence, an alert that inhibits it, a time interval, or the
    /// alert that explains it, with which it is told. As text: `silenced by ann: upgrade`; empty if nothing does. Sorted
    /// by labels.
    package func holds(_ now: Moment) -> [(alert: Alert, by: String)] {
        let statuses = alertStatuses(now)
        let names = Dictionary(
            statuses.map { ($0.alert.fingerprint, $0.alert) }, uniquingKeysWith: { first, _ in first })
        let causes = causes
        return statuses.map { status in
            var reasons: [String] = []
            let silences = status.silencedBy.compactMap { silence($0) }.map { silence in
                (silence.createdBy.isEmpty ? "somebody" : silence.createdBy)
                    + (silence.comment.isEmpty ? "" : ": \(silence.comment)")
            }
            if !status.silencedBy.isEmpty { reasons.append("silenced by \(Words.list(silences, limit: 2))") }
            if !status.inhibitedBy.isEmpty {
                let inhibiting = Set(status.inhibitedBy.compactMap { names[$0]?.name }).sorted()
                reasons.append("inhibited by \(Words.list(inhibiting, limit: Dispatcher.heldNames))")
            }
            if !status.mutedBy.isEmpty {
                reasons.append("muted by \(Words.list(status.mutedBy, limit: Dispatcher.heldNames))")
            }
            if reasons.isEmpty, let cause = causes[status.alert.id] {
                reasons.append("a consequence of \(cause), told with it")
            }
            return (status.alert, reasons.joined(separator: "; "))
        }
    }

    /// The names of the alerts that explain those of open incidents, by the id of the explained one.
    private var causes: [UInt64: String] {
        var causes: [UInt64: String] = [:]
        for record in incidentRecords where record.isOpen {
            for member in record.members where member.alert.endsAt == nil {
                guard let id = member.explainedBy, let cause = record.members.first(where: { $0.id == id }) else {
                    continue
                }
                causes[member.id] = cause.alert.name
            }
        }
        return causes
    }
}
