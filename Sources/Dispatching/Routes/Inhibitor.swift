import Samples

/// The firing sources of every inhibit rule, found by the values of their `equal` labels.
struct Inhibitor: Sendable {
    private struct Sources: Sendable {
        let rule: InhibitRule
        /// By equal values, then by fingerprint: whether the source is also a target of its rule.
        var firing: [[String]: [UInt64: Bool]] = [:]
    }

    private var rules: [Sources]

    init(_ rules: [InhibitRule]) { self.rules = rules.map { Sources(rule: $0) } }

    /// Takes note of an alert that fires, or forgets one that does not.
    mutating func update(_ labels: Labels, firing: Bool) {
        for index in rules.indices where rules[index].rule.isSource(labels) {
            let values = rules[index].rule.equalValues(labels)
            if firing {
                rules[index].firing[values, default: [:]][labels.fingerprint] = rules[index].rule.isTarget(labels)
            } else {
                rules[index].firing[values]?[labels.fingerprint] = nil
                if rules[index].firing[values]?.isEmpty == true { rules[index].firing[values] = nil }
            }
        }
    }

    /// Fingerprints of the alerts that keep this one quiet, one a rule. An alert that is both source and target
    /// of a rule is not kept quiet by another such, else two would silence each other.
    func inhibiting(_ labels: Labels) -> [UInt64] {
        var found: Set<UInt64> = []
        for sources in rules where sources.rule.isTarget(labels) {
            guard let candidates = sources.firing[sources.rule.equalValues(labels)] else { continue }
            let isSource = sources.rule.isSource(labels)
            if let source = candidates.first(where: { !(isSource && $0.value) })?.key { found.insert(source) }
        }
        return found.sorted()
    }
}
