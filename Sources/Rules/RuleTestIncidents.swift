package import Alerts
package import Samples

/// One incident as a unit test of rules speaks of it: by the names of its alerts.
package struct RuleTestIncident: Hashable, Sendable, Comparable {
    /// The name of the alert that explains the others.
    package let cause: String
    /// The names of the others, each once, sorted.
    package let consequences: [String]

    /// - Parameter consequences: in any order, and perhaps one name several times.
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

/// Makes incidents of the alerts of a unit test. Which alert explains which is decided where alerts are dispatched, a
/// stage that rules know nothing of.
package protocol RuleTestIncidents: Sendable {
    /// Takes the alerts of all groups from one evaluation.
    /// - Parameter elapsed: the time since the test's start.
    mutating func receive(_ alerts: [Alert], at now: Timestamp, elapsed: Duration)
    /// The incidents under way.
    func incidents(at now: Timestamp, elapsed: Duration) -> [RuleTestIncident]
}
