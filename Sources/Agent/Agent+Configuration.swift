import Config
import Dispatching
import Rules
import Samples
import Synchronization
import Text
import Web

/// The configuration in force, and what a reload has changed.
extension Agent {
    func configurationView() -> ConfigurationView {
        state.withLock { state in
            ConfigurationView(
                text: state.configuration.text.yaml, path: state.configuration.path, loadedAt: state.loadedAt,
                reload: state.reload, warnings: state.warnings)
        }
    }

    /// What differs between two configurations, their rules, and where their alerts go; a line each.
    static func changes(
        from old: Configuration, _ oldRules: RuleSet, to new: Loaded, _ rerouted: [RoutingDiff.Change]
    ) -> [String] {
        new.configuration.text.changes(from: old.text) + ruleChanges(from: oldRules, to: new.rules)
            + rerouted.map { "an alert is told otherwise: \($0.description)" }
    }

    /// The rules that are new, different or gone, and the groups whose timing differs.
    static func ruleChanges(from old: RuleSet, to new: RuleSet) -> [String] {
        let (before, after) = (ruleTexts(old), ruleTexts(new))
        var changes: [String] = []
        for name in Set(before.keys).union(after.keys).sorted() {
            switch (before[name], after[name]) {
            case (nil, _?): changes.append("\(name): new")
            case (_?, nil): changes.append("\(name): gone")
            case (let was, let now) where was != now: changes.append("\(name): changed")
            default: break
            }
        }
        return changes
    }

    /// All that matters of each rule and group, by its name; rules with the same name are one.
    private static func ruleTexts(_ set: RuleSet) -> [String: String] {
        var texts: [String: String] = [:]
        func pairs(_ values: [String: String]) -> String {
            values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\u{0}")
        }
        for group in set.groups {
            let timing = [group.interval, group.queryOffset].map { $0?.prometheusDescription ?? "" }
            texts["group \(group.name) of \(group.file)"] = "\(timing) \(group.limit)"
            for rule in group.rules {
                let parts = [
                    rule.query.text, rule.hold.prometheusDescription, rule.keepFiring.prometheusDescription,
                    pairs(rule.labels), pairs(rule.annotations), "\(rule.noData)",
                ]
                texts["rule \(rule.name) of \(group.name)", default: ""] += parts.joined(separator: "\u{0}")
            }
        }
        return texts
    }
}
