package import Alerts

/// What the notifier asks of the dispatcher, and what it reports to it. None of it waits for a disk.
package struct NotifierEvents: Sendable {
    /// An attempt is about to begin: the message as it is to be sent, with its alerts as they stand now; nil where it
    /// was superseded or withdrawn and must not leave.
    package var beginAttempt: @Sendable (Outgoing) async -> Notification?
    /// The receiver has accepted it. `threads` are the conversations that began (the id of their first message) or
    /// ended (nil) with it, by key; they are to be kept over a restart.
    package var accepted: @Sendable (Outgoing, _ detail: String, _ threads: [String: String?]) async -> Void
    /// The attempt, counted from 1, failed; it is repeated unless the message is withdrawn.
    package var failed: @Sendable (Outgoing, DeliveryError, _ attempt: Int) async -> Void
    /// The receiver will never accept it; it is not tried again.
    package var refused: @Sendable (Outgoing, _ detail: String) async -> Void
    /// All messages of the outbox for one integration, oldest first; asked when more were handed over than its queue
    /// holds and there is room again.
    package var pending: @Sendable (_ receiver: String, IntegrationID) async -> [Outgoing]

    /// Events that go nowhere unless given: for trying receivers out.
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
