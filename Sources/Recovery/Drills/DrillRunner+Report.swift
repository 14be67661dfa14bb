import Alerts
import Platform
import Samples
import Text

/// From the course of a drill to its report.
extension DrillRunner {
    func report(_ course: Course) -> DrillReport {
        var issues = course.issues
        let objectives = objectives(course)
        if course.fault != nil {
            for objective in objectives where objective.isMet == false { issues.append(DrillRunner.miss(objective)) }
        }
        let outcome: DrillReport.Outcome =
            if course.isRefused { .refused } else if course.isAborted {
                .aborted
            } else if course.isFailed
                || objectives.contains(where: { $0.isMet == false })
            { .failed } else { .passed }
        let measured = course.measurement
        return DrillReport(
            id: id, scenario: scenario.name, description: scenario.description, cluster: cluster, outcome: outcome,
            startedAt: course.startedAt.rfc3339, endedAt: time.wall().rfc3339, faultAt: course.fault?.rfc3339,
            knownAt: measured.known?.rfc3339, pagedAt: measured.paged?.rfc3339,
            interruptedAt: measured.interrupted?.rfc3339, servedAt: recovered(course)?.rfc3339,
            objectives: objectives, issues: Array(issues.prefix(DrillReport.issueLimit)), steps: course.steps,
            timeline: timeline(course), previous: nil)
    }

    /// When the service was there again: as the agent saw it, or else the end of the steps if all of them passed.
    private func recovered(_ course: Course) -> Timestamp? {
        guard course.fault != nil else { return nil }
        if scenario.served != nil { return course.measurement.served }
        return course.isFailed || course.isAborted ? nil : course.stepsEndedAt
    }

    private func objectives(_ course: Course) -> [DrillReport.Objective] {
        func objective(_ name: String, _ promised: Duration?, _ measured: Double?) -> DrillReport.Objective {
            DrillReport.Objective(
                name: name, promised: promised?.seconds, measured: measured,
                isMet: promised.map { promised in measured.map { $0 <= promised.seconds } ?? false })
        }
        func since(_ time: Timestamp?) -> Double? {
            guard let fault = course.fault, let time else { return nil }
            return max((time - fault).seconds, 0)
        }
        return [
            objective("rto", scenario.objective.recoveryTime, since(recovered(course))),
            objective("rpo", scenario.objective.dataLoss, course.dataLoss),
            objective("paged", scenario.objective.paged, since(course.measurement.paged)),
        ]
    }

    private static func miss(_ objective: DrillReport.Objective) -> String {
        let promised = Words.duration(objective.promised ?? 0)
        let measured = objective.measured.map(Words.measured)
        return switch objective.name {
        case "rto": "the service was \(measured.map { "back after \($0)" } ?? "not back"), promised within \(promised)"
        case "rpo":
            "\(measured.map { "changes of \($0)" } ?? "an unknown number of changes") are lost, promised \(promised) at most"
        default: "\(measured.map { "paged after \($0)" } ?? "nobody was paged"), promised within \(promised)"
        }
    }

    private func timeline(_ course: Course) -> [DrillReport.Event] {
        var events = course.events
        let measured = course.measurement
        for (at, what) in [
            (measured.known, "the watch knows"), (measured.paged, "paged"), (measured.interrupted, "service seen away"),
            (measured.interrupted == nil ? nil : measured.served, "service back"),
        ] {
            if let at { events.append((at, what)) }
        }
        for entry in measured.entries { events.append((entry.at, DrillRunner.words(entry))) }
        let sorted = events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        return sorted.prefix(DrillReport.eventLimit).map { _, event in
            DrillReport.Event(
                at: event.at.rfc3339, offset: course.fault.map { (event.at - $0).seconds }, what: event.what)
        }
    }

    /// An entry of the history in a line.
    static func words(_ entry: HistoryEntry) -> String {
        let to = [entry.receiver, entry.integration].filter { !$0.isEmpty }.joined(separator: " ")
        let detail = entry.detail.isEmpty ? "" : ": \(entry.detail)"
        return "\(entry.kind.rawValue) \(entry.subject)\(to.isEmpty ? "" : " to \(to)")\(detail)".withoutControls()
            .truncated(toBytes: 1000)
    }
}
