package import Samples

/// What one integration knows of an incident.
package struct IncidentTold: Sendable, Hashable {
    /// Whether it knows; the raw value is what the API shows.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// It has accepted a message about each alert that fires and that it is to be told of.
        case accepted
        /// A message waits, and no attempt has failed.
        case waiting
        /// A message waits, and the last attempt has failed.
        case refused
        /// It was told of none, and no message waits: a silence, an inhibition or a mute time holds, or the wait of the
        /// group is not over.
        case untold
    }

    /// The receiver's name.
    package var receiver: String
    /// The integration: `pagerduty/0`.
    package var integration: IntegrationID
    /// Whether it knows.
    package var state: State
    /// When it last accepted a message; nil before the first.
    package var acceptedAt: Timestamp?
    /// Since when a message waits; nil where none does.
    package var waitingSince: Timestamp?
    /// Why the last attempt failed; empty where it did not.
    package var error: String

    /// What an integration knows.
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
