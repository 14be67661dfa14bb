import Samples

/// A target's state as the status table and page show it.
package struct TargetStatus: Sendable, Hashable {
    /// How well the target is, in order of severity.
    package enum Health: Int, Sendable, Comparable, CaseIterable {
        case ok, warning, critical, unknown

        /// Orders by severity; `unknown` is the gravest.
        package static func < (a: Health, b: Health) -> Bool { a.rawValue < b.rawValue }
    }

    /// How well the target is.
    package var health: Health
    /// One or two words: `active`, `sealed`, `primary`, `complete`.
    package var state: String
    /// One line: `1.8.0, lag 3 s`.
    package var detail: String
    /// Findings worth reading, each a sentence.
    package var warnings: [String]

    /// A state without detail or warnings unless they are given.
    package init(_ health: Health, _ state: String, detail: String = "", warnings: [String] = []) {
        self.health = health
        self.state = state
        self.detail = detail
        self.warnings = warnings
    }
}
