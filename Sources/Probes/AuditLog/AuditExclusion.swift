/// Requests that are expected and are not counted as events, such as the agent's own test read: who and where, never by
/// the path alone, which others may read too.
package struct AuditExclusion: Sendable, Hashable {
    /// An entity's id or a display name.
    package var who: String
    /// The path as the log has it; a star at its end stands for any rest.
    package var path: String

    /// Requests of one client to one path.
    package init(who: String, path: String) {
        self.who = who
        self.path = path
    }

    /// Whether the entry is one of them.
    package func matches(_ entry: AuditEntry) -> Bool {
        guard !who.isEmpty, who == entry.auth.entityID || who == entry.auth.displayName else { return false }
        return path.hasSuffix("*") ? entry.path.hasPrefix(path.dropLast()) : entry.path == path
    }
}
