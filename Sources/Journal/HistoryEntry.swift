import Samples

/// Something that happened to alerts and messages, for `vaultwatch history`. Written once, never changed.
package struct HistoryEntry: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// An alert began to fire.
        case firing
        /// An alert ended.
        case ended
        /// A receiver accepted a message.
        case sent
        /// A receiver refused a message, or did not answer.
        case failed
        /// A message was given up or became pointless before it was accepted.
        case dropped
        /// An alert went to a fallback since its receiver has not accepted it.
        case escalated
        /// A silence was made, changed or ended.
        case silence
        /// The agent itself: start, stop, reload, journal begun anew.
        case agent
    }

    package var at: Timestamp
    package var kind: Kind
    /// The alert's or group's name as a human reads it.
    package var subject: String
    /// Empty where it is about no receiver.
    package var receiver: String
    package var integration: String
    /// The named reason, or an error's text.
    package var detail: String

    package init(
        at: Timestamp, kind: Kind, subject: String, receiver: String = "", integration: String = "", detail: String = ""
    ) {
        self.at = at
        self.kind = kind
        self.subject = subject
        self.receiver = receiver
        self.integration = integration
        self.detail = detail
    }
}
