import Alerts
import Dispatching
import Probes
import Rules
import Samples
import Text

/// What is right in a rule file and yet not what its author meant.
struct RuleLint {
    var pollInterval: Duration = .seconds(5)
    /// Nil: the severities that the shipped configuration routes.
    var routes: RouteTree?

    /// - Parameter recorded: metrics that recording rules make, those of other files included.
    func findings(_ set: RuleSet, recorded: Set<String>) -> [RuleSet.Finding] {
        set.groups.flatMap(\.rules).flatMap { rule in
            var found: [String] = []
            for name in (rule.metricNames ?? []).sorted() where !recorded.contains(name) && !RuleLint.isExported(name) {
                found.append("\(rule.name) reads \(name), which no probe exports")
            }
            if rule.hold > .zero, rule.hold < pollInterval {
                found.append(
                    "\(rule.name): for \(rule.hold.prometheusDescription) is shorter than the poll interval, \(pollInterval.prometheusDescription)"
                )
            }
            let names = rule.labels.keys.sorted() + (rule.kind == .recording ? [rule.name] : [])
            for name in names where !RuleLint.isClassic(name) {
                found.append(
                    "\(rule.name): the name \(name.quotedAsInGo) must stand in quotes wherever PromQL speaks of it")
            }
            if rule.kind == .alerting, let problem = severityProblem(rule) { found.append("\(rule.name): \(problem)") }
            return found.map { RuleSet.Finding(position: rule.position, message: $0) }
        }
    }

    /// What the probes or the agent itself export. The agent's own names all have its prefix.
    private static func isExported(_ name: String) -> Bool {
        Catalogue.entry(forSeries: name) != nil || name.hasPrefix("vaultwatch_") || name.hasPrefix("process_")
            || name == "ALERTS" || name == "ALERTS_FOR_STATE"
    }

    /// What PromQL reads without quotes: letters, digits not at the start, underscores, and colons as metrics have
    /// them.
    private static func isClassic(_ name: String) -> Bool {
        name.first?.isNumber != true
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    }

    private func severityProblem(_ rule: Rule) -> String? {
        // What a template will say is not known here.
        let labels = rule.labels.filter { !$0.value.contains("{{") }
        guard let severity = labels["severity"], !severity.isEmpty else { return nil }
        guard let routes else {
            return Severity(label: severity) != .unknown
                ? nil
                : "severity \(severity.quotedAsInGo) is none that is routed by default: critical, high, medium, low"
        }
        let isRouted = routes.matching(Labels(labels.merging(["alertname": rule.name]) { _, name in name })).contains {
            $0.index != routes.root.index
        }
        let asksForSeverity = routes.nodes.contains { $0.matchers.contains { $0.name == "severity" } }
        return isRouted || !asksForSeverity
            ? nil
            : "severity \(severity.quotedAsInGo) has no route; only the root's receiver \(routes.root.receiver.quotedAsInGo) would hear of it"
    }
}
