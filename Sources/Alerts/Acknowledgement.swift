public import Samples
import Text

/// An operator has taken on an incident: it sends no reminders and does not escalate.
public struct Acknowledgement: Sendable, Hashable {
    /// Who: `ann`, `root (socket)`, `Bob (PagerDuty)`.
    public var by: String
    /// Their comment; may be empty.
    public var comment: String
    /// When it was made.
    public var at: Timestamp

    /// Maximum bytes of the name, and of the comment.
    public static let textLimitBytes = 1000

    /// An acknowledgement; texts over 1,000 bytes are cut, and control characters become spaces.
    public init(by: String, comment: String = "", at: Timestamp) {
        self.by = Acknowledgement.cut(by)
        self.comment = Acknowledgement.cut(comment)
        self.at = at
    }

    private static func cut(_ given: String) -> String {
        given.withoutControls().truncated(toBytes: textLimitBytes)
    }

    /// `acknowledged by ann at 02:14:05 UTC: on it`
    public var description: String {
        let time = at.rfc3339.dropFirst(11).prefix(8)
        return "acknowledged by \(by) at \(time) UTC" + (comment.isEmpty ? "" : ": \(comment)")
    }
}
