package import Samples

extension GroupEvaluator {
    /// Merges the state of the last run after a start without it, like `restore`.
    ///
    /// Alerts that fire or have ended in this run are newer and take precedence; pending ones continue from where they
    /// were in the last run.
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
