package import Probes
package import Samples
import Text

extension DrillReport {
    /// The line of the record file that the recovery rules watch; nil for a drill that did not take place: it was refused, or
    /// ended before anything was done.
    package func record(at time: Timestamp) -> RecordedEvent? {
        let hasActed =
            faultAt != nil || steps.contains { $0.action == "run" && $0.startedAt != nil }
        guard outcome != .refused, outcome != .aborted || hasActed else { return nil }
        var details = RecordedEvent.Details()
        details.drillID = id
        details.scenario = scenario
        details.success = outcome == .passed
        // How long recovery took; without a fault, how long the drill took.
        let whole = Timestamp(rfc3339: endedAt).flatMap { end in
            Timestamp(rfc3339: startedAt).map { (end - $0).seconds }
        }
        details.duration = (measured("rto") ?? whole).map { max($0, 0) * 1000 }
        details.paged = measured("paged").map { $0 * 1000 }
        details.dataLoss = measured("rpo").map { $0 * 1000 }
        details.rtoMet = objectives.first { $0.name == "rto" }?.isMet
        details.issues = issues
        if outcome == .aborted { details.error = issues.first ?? "aborted" }
        return RecordedEvent(outcome == .aborted ? .drillFailed : .drillCompleted, at: time, details: details)
    }
}
