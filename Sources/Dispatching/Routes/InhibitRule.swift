package import Samples

/// While a source fires, targets with the same values of the `equal` labels are suppressed. A label absent on both is
/// equal.
/// Source: https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule
package struct InhibitRule: Sendable, Hashable {
    /// All must match an alert for it to inhibit others.
    package var sourceMatchers: [Matcher]
    /// All must match an alert for it to be inhibited.
    package var targetMatchers: [Matcher]
    /// Names of labels whose values source and target must share.
    package var equal: [String]
    /// Whether an alert from outside may inhibit one of our own rules' by this rule. Default: no.
    package var external: Bool

    /// A rule; without `equal` any source inhibits any target.
    package init(
        sourceMatchers: [Matcher], targetMatchers: [Matcher], equal: [String] = [], external: Bool = false
    ) {
        self.sourceMatchers = sourceMatchers
        self.targetMatchers = targetMatchers
        self.equal = equal
        self.external = external
    }

    func isSource(_ labels: Labels) -> Bool { sourceMatchers.allSatisfy { $0.matches(labels) } }
    func isTarget(_ labels: Labels) -> Bool { targetMatchers.allSatisfy { $0.matches(labels) } }
    func equalValues(_ labels: Labels) -> [String] { equal.map { labels[$0] ?? "" } }
}
