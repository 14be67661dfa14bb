package import Platform
package import Samples
package import YAML

/// All groups of all rule files that the configuration names.
package struct RuleSet: Sendable {
    /// In the order of the files, keys unique.
    package var groups: [RuleGroup]

    /// A set of groups that were read already.
    package init(_ groups: [RuleGroup]) { self.groups = groups }

    /// The labels of its alerts as far as they are fixed: `alertname`, and those that are not templates.
    package var alertLabels: [Labels] {
        groups.flatMap(\.rules).filter { $0.kind == .alerting }.map { $0.fixedLabels }
    }

    /// Maximum size of a rule file: 4 MiB.
    package static let maxFileBytes = 4 << 20

    /// The groups of all files that match the patterns, in the order of the patterns and of the names in each; a file
    /// counts once. A pattern that matches nothing is no error, but a plain path that can't be read is one.
    package static func load(
        _ patterns: [String], files: any FileAccess, checksTemplates: Bool = false, errors: ErrorList
    ) -> RuleSet {
        var seen: Set<String> = []
        var groups: [RuleGroup] = []
        for pattern in patterns {
            for path in files.expand(pattern) where seen.insert(path).inserted {
                do throws(FileError) {
                    groups += RuleFile.parse(
                        try files.read(path, limit: maxFileBytes), file: path, checksTemplates: checksTemplates,
                        errors: errors)
                } catch {
                    errors.add(SourcePosition(file: path, line: 1, column: 1), error.reason)
                }
            }
        }
        return RuleSet(groups)
    }

    /// A finding that is not an error: the file is valid, but probably not as intended.
    package struct Finding: Hashable, Sendable, CustomStringConvertible {
        /// The start of the rule concerned.
        package let position: SourcePosition
        /// One line of text.
        package let message: String

        /// A finding with its parts.
        package init(position: SourcePosition, message: String) {
            self.position = position
            self.message = message
        }

        /// `rules/vault.yml:12:3: duplicate rule …`
        package var description: String { "\(position): \(message)" }
    }

    /// The findings of promtool's linter: rules with the same name and labels, whose results collide.
    package func findings() -> [Finding] {
        var first: [Rule.Identity: Rule] = [:]
        var findings: [Finding] = []
        for rule in groups.flatMap(\.rules) {
            guard let earlier = first[rule.identity] else {
                first[rule.identity] = rule
                continue
            }
            let labels = rule.labels.isEmpty ? "no labels" : "labels \(Labels(rule.labels))"
            findings.append(
                Finding(
                    position: rule.position,
                    message: "duplicate rule: \"\(rule.name)\" with \(labels) is also at \(earlier.position)"))
        }
        return findings
    }
}
