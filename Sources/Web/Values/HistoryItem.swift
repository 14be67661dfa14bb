/// An entry of the history, as the API returns it and `vaultwatch history` prints it.
package struct HistoryItem: Sendable, Hashable, Codable {
    /// RFC 3339.
    package var at: String
    /// `firing`, `ended`, `sent`, `failed`, `dropped`, `escalated`, `silence`, `agent`.
    package var kind: String
    /// The alert's labels, the group's key, or a silence's matchers.
    package var subject: String
    /// The receiver's name; empty where none is concerned.
    package var receiver: String
    /// The integration: `email/0`; empty where none is concerned.
    package var integration: String
    /// What else is known: a reason, an error.
    package var detail: String

    /// An entry that concerns no receiver unless one is given.
    package init(
        at: String, kind: String, subject: String, receiver: String = "", integration: String = "", detail: String = ""
    ) {
        self.at = at
        self.kind = kind
        self.subject = subject
        self.receiver = receiver
        self.integration = integration
        self.detail = detail
    }
}
