import FoundationEssentials
package import Samples
import Text

/// The escalation of a group as the journal stores it, so that a restart neither drops an escalation nor repeats one.
package struct EscalationRecord: Sendable, Hashable {
    /// The key of the group.
    package var groupKey: String
    /// The receiver that has a fallback.
    package var receiver: String
    /// The receiver's fallback when the record was written.
    package var fallback: String
    /// Fingerprints of alerts that no integration has accepted yet, and since when each has been waiting.
    package var waiting: [UInt64: Timestamp]
    /// Fingerprints of alerts that went to the fallback.
    package var escalated: Set<UInt64>
    /// Fingerprints of unacknowledged alerts, and since when each has been waiting.
    package var unacknowledged: [UInt64: Timestamp]
    /// Fingerprints of alerts that went to the fallback because they were not acknowledged.
    package var escalatedUnacknowledged: Set<UInt64>

    /// The prefix of these records' keys in the journal's table of states.
    package static let keyPrefix = "escalation/"
    /// The record's key in the journal.
    package var storageKey: String { EscalationRecord.storageKey(groupKey: groupKey, receiver: receiver) }

    static func storageKey(groupKey: String, receiver: String) -> String { keyPrefix + receiver + "\u{1f}" + groupKey }

    init(
        groupKey: String, receiver: String, fallback: String, waiting: [UInt64: Timestamp], escalated: Set<UInt64>,
        unacknowledged: [UInt64: Timestamp], escalatedUnacknowledged: Set<UInt64>
    ) {
        self.groupKey = groupKey
        self.receiver = receiver
        self.fallback = fallback
        self.waiting = waiting
        self.escalated = escalated
        self.unacknowledged = unacknowledged
        self.escalatedUnacknowledged = escalatedUnacknowledged
    }

    private struct Stored: Codable {
        struct Wait: Codable {
            var fingerprint: UInt64
            var since: Int64

            static func list(_ waits: [UInt64: Timestamp]) -> [Wait] {
                waits.map { Wait(fingerprint: $0.key, since: $0.value.milliseconds) }
            }

            static func dictionary(_ list: [Wait]) -> [UInt64: Timestamp] {
                Dictionary(
                    list.map { ($0.fingerprint, Timestamp(milliseconds: $0.since)) }, uniquingKeysWith: min)
            }
        }
        var groupKey: String
        var receiver: String
        var fallback: String
        var waiting: [Wait]
        var escalated: Set<UInt64>
        /// Absent in records written before this field existed; so is the next one.
        var unacknowledged: [Wait]?
        var escalatedUnacknowledged: Set<UInt64>?

        private enum CodingKeys: String, CodingKey {
            case groupKey, receiver, fallback, waiting, unacknowledged, escalatedUnacknowledged
            /// The journal keeps the name that the property had before.
            case escalated = "handedOver"
        }
    }

    /// The record as the journal keeps it: JSON, times in milliseconds.
    /// - Throws: what `JSONEncoder` says.
    package func encoded() throws -> [UInt8] {
        Array(
            try JSONEncoder().encode(
                Stored(
                    groupKey: groupKey, receiver: receiver, fallback: fallback,
                    waiting: Stored.Wait.list(waiting), escalated: escalated,
                    unacknowledged: Stored.Wait.list(unacknowledged),
                    escalatedUnacknowledged: escalatedUnacknowledged)))
    }

    /// Reads a record of the journal.
    /// - Throws: what `JSONDecoder` says.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        self.init(
            groupKey: stored.groupKey, receiver: stored.receiver, fallback: stored.fallback,
            waiting: Stored.Wait.dictionary(stored.waiting), escalated: stored.escalated,
            unacknowledged: Stored.Wait.dictionary(stored.unacknowledged ?? []),
            escalatedUnacknowledged: stored.escalatedUnacknowledged ?? [])
    }
}
