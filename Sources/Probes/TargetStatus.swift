import Samples

/// A target's state as shown in the status table and on the status page.
package struct TargetStatus: Sendable, Hashable {
    /// How healthy the target is, in order of severity.
    package enum Health: Int, Sendable, Comparable, CaseIterable {
        case ok, warning, critical, unknown

        /// Orders by severity; `unknown` is the most severe.
        package static func < (a: Health, b: Health) -> Bool { a.rawValue < b.rawValue }
    }

    /// The target's health.
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
