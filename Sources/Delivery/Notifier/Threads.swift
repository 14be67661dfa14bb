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
            // Ids begin with a time, of Slack's messages and of mails: the smallest is the oldest.
            if all[key] == nil, all.count >= Threads.limit, let oldest = all.min(by: { $0.value < $1.value })?.key {
                all[oldest] = nil
                changes.updateValue(nil, forKey: oldest)
            }
            all[key] = id
            changes[key] = id
        }
        return changes
    }
}
