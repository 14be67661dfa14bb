import FoundationEssentials
import Samples

/// What a journal keeps of a group whose receiver has a fallback, so that a restart neither forgets an escalation
/// nor makes one twice.
package struct EscalationRecord: Sendable, Hashable {
    package var groupKey: String
    package var receiver: String
    package var fallback: String
    /// Fingerprints of alerts that no integration has accepted yet, and since when they wait.
    package var waiting: [UInt64: Timestamp]
    /// Fingerprints of alerts that the fallback was given.
    package var handedOver: Set<UInt64>

    package static let keyPrefix = "escalation/"
    /// One text for the group, for a table's key.
    package var storageKey: String { EscalationRecord.storageKey(groupKey: groupKey, receiver: receiver) }

    static func storageKey(groupKey: String, receiver: String) -> String { keyPrefix + receiver + "\u{1f}" + groupKey }

    init(groupKey: String, receiver: String, fallback: String, waiting: [UInt64: Timestamp], handedOver: Set<UInt64>) {
        self.groupKey = groupKey
        self.receiver = receiver
        self.fallback = fallback
        self.waiting = waiting
        self.handedOver = handedOver
    }

    private struct Stored: Codable {
        struct Wait: Codable {
            var fingerprint: UInt64
            var since: Int64
        }
        var groupKey: String
        var receiver: String
        var fallback: String
        var waiting: [Wait]
        var handedOver: Set<UInt64>
    }

    /// The record as the journal keeps it: JSON.
    package func encoded() throws -> [UInt8] {
        Array(
            try JSONEncoder().encode(
                Stored(
                    groupKey: groupKey, receiver: receiver, fallback: fallback,
                    waiting: waiting.map { .init(fingerprint: $0.key, since: $0.value.milliseconds) },
                    handedOver: handedOver)))
    }

    /// - Throws: what `JSONDecoder` says.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        self.init(
            groupKey: stored.groupKey, receiver: stored.receiver, fallback: stored.fallback,
            waiting: Dictionary(
                stored.waiting.map { ($0.fingerprint, Timestamp(milliseconds: $0.since)) }, uniquingKeysWith: min),
            handedOver: stored.handedOver)
    }
}
