import Alerts
import Samples

/// The firing sources of every inhibit rule, indexed by the values of their `equal` labels.
struct Inhibitor: Sendable {
    /// The firing alerts that match one source of a rule.
    private struct Candidates: Sendable {
        let source: InhibitRule.Source
        /// By equal values, then by the alert's id: whether the source is also a target of its rule.
        var own: [[String]: [UInt64: Bool]] = [:]
        /// External ones, which inhibit alerts of our rules only where the rule says so.
        var external: [[String]: [UInt64: Bool]] = [:]

        mutating func update(_ alert: Alert, isTarget: Bool?) {
            let values = source.equalValues(alert.labels)
            if alert.isExternal {
                Candidates.set(&external, values, alert.id, isTarget)
            } else {
                Candidates.set(&own, values, alert.id, isTarget)
            }
        }

        private static func set(
            _ sources: inout [[String]: [UInt64: Bool]], _ values: [String], _ id: UInt64, _ isTarget: Bool?
        ) {
            sources[values, default: [:]][id] = isTarget
            if sources[values]?.isEmpty == true { sources[values] = nil }
        }
    }

    private struct Rule: Sendable {
        let rule: InhibitRule
        var candidates: [Candidates]

        init(_ rule: InhibitRule) {
            self.rule = rule
            candidates = rule.sources.map { Candidates(source: $0) }
        }

        /// One alert per source, each of which meets a condition; nil if a source has none or the alert is no target.
        func inhibiting(_ labels: Labels, isExternal: Bool, where condition: (UInt64) -> Bool) -> [UInt64]? {
            guard rule.isTarget(labels) else { return nil }
            var found: [UInt64] = []
            for one in candidates {
                let values = one.source.equalValues(labels)
                let isSource = one.source.matches(labels)
                func first(_ candidates: [UInt64: Bool]?) -> UInt64? {
                    candidates?.first { !(isSource && $0.value) && condition($0.key) }?.key
                }
                guard
                    let id = first(one.own[values])
                        ?? (isExternal || rule.external ? first(one.external[values]) : nil)
                else { return nil }
                found.append(id)
            }
            return found
        }
    }

    private struct Source: Sendable {
        var labels: Labels
        var isExternal: Bool
    }

    private var rules: [Rule]
    /// Every firing alert that is a source of some rule, by its id.
    private var sources: [UInt64: Source] = [:]
    /// Maximum number of sources that are examined transitively; longer chains of inhibitions do not occur in practice.
    private static let searchLimit = 64

    init(_ rules: [InhibitRule]) { self.rules = rules.map { Rule($0) } }

    /// Adds an alert that fires, or removes one that does not.
    mutating func update(_ alert: Alert, firing: Bool) {
        for index in rules.indices {
            let isTarget = firing ? rules[index].rule.isTarget(alert.labels) : nil
            for one in rules[index].candidates.indices
            where rules[index].candidates[one].source.matches(alert.labels) {
                sources[alert.id] = firing ? Source(labels: alert.labels, isExternal: alert.isExternal) : nil
                rules[index].candidates[one].update(alert, isTarget: isTarget)
            }
        }
    }

    /// Ids of the alerts that inhibit this one, one per source of a rule. An alert that is both source and target of a
    /// rule is not inhibited by another such, as in Alertmanager. Alerts that inhibit each other in a cycle over
    /// several rules are not inhibited either, unless one from outside the cycle inhibits them: otherwise none of them
    /// would ever be sent.
    func inhibiting(_ alert: Alert) -> [UInt64] {
        var found: Set<UInt64> = []
        for rule in rules {
            found.formUnion(
                rule.inhibiting(alert.labels, isExternal: alert.isExternal, where: { _ in true }) ?? [])
        }
        if found.isEmpty { return [] }
        var search = Search(seen: [alert.id])
        return isHeld(Source(labels: alert.labels, isExternal: alert.isExternal), &search) ? found.sorted() : []
    }

    /// The state of a search for the starts of chains.
    private struct Search {
        var seen: Set<UInt64>
        /// Sources whose chains start at an alert that is not inhibited. Another source of the same rule may be the same
        /// alert.
        var held: Set<UInt64> = []
    }

    /// Whether the chain of its inhibitions starts at an alert that is not inhibited itself.
    private func isHeld(_ target: Source, _ search: inout Search) -> Bool {
        rules.contains { rule in
            rule.inhibiting(target.labels, isExternal: target.isExternal) { id in
                if search.held.contains(id) { return true }
                guard search.seen.count <= Inhibitor.searchLimit, search.seen.insert(id).inserted,
                    let source = sources[id]
                else { return false }
                let isActive = rules.allSatisfy {
                    $0.inhibiting(source.labels, isExternal: source.isExternal, where: { _ in true }) == nil
                }
                guard isActive || isHeld(source, &search) else { return false }
                search.held.insert(id)
                return true
            } != nil
        }
    }
}
