import Platform
import Samples
import YAML

/// All groups of all rule files, as they stand in the configuration.
package struct RuleSet: Sendable {
    package var groups: [RuleGroup]

    package init(_ groups: [RuleGroup]) { self.groups = groups }

    /// Bytes that a rule file may have.
    package static let largestFile = 4 << 20

    /// The groups of all files that match the patterns, in the order of the patterns and of the names in each; a file
    /// counts once. A pattern that matches nothing is no error, but a plain path that can't be read is one.
    package static func load(_ patterns: [String], files: any FileAccess, errors: ErrorList) -> RuleSet {
        var seen: Set<String> = []
        var groups: [RuleGroup] = []
        for pattern in patterns {
            let isPlain = !pattern.contains { "*?[".contains($0) }
            for path in isPlain ? [pattern] : files.glob(pattern) where seen.insert(path).inserted {
                do throws(FileError) {
                    groups += RuleFile.parse(try files.read(path, limit: largestFile), file: path, errors: errors)
                } catch {
                    errors.add(SourcePosition(file: path, line: 1, column: 1), error.reason)
                }
            }
        }
        return RuleSet(groups)
    }

    /// A finding that is no error: the file works, but not as its author thinks.
    package struct Finding: Hashable, Sendable, CustomStringConvertible {
        package let position: SourcePosition
        package let message: String

        package init(position: SourcePosition, message: String) {
            self.position = position
            self.message = message
        }

        package var description: String { "\(position): \(message)" }
    }

    /// What promtool's linter finds: rules of one name with the same labels, whose results collide.
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
                    message: "duplicate rule: \"\(rule.name)\" with \(labels) stands at \(earlier.position) too"))
        }
        return findings
    }
}
