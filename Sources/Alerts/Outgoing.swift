/// A notification between its decision and its acceptance: it stays in the journal's outbox under `id` until its
/// receiver has accepted it or it was withdrawn.
package struct Outgoing: Sendable, Hashable {
    /// Unique over the journal's life, ascending.
    package var id: UInt64
    /// The message as it was decided.
    package var notification: Notification

    /// - Parameter id: the dispatcher's, unique over the journal's life.
    package init(id: UInt64, notification: Notification) {
        self.id = id
        self.notification = notification
    }
}
