package import Alerts
package import Samples

/// The state of one integration's queue, for status pages.
package struct NotifierStatus: Sendable, Hashable {
    /// The receiver's name in the configuration.
    package var receiver: String
    /// Which of the receiver's integrations.
    package var integration: IntegrationID
    /// Number of messages that wait or are in flight.
    package var waiting: Int
    /// When a message was last accepted; nil if none was since the start.
    package var lastAccepted: Timestamp?
    /// Why the last attempt failed; nil after an acceptance.
    package var lastError: String?
}
