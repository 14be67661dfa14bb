package import Alerts
package import Samples
import Text

extension GroupEvaluator {
    /// The state that must survive a restart: the alerts of each rule, and when it was saved.
    package struct Saved: Codable, Sendable {
        /// Milliseconds since the epoch.
        package var savedAt: Int64
        /// By the rule's name and labels, and its number among identical ones.
        package var alerts: [String: [ActiveAlert]]
    }

    /// A pending alert is dropped after an outage longer than this. Milliseconds: 1 h.
    private static let outageTolerance: Int64 = 3_600_000
    /// Milliseconds: 10 min.
    private static let grace: Int64 = 600_000

    private static func key(_ rule: Rule, _ index: Int, _ group: RuleGroup) -> String {
        // Numbers rules with the same name and labels.
        let twin = group.rules[..<index].count { $0.identity == rule.identity }
        return "\(rule.name)\u{1f}\(Labels(rule.labels))\u{1f}\(twin)"
    }

    /// The state of all rules that have alerts.
    package func saved(at now: Timestamp) -> Saved {
        var alerts: [String: [ActiveAlert]] = [:]
        for (index, rule) in group.rules.enumerated() where !rules[index].alerts.isEmpty {
            alerts[GroupEvaluator.key(rule, index, group)] = Array(rules[index].alerts.values)
        }
        return Saved(savedAt: now.milliseconds, alerts: alerts)
    }

    /// A rule's `for` continues where it was, not counting the time of the outage, if that was at most an hour; alerts
    /// that fired continue to fire until their data is back, for up to a minute.
    package mutating func restore(_ saved: Saved, now: Timestamp) {
        // Negative if the clock was stepped back meanwhile.
        let outage = now.milliseconds.subtractingSaturated(saved.savedAt)
        var gone = saved.alerts
        for (index, rule) in group.rules.enumerated() {
            for var alert in gone.removeValue(forKey: GroupEvaluator.key(rule, index, group)) ?? [] {
                if outage < 0 { alert.shift(by: outage) }
                if alert.state == .pending {
                    guard outage <= GroupEvaluator.outageTolerance else { continue }
                    alert.activeAt = alert.activeAt.addingSaturated(max(0, outage))
                    // A long `for` that had nearly passed gets the grace period, as in Prometheus: data needs time to
                    // come back.
                    let hold = rule.hold.milliseconds
                    if hold >= GroupEvaluator.grace,
                        alert.activeAt.addingSaturated(hold) < now.milliseconds + GroupEvaluator.grace
                    {
                        alert.activeAt = now.milliseconds + GroupEvaluator.grace - hold
                    }
                }
                alert.restoredUntil = now.milliseconds + 60_000
                rules[index].alerts[Labels(alert.labels)] = alert
            }
        }
        // Rules that were removed from the files meanwhile: their alerts end at the next evaluation.
        for alerts in gone.values {
            removed.append(
                RuleState(alerts: Dictionary(alerts.map { (Labels($0.labels), $0) }) { first, _ in first }))
        }
    }

    /// The wall clock was stepped: shifts all times, so that running durations stay the same.
    package mutating func shift(by step: Duration) {
        for index in rules.indices {
            for labels in rules[index].alerts.keys { rules[index].alerts[labels]?.shift(by: step.milliseconds) }
        }
    }

    /// Takes a new version of the group: unchanged rules keep their state; the series and alerts of the others end at
    /// the next evaluation.
    package mutating func adopt(_ new: RuleGroup) {
        var old: [String: RuleState] = [:]
        for (index, rule) in group.rules.enumerated() { old[GroupEvaluator.key(rule, index, group)] = rules[index] }
        rules = new.rules.enumerated().map { index, rule in
            old.removeValue(forKey: GroupEvaluator.key(rule, index, new)) ?? RuleState()
        }
        removed += old.values
        group = new
    }

    /// Stale markers and ends for rules that a reload has removed.
    mutating func endRemoved(now: Timestamp, time: Timestamp, _ result: inout GroupResult) {
        for state in removed {
            result.isChanged = true
            result.samples += state.series.map { Sample($0, StaleMarker.value, at: time) }
            result.alerts += ends(of: state, at: now)
        }
        removed = []
    }
}

extension GroupEvaluator {
    /// The ends of all firing alerts, for a group that is removed.
    package func ends(at now: Timestamp) -> [Alert] { (rules + removed).flatMap { ends(of: $0, at: now) } }

    /// The ids of all firing alerts.
    package func firing() -> Set<UInt64> { Set(ends(at: Timestamp(milliseconds: 0)).map(\.id)) }

    private func ends(of state: RuleState, at now: Timestamp) -> [Alert] {
        state.alerts.values.filter { $0.state == .firing }.map { alert in
            var ended = alert
            ended.resolvedAt = now.milliseconds
            var out = ended.alert(updatedAt: now, generatorURL: "")
            out.labels = withExternalLabels(out.labels)
            return out
        }
    }

    /// An alert's own label wins over an external one of that name.
    func withExternalLabels(_ labels: Labels) -> Labels {
        externalLabels.isEmpty ? labels : Labels(externalLabels.dictionary.merging(labels.dictionary) { _, own in own })
    }
}

extension GroupEvaluator.Saved {
    /// The ends of all alerts that fired, for a group that was removed while the agent was down.
    package func ends(at now: Timestamp, externalLabels: Labels) -> [Alert] {
        alerts.values.joined().filter { $0.state == .firing }.map { alert in
            var ended = alert
            ended.resolvedAt = now.milliseconds
            var out = ended.alert(updatedAt: now, generatorURL: "")
            out.labels = Labels(externalLabels.dictionary.merging(out.labels.dictionary) { _, own in own })
            return out
        }
    }
}
