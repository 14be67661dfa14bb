package import Alerts
package import Samples

/// The last test of one integration of a receiver.
package struct ReceiverTest: Sendable, Hashable {
    /// The receiver's name.
    package var receiver: String
    /// The integration: `email/0`.
    package var integration: String
    /// When its answer came.
    package var at: Timestamp
    /// Whether the receiver accepted the message.
    package var isAccepted: Bool
    /// Its answer and who asked for the test: `accepted, sent by ann: HTTP 202`.
    package var detail: String

    /// The test that an entry of the history describes; nil for an entry of another kind.
    package init?(_ entry: HistoryEntry) {
        guard entry.kind == .test, !entry.integration.isEmpty else { return nil }
        receiver = entry.receiver
        integration = entry.integration
        at = entry.at
        isAccepted = entry.detail.hasPrefix(ReceiverTest.accepted)
        detail = entry.detail
    }

    private static let accepted = "accepted"

    /// The detail of a history entry.
    package static func detail(isAccepted: Bool, by user: String, _ answer: String) -> String {
        "\(isAccepted ? accepted : "refused"), sent by \(user): \(answer)"
    }

    /// The severities that a test may have, in the words of `vaultwatch notify test`.
    package static let severities: [Severity] = [.critical, .high, .medium, .low]
}
