/// A notification between its decision and its acceptance: it stays in the journal's outbox under `id` until its
/// receiver has accepted it or it was withdrawn.
package struct Outgoing: Sendable, Hashable {
    /// Unique and ascending over the lifetime of the journal.
    package var id: UInt64
    /// The message as it was decided.
    package var notification: Notification

    /// - Parameter id: assigned by the dispatcher, unique over the lifetime of the journal.
    package init(id: UInt64, notification: Notification) {
        self.id = id
        self.notification = notification
    }
}
