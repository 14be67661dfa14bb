package import Dispatching
import Alerts
import Journal
import Logging
import Platform
import Samples

/// Drills: announced by the command that runs them, over when it says so or when their time is over.
extension DispatcherService {
    /// Announces a drill; on return it is in the journal.
    /// - Throws: `DrillError`.
    package func startDrill(_ drill: Drill, by caller: String) async throws(DrillError) {
        try dispatcher.startDrill(drill, now: platform.time.now())
        platform.log.notice(
            "drill announced",
            metadata: [
                "scenario": "\(drill.scenario)", "cluster": "\(drill.cluster)", "until": "\(drill.endsAt.rfc3339)",
                "by": "\(caller)",
            ])
        apply(
            Decisions(),
            [row(of: drill), history("drill began", drill, "until \(drill.endsAt.rfc3339) by \(caller)")])
        await committed()
    }

    /// Ends the drill of a cluster; on return that is in the journal.
    /// - Returns: nil where none is under way.
    package func endDrill(cluster: String, by caller: String) async -> Drill? {
        guard let (drill, decisions) = dispatcher.endDrill(cluster: cluster, now: platform.time.now()) else {
            return nil
        }
        platform.log.notice(
            "drill ended",
            metadata: ["scenario": "\(drill.scenario)", "cluster": "\(drill.cluster)", "by": "\(caller)"])
        apply(decisions)
        await committed()
        return drill
    }

    /// The drills under way, by cluster.
    package func drills() -> [Drill] { dispatcher.allDrills }

    /// A drill's row in the journal.
    func row(of drill: Drill) -> JournalChange {
        change(for: drill.storageKey, "a drill") { try drill.encoded() }
    }

    /// What the journal keeps of drills that ended, and of their alerts that still fire.
    func changesOfEndedDrills(_ decisions: Decisions) -> [JournalChange] {
        let rows = decisions.endedDrills.flatMap { drill in
            let left = decisions.unmarked.filter { $0.labels["cluster"] == drill.cluster }.count
            return [
                JournalChange.forgetState(key: drill.storageKey),
                history("drill ended", drill, left == 0 ? "" : "\(left) of its alerts still fire"),
            ]
        }
        return rows + decisions.unmarked.map { .alert($0) }
    }

    private func history(_ subject: String, _ drill: Drill, _ detail: String) -> JournalChange {
        .history(
            HistoryEntry(
                at: platform.time.wall(), kind: .agent, subject: subject,
                detail: DispatcherService.detail("\(drill.scenario) in cluster \(drill.cluster)", detail)))
    }
}
