import Samples

/// What a table for a person says of a target.
package struct TargetStatus: Sendable, Hashable {
    /// How it stands, in the order of concern.
    package enum Health: Int, Sendable, Comparable, CaseIterable {
        case ok, warning, critical, unknown

        package static func < (a: Health, b: Health) -> Bool { a.rawValue < b.rawValue }
    }

    package var health: Health
    /// One word or two: `active`, `sealed`, `primary`, `complete`.
    package var state: String
    /// A line: `1.8.0, clock +0.2 s`.
    package var detail: String
    /// Findings that a person should read, each a sentence.
    package var warnings: [String]

    package init(_ health: Health, _ state: String, detail: String = "", warnings: [String] = []) {
        self.health = health
        self.state = state
        self.detail = detail
        self.warnings = warnings
    }
}
