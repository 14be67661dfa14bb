import Logging
import Rules
import Samples
import Telemetry
import Text

/// The rule manager's metrics by group; names and labels are those of Prometheus.
struct RuleMetrics: Sendable {
    private let evaluations: Counter
    private let failures: Counter
    private let missed: Counter
    private let duration: Gauge
    private let lastTimestamp: Gauge
    private let interval: Gauge
    private let rules: Gauge

    init(_ registry: Registry) {
        let labels = ["rule_group"]
        evaluations = registry.counter("vaultwatch_rule_evaluations_total", help: "Rules evaluated.", labels: labels)
        failures = registry.counter(
            "vaultwatch_rule_evaluation_failures_total", help: "Rules that failed to evaluate.", labels: labels)
        missed = registry.counter(
            "vaultwatch_rule_group_iterations_missed_total",
            help: "Group iterations missed because the previous one took too long.", labels: labels)
        duration = registry.gauge(
            "vaultwatch_rule_group_last_duration_seconds", help: "Duration of a group's last evaluation.",
            labels: labels)
        lastTimestamp = registry.gauge(
            "vaultwatch_rule_group_last_evaluation_timestamp_seconds", help: "When a group was last evaluated.",
            labels: labels)
        interval = registry.gauge(
            "vaultwatch_rule_group_interval_seconds", help: "A group's interval.", labels: labels)
        rules = registry.gauge("vaultwatch_rule_group_rules", help: "Rules of a group.", labels: labels)
    }

    /// Creates a group's series.
    func declare(_ group: RuleGroup, interval: Duration) {
        for counter in [evaluations, failures, missed] { counter.declare(group.name) }
        self.interval.set(interval.seconds, group.name)
        rules.set(Double(group.rules.count), group.name)
    }

    /// Counts one evaluation of a group.
    func record(_ group: RuleGroup, _ result: GroupResult, began: Timestamp, seconds: Double) {
        evaluations.increment(group.name, by: Double(result.evaluations))
        if !result.failures.isEmpty { failures.increment(group.name, by: Double(result.failures.count)) }
        duration.set(seconds, group.name)
        lastTimestamp.set(began.seconds, group.name)
    }

    func recordMissed(_ group: RuleGroup, _ count: Int64) { missed.increment(group.name, by: Double(count)) }
}
