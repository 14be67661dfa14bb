package import Samples

extension GroupEvaluator {
    /// Takes in the state of the last run after a start without it, as `restore` does.
    ///
    /// What fires or has ended in this run is newer and stays; what is pending goes on from where it was in the last run.
    package mutating func merge(_ saved: Saved, now: Timestamp) {
        let current = rules.map(\.alerts)
        restore(saved, now: now)
        for (index, alerts) in current.enumerated() {
            for (labels, alert) in alerts
            where alert.state != .pending || rules[index].alerts[labels]?.state == .inactive {
                rules[index].alerts[labels] = alert
            }
        }
    }
}
