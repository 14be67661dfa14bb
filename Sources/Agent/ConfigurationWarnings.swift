package import Config
package import Dispatching
package import Rules
import Text

/// Settings that are valid but probably not intended: what `vaultwatch check config` and the agent's page warn of.
package enum ConfigurationWarnings {
    /// All warnings about a configuration and its rules, each a sentence without a full stop.
    package static func all(_ configuration: Configuration, _ rules: RuleSet) -> [String] {
        var warnings: [String] = []
        if rules.groups.allSatisfy(\.rules.isEmpty) {
            warnings.append(
                "no rules are loaded: nothing will ever alert; write the rule files to \"rules\", as packaged /usr/share/vaultwatch/rules/*.yml"
            )
        }
        if configuration.web.allowsAnonymousChanges {
            warnings.append(
                "web.allow_anonymous_changes is true: any client that reaches \(configuration.web.listenAddresses.joined(separator: ", ")) can silence every alert, and make up and end alerts; use web.users and web.tokens instead"
            )
        }
        warnings += routing(configuration.dispatch)
        let lint = ExplanationLint(rules.groups, externalLabels: Set(configuration.global.externalLabels.keys))
        return warnings + lint.findings().map(\.description)
    }

    /// Warnings about the routing alone.
    package static func routing(_ routing: DispatchOptions) -> [String] {
        routing.inhibitRules.enumerated().compactMap { index, rule in
            guard rule.sources.contains(where: { $0.matchers.isEmpty }) else { return nil }
            let name = rule.name.isEmpty ? "number \(index + 1)" : rule.name.quotedAsInGo
            return
                "inhibit rule \(name) has no source matchers: it inhibits its targets while any other alert fires, and they are notified when the last one ends; write source_matchers, or route the targets to a receiver without integrations"
        }
    }
}
