package import Samples

/// While its sources fire, targets with the same values of the `equal` labels are suppressed. A label that both lack
/// counts as equal.
/// Source: https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule
package struct InhibitRule: Sendable, Hashable {
    /// One alert that has to fire.
    package struct Source: Sendable, Hashable {
        /// All must match an alert for it to be the source.
        package var matchers: [Matcher]
        /// Names of labels whose values source and target must share.
        package var equal: [String]

        /// A source; without `equal` it inhibits any target.
        package init(matchers: [Matcher], equal: [String] = []) {
            self.matchers = matchers
            self.equal = equal
        }

        func matches(_ labels: Labels) -> Bool { matchers.allSatisfy { $0.matches(labels) } }
        func equalValues(_ labels: Labels) -> [String] { equal.map { labels[$0] ?? "" } }
    }

    /// Its name; empty if it has none.
    package var name: String
    /// An alert must fire for each of them. Never empty.
    package var sources: [Source]
    /// All must match an alert for it to be inhibited.
    package var targetMatchers: [Matcher]
    /// Whether an external alert may inhibit one of our own rules' by this rule. Default: no.
    package var external: Bool

    /// A rule with several sources.
    package init(name: String = "", sources: [Source], targetMatchers: [Matcher], external: Bool = false) {
        self.name = name
        self.sources = sources
        self.targetMatchers = targetMatchers
        self.external = external
    }

    /// A rule with one source; without `equal` any source inhibits any target.
    package init(
        name: String = "", sourceMatchers: [Matcher], targetMatchers: [Matcher], equal: [String] = [],
        external: Bool = false
    ) {
        self.init(
            name: name, sources: [Source(matchers: sourceMatchers, equal: equal)], targetMatchers: targetMatchers,
            external: external)
    }

    func isTarget(_ labels: Labels) -> Bool { targetMatchers.allSatisfy { $0.matches(labels) } }
}
