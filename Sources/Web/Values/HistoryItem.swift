/// Something that happened to alerts and messages, as `vaultwatch history` prints it.
package struct HistoryItem: Sendable, Hashable, Codable {
    /// RFC 3339.
    package var at: String
    /// `firing`, `ended`, `sent`, `failed`, `dropped`, `escalated`, `silence`, `agent`.
    package var kind: String
    /// The alert's labels, the group's key, or a silence's matchers.
    package var subject: String
    package var receiver: String
    package var integration: String
    package var detail: String

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
