package import Samples

/// The notification state of an incident at one integration.
package struct IncidentTold: Sendable, Hashable {
    /// The state; the raw value is what the API shows.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// It has accepted a message about each firing alert that it is to be notified of.
        case accepted
        /// A message is queued, and no attempt has failed.
        case waiting
        /// A message is queued, and the last attempt has failed.
        case refused
        /// Not notified, and no message is queued: because of a silence, an inhibition or a mute time, or because
        /// `group_wait` is not over.
        case untold
    }

    /// The receiver's name.
    package var receiver: String
    /// The integration: `pagerduty/0`.
    package var integration: IntegrationID
    /// Its state.
    package var state: State
    /// When it last accepted a message; nil before the first.
    package var acceptedAt: Timestamp?
    /// Since when a message is queued; nil if none is.
    package var waitingSince: Timestamp?
    /// The error of the last attempt; empty if it did not fail.
    package var error: String
    /// When the integration's next attempt begins; nil if none waits, or if it is not known.
    package var retryAt: Timestamp?

    /// The notification state at an integration.
    package init(
        receiver: String, integration: IntegrationID, state: State, acceptedAt: Timestamp? = nil,
        waitingSince: Timestamp? = nil, error: String = ""
    ) {
        self.receiver = receiver
        self.integration = integration
        self.state = state
        self.acceptedAt = acceptedAt
        self.waitingSince = waitingSince
        self.error = error
    }
}
