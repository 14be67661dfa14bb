/// The effect of a message on the conversation of its group.
package enum ThreadChange: Sendable, Hashable {
    /// It is the first message of a conversation; the id is assigned by the receiver.
    case began(id: String)
    /// Its incident is resolved; the next message of the group begins another conversation.
    case ended
}

/// The first message of each conversation under way, by destination. Bounded.
struct Threads: Sendable {
    /// Ids of first messages, by key.
    private(set) var all: [String: String] = [:]
    /// Beyond it the oldest conversation is dropped.
    static let limit = 10_000

    /// Adds the journal's conversations; those that began since are newer.
    mutating func restore(_ threads: [String: String]) { all.merge(threads) { present, _ in present } }

    /// - Returns: what is to be stored, by key; nil removes one.
    mutating func apply(_ change: ThreadChange, to key: String) -> [String: String?] {
        var changes: [String: String?] = [:]
        switch change {
        case .ended:
            guard all.removeValue(forKey: key) != nil else { return [:] }
            changes.updateValue(nil, forKey: key)
        case .began(let id):
            if all[key] == id { return [:] }
            if all[key] == nil, all.count >= Threads.limit,
                let oldest = all.min(by: { Threads.time($0.value) < Threads.time($1.value) })?.key
            {
                all[oldest] = nil
                changes.updateValue(nil, forKey: oldest)
            }
            all[key] = id
            changes[key] = id
        }
        return changes
    }

    /// Ids begin with a time, so that the smallest is the oldest: `1764295868.000200` of a message in Slack,
    /// `<1764295868123.…@host>` of a mail.
    private static func time(_ id: String) -> Substring { id.drop { $0 == "<" } }
}
