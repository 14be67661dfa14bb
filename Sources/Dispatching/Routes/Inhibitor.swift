import Samples

/// The firing sources of every inhibit rule, found by the values of their `equal` labels.
struct Inhibitor: Sendable {
    private struct Sources: Sendable {
        let rule: InhibitRule
        /// By equal values, then by fingerprint: whether the source is also a target of its rule.
        var firing: [[String]: [UInt64: Bool]] = [:]

        /// A source that inhibits an alert by this rule and meets a condition.
        func inhibiting(_ labels: Labels, where condition: (UInt64) -> Bool) -> UInt64? {
            guard rule.isTarget(labels), let candidates = firing[rule.equalValues(labels)] else { return nil }
            let isSource = rule.isSource(labels)
            return candidates.first { !(isSource && $0.value) && condition($0.key) }?.key
        }
    }

    private var rules: [Sources]
    /// Of every alert that is a source of some rule and fires.
    private var labels: [UInt64: Labels] = [:]
    /// How many sources of sources are examined; longer chains of inhibitions do not occur in practice.
    private static let searchLimit = 64

    init(_ rules: [InhibitRule]) { self.rules = rules.map { Sources(rule: $0) } }

    /// Adds an alert that fires, or removes one that does not.
    mutating func update(_ labels: Labels, firing: Bool) {
        for index in rules.indices where rules[index].rule.isSource(labels) {
            let values = rules[index].rule.equalValues(labels)
            self.labels[labels.fingerprint] = firing ? labels : nil
            if firing {
                rules[index].firing[values, default: [:]][labels.fingerprint] = rules[index].rule.isTarget(labels)
            } else {
                rules[index].firing[values]?[labels.fingerprint] = nil
                if rules[index].firing[values]?.isEmpty == true { rules[index].firing[values] = nil }
            }
        }
    }

    /// Fingerprints of the alerts that inhibit this one, one per rule. An alert that is both source and target of a rule
    /// is not inhibited by another such, as in Alertmanager. Nor are alerts that inhibit each other in a circle over
    /// several rules, unless one from outside the circle inhibits them: else none of them would ever be sent.
    func inhibiting(_ labels: Labels) -> [UInt64] {
        var found: Set<UInt64> = []
        for sources in rules {
            if let source = sources.inhibiting(labels, where: { _ in true }) { found.insert(source) }
        }
        if found.isEmpty { return [] }
        var seen: Set<UInt64> = [labels.fingerprint]
        return isHeld(labels, &seen) ? found.sorted() : []
    }

    /// Whether the chain of its inhibitions starts at an alert that is not inhibited itself.
    private func isHeld(_ labels: Labels, _ seen: inout Set<UInt64>) -> Bool {
        rules.contains { sources in
            sources.inhibiting(labels) { source in
                guard seen.count <= Inhibitor.searchLimit, seen.insert(source).inserted,
                    let labels = self.labels[source]
                else { return false }
                let isActive = rules.allSatisfy { $0.inhibiting(labels, where: { _ in true }) == nil }
                return isActive || isHeld(labels, &seen)
            } != nil
        }
    }
}
