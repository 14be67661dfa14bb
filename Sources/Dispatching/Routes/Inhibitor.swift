import Alerts
import Samples

/// The firing sources of every inhibit rule, found by the values of their `equal` labels.
struct Inhibitor: Sendable {
    private struct Sources: Sendable {
        let rule: InhibitRule
        /// By equal values, then by the alert's id: whether the source is also a target of its rule.
        var own: [[String]: [UInt64: Bool]] = [:]
        /// Those from outside, which inhibit alerts of our rules only where the rule says so.
        var external: [[String]: [UInt64: Bool]] = [:]

        /// A source that inhibits an alert by this rule and meets a condition.
        func inhibiting(_ labels: Labels, isExternal: Bool, where condition: (UInt64) -> Bool) -> UInt64? {
            guard rule.isTarget(labels) else { return nil }
            let values = rule.equalValues(labels)
            let isSource = rule.isSource(labels)
            func first(_ candidates: [UInt64: Bool]?) -> UInt64? {
                candidates?.first { !(isSource && $0.value) && condition($0.key) }?.key
            }
            return first(own[values]) ?? (isExternal || rule.external ? first(external[values]) : nil)
        }

        mutating func update(_ alert: Alert, firing: Bool) {
            let values = rule.equalValues(alert.labels)
            if alert.isExternal {
                Sources.set(&external, values, alert.id, firing ? rule.isTarget(alert.labels) : nil)
            } else {
                Sources.set(&own, values, alert.id, firing ? rule.isTarget(alert.labels) : nil)
            }
        }

        private static func set(
            _ sources: inout [[String]: [UInt64: Bool]], _ values: [String], _ id: UInt64, _ isTarget: Bool?
        ) {
            sources[values, default: [:]][id] = isTarget
            if sources[values]?.isEmpty == true { sources[values] = nil }
        }
    }

    private struct Source: Sendable {
        var labels: Labels
        var isExternal: Bool
    }

    private var rules: [Sources]
    /// Every alert that is a source of some rule and fires, by its id.
    private var sources: [UInt64: Source] = [:]
    /// How many sources of sources are examined; longer chains of inhibitions do not occur in practice.
    private static let searchLimit = 64

    init(_ rules: [InhibitRule]) { self.rules = rules.map { Sources(rule: $0) } }

    /// Adds an alert that fires, or removes one that does not.
    mutating func update(_ alert: Alert, firing: Bool) {
        for index in rules.indices where rules[index].rule.isSource(alert.labels) {
            sources[alert.id] = firing ? Source(labels: alert.labels, isExternal: alert.isExternal) : nil
            rules[index].update(alert, firing: firing)
        }
    }

    /// Ids of the alerts that inhibit this one, one per rule. An alert that is both source and target of a rule is not
    /// inhibited by another such, as in Alertmanager. Nor are alerts that inhibit each other in a circle over several
    /// rules, unless one from outside the circle inhibits them: else none of them would ever be sent.
    func inhibiting(_ alert: Alert) -> [UInt64] {
        var found: Set<UInt64> = []
        for rule in rules {
            if let source = rule.inhibiting(alert.labels, isExternal: alert.isExternal, where: { _ in true }) {
                found.insert(source)
            }
        }
        if found.isEmpty { return [] }
        var seen: Set<UInt64> = [alert.id]
        return isHeld(Source(labels: alert.labels, isExternal: alert.isExternal), &seen) ? found.sorted() : []
    }

    /// Whether the chain of its inhibitions starts at an alert that is not inhibited itself.
    private func isHeld(_ target: Source, _ seen: inout Set<UInt64>) -> Bool {
        rules.contains { rule in
            rule.inhibiting(target.labels, isExternal: target.isExternal) { id in
                guard seen.count <= Inhibitor.searchLimit, seen.insert(id).inserted, let source = sources[id] else {
                    return false
                }
                let isActive = rules.allSatisfy {
                    $0.inhibiting(source.labels, isExternal: source.isExternal, where: { _ in true }) == nil
                }
                return isActive || isHeld(source, &seen)
            } != nil
        }
    }
}
