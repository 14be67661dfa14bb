import Samples

/// While a source fires, targets with the same values in `equal` stay quiet. A label absent on both is equal.
/// Source: https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule
package struct InhibitRule: Sendable, Hashable {
    package var sourceMatchers: [Matcher]
    package var targetMatchers: [Matcher]
    package var equal: [String]

    package init(sourceMatchers: [Matcher], targetMatchers: [Matcher], equal: [String] = []) {
        self.sourceMatchers = sourceMatchers
        self.targetMatchers = targetMatchers
        self.equal = equal
    }

    func isSource(_ labels: Labels) -> Bool { sourceMatchers.allSatisfy { $0.matches(labels) } }
    func isTarget(_ labels: Labels) -> Bool { targetMatchers.allSatisfy { $0.matches(labels) } }
    func equalValues(_ labels: Labels) -> [String] { equal.map { labels[$0] ?? "" } }
}
