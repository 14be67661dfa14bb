import Alerts
import Probes
import PromQL
package import Rules
import Text

/// Finds `explained_by` lists that are probably not as intended. It examines all rules together: a cause may be in
/// another file.
package struct ExplanationLint {
    private struct Alerting {
        let rule: Rule
        let causes: [Explanation]
    }

    /// In the order of the files; several may have the same name.
    private let alerts: [Alerting]
    private let rules: [String: [Rule]]
    private let causes: [String: [String]]
    private let unreadable: [RuleSet.Finding]
    private let externalLabels: Set<String>

    /// - Parameter externalLabels: the names of labels that the configuration adds to every alert.
    package init(_ groups: [RuleGroup], externalLabels: Set<String> = []) {
        var alerts: [Alerting] = []
        var unreadable: [RuleSet.Finding] = []
        for rule in groups.flatMap(\.rules) where rule.kind == .alerting {
            // The result of a template is not known.
            let text = rule.annotations[Explanation.annotation] ?? ""
            do throws(Explanation.ParseError) {
                alerts.append(Alerting(rule: rule, causes: text.contains("{{") ? [] : try Explanation.parse(text)))
            } catch {
                alerts.append(Alerting(rule: rule, causes: []))
                unreadable.append(
                    ExplanationLint.finding(
                        rule,
                        "can't be read: \(error); write the names of alerts with blanks between them, as in: PostgresDown VaultSealed(cluster, node)"
                    ))
            }
        }
        self.alerts = alerts
        self.unreadable = unreadable
        self.externalLabels = externalLabels
        rules = Dictionary(grouping: alerts.map(\.rule), by: \.name)
        causes = Dictionary(grouping: alerts, by: \.rule.name).mapValues { $0.flatMap(\.causes).map(\.alertName) }
    }

    /// All findings, in the order of the rules.
    package func findings() -> [RuleSet.Finding] {
        var told: Set<Set<String>> = []
        return unreadable
            + alerts.flatMap { alert in
                alert.causes.compactMap { problem(alert.rule, $0) }.map { ExplanationLint.finding(alert.rule, $0) }
                    + circle(from: alert.rule.name, &told).map { ExplanationLint.finding(alert.rule, $0) }
            }
    }

    private static func finding(_ rule: Rule, _ problem: String) -> RuleSet.Finding {
        RuleSet.Finding(position: rule.position, message: "\(rule.name): \(Explanation.annotation) \(problem)")
    }

    private func problem(_ rule: Rule, _ cause: Explanation) -> String? {
        let name = cause.alertName
        if name == rule.name { return "names the alert itself; take it out" }
        guard let candidates = rules[name] else {
            let advice =
                nearest(name, in: rules.keys).map { "did you mean \($0)?" }
                ?? "check its rule file together with this one, or give the configuration by --config.file"
            return "names \(name), which no rule here has; \(advice)"
        }
        let problems = candidates.map { other in
            cause.equal.lazy.compactMap { labelProblem(rule, other, $0) }.first
        }
        // Several rules may share a name: one that can be the cause is enough.
        return problems.contains { $0 == nil } ? nil : problems.compactMap { $0 }.first
    }

    // MARK: Cycles

    /// The shortest path from an alert through its causes back to itself, each cycle once.
    private func circle(from name: String, _ told: inout Set<Set<String>>) -> [String] {
        var cameFrom: [String: String] = [:]
        var queue = [name]
        var position = 0
        while position < queue.count {
            let next = queue[position]
            position += 1
            for cause in causes[next] ?? [] where cause != next {
                if cause == name {
                    var way = [next]
                    while let last = way.last, last != name, let before = cameFrom[last] { way.append(before) }
                    guard told.insert(Set(way)).inserted else { return [] }
                    let text = (way.reversed() + [name]).joined(separator: " → ")
                    return [
                        "goes in a circle, each explained by the next: \(text); take out the one that is not the cause"
                    ]
                }
                if cameFrom[cause] == nil {
                    cameFrom[cause] = next
                    queue.append(cause)
                }
            }
        }
        return []
    }

    // MARK: Labels that can't be equal

    private enum Value: Equatable {
        case constant(String)
        case absent
        case unknown
    }

    private func value(_ label: String, of rule: Rule) -> Value {
        if label == "alertname" { return .constant(rule.name) }
        if let text = rule.labels[label], !text.isEmpty { return text.contains("{{") ? .unknown : .constant(text) }
        if externalLabels.contains(label) { return .unknown }
        if rule.labels[label] == "" { return .absent }
        return rule.query.expression.resultLabels.mayHave(label) ? .unknown : .absent
    }

    /// Whether an alert probably has a label: judged by a metric that it reads, or by the expression's text.
    private func probablyHas(_ label: String, _ rule: Rule) -> Bool {
        (rule.query.metricNames ?? []).contains { Catalogue.entry(forSeries: $0)?.labels.contains(label) == true }
            || rule.query.text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains(Substring(label))
    }

    private func labelProblem(_ rule: Rule, _ cause: Rule, _ label: String) -> String? {
        let name = cause.name
        let advice = "name labels that both have in parentheses, or none: \(name)()"
        switch (value(label, of: rule), value(label, of: cause)) {
        case (.constant(let own), .constant(let other)) where own != other:
            return
                "names \(name)(\(label)), but \(label) is \(own.quotedAsInGo) here and \(other.quotedAsInGo) there: it never explains this alert; \(advice)"
        case (.absent, .constant): break
        case (.absent, .unknown) where probablyHas(label, cause): break
        case (.constant, .absent): return "names \(name), which never has the label \(label) of this alert; \(advice)"
        case (.unknown, .absent) where probablyHas(label, rule):
            return "names \(name), which never has the label \(label) of this alert; \(advice)"
        default: return nil
        }
        return "names \(name), whose label \(label) this alert never has; \(advice)"
    }
}
