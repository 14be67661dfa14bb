package import Alerts
package import Samples

/// One incident in a unit test of rules: the names of its alerts.
package struct RuleTestIncident: Hashable, Sendable, Comparable {
    /// The name of the alert that explains the others.
    package let cause: String
    /// The names of the others, each once, sorted.
    package let consequences: [String]

    /// - Parameter consequences: in any order, possibly with duplicates.
    package init(cause: String, consequences: some Sequence<String>) {
        self.cause = cause
        self.consequences = Set(consequences).sorted()
    }

    /// By the names, for comparisons and output.
    package static func < (a: RuleTestIncident, b: RuleTestIncident) -> Bool {
        (a.cause, a.consequences.joined(separator: " ")) < (b.cause, b.consequences.joined(separator: " "))
    }

    /// `PostgresDown: VaultNoActiveNode, VaultNodeStorageError`
    var description: String {
        consequences.isEmpty ? cause : "\(cause): \(consequences.joined(separator: ", "))"
    }
}

/// Forms incidents from the alerts of a unit test. Which alert explains which is decided by the dispatcher, which this
/// module does not depend on.
package protocol RuleTestIncidents: Sendable {
    /// Takes the alerts of all groups from one evaluation.
    /// - Parameter elapsed: the time since the test's start.
    mutating func receive(_ alerts: [Alert], at now: Timestamp, elapsed: Duration)
    /// The incidents under way.
    func incidents(at now: Timestamp, elapsed: Duration) -> [RuleTestIncident]
}
