package import Alerts

/// The notifier's queries and reports to the dispatcher. None of them waits for a disk.
package struct NotifierEvents: Sendable {
    /// An attempt is about to begin: returns the message to be sent, with its alerts in their current form; nil if it
    /// was superseded or withdrawn and must not leave.
    package var beginAttempt: @Sendable (Outgoing) async -> Notification?
    /// The receiver has accepted it. `threads` are the conversations that began (the id of their first message) or
    /// ended (nil) with it, by key; they must be kept over a restart.
    package var accepted: @Sendable (Outgoing, _ detail: String, _ threads: [String: String?]) async -> Void
    /// The attempt, counted from 1, failed; it is retried unless the message is withdrawn.
    package var failed: @Sendable (Outgoing, DeliveryError, _ attempt: Int) async -> Void
    /// The receiver has permanently refused it; it is not retried.
    package var refused: @Sendable (Outgoing, _ detail: String) async -> Void
    /// All messages of the outbox for one integration, oldest first; requested when more were enqueued than its queue
    /// holds and there is room again.
    package var pending: @Sendable (_ receiver: String, IntegrationID) async -> [Outgoing]

    /// Events that are ignored unless given: for testing receivers.
    package init(
        beginAttempt: @escaping @Sendable (Outgoing) async -> Notification? = { $0.notification },
        accepted: @escaping @Sendable (Outgoing, _ detail: String, _ threads: [String: String?]) async -> Void = {
            _, _, _ in
        },
        failed: @escaping @Sendable (Outgoing, DeliveryError, _ attempt: Int) async -> Void = { _, _, _ in },
        refused: @escaping @Sendable (Outgoing, _ detail: String) async -> Void = { _, _ in },
        pending: @escaping @Sendable (_ receiver: String, IntegrationID) async -> [Outgoing] = { _, _ in [] }
    ) {
        self.beginAttempt = beginAttempt
        self.accepted = accepted
        self.failed = failed
        self.refused = refused
        self.pending = pending
    }
}
