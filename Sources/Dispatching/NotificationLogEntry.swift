package import Alerts
import FoundationEssentials
package import Samples
import Text

/// Where one group's messages go: one integration of one receiver.
package struct Destination: Hashable, Sendable, Codable {
    /// The receiver's name in the configuration.
    package var receiver: String
    /// Which of the receiver's integrations.
    package var integration: IntegrationID
    /// The key of the group.
    package var groupKey: String

    /// One integration of one receiver, for one group.
    package init(receiver: String, integration: IntegrationID, groupKey: String) {
        self.receiver = receiver
        self.integration = integration
        self.groupKey = groupKey
    }

    /// The destination of a notification.
    package init(_ notification: Notification) {
        self.init(
            receiver: notification.receiver, integration: notification.integration, groupKey: notification.groupKey)
    }

    /// The three parts as one string, for use as a table's key.
    package var storageKey: String { receiver + "\u{1f}" + integration.description + "\u{1f}" + groupKey }

    var groupID: GroupID { GroupID(key: groupKey, receiver: receiver) }
}

/// One entry of the notification log: what a destination was notified of. It exists while the destination considers an
/// alert firing, or may do so.
///
/// The concept is that of Alertmanager's nflog.
package struct NotificationLogEntry: Sendable, Hashable {
    /// Whose entry it is.
    package var destination: Destination
    /// The labels of the destination's group, needed after a restart.
    package var groupLabels: [String: String]
    /// Fingerprints of the alerts that fired in the last accepted message.
    package var lastFiring: Set<UInt64>
    /// Fingerprints of all alerts whose start was accepted and whose end was not: `lastFiring`, plus alerts that a
    /// silence or a mute time kept out of the last message.
    package var notified: Set<UInt64>
    /// Fingerprints of alerts whose start may have arrived: attempts to send it went unanswered.
    package var possiblyNotified: Set<UInt64>
    /// Fingerprints of alerts whose end may have arrived.
    package var possiblyResolved: Set<UInt64>
    /// Fingerprints of those of `notified` that were seen silenced or muted since the last message about them.
    package var suppressed: Set<UInt64>
    /// The start of the repeat interval.
    package var notifiedAt: Timestamp

    /// An entry as it is to be stored.
    package init(
        destination: Destination, groupLabels: [String: String], lastFiring: Set<UInt64>, notified: Set<UInt64>,
        possiblyNotified: Set<UInt64> = [], possiblyResolved: Set<UInt64> = [], suppressed: Set<UInt64> = [],
        notifiedAt: Timestamp
    ) {
        self.destination = destination
        self.groupLabels = groupLabels
        self.lastFiring = lastFiring
        self.notified = notified
        self.possiblyNotified = possiblyNotified
        self.possiblyResolved = possiblyResolved
        self.suppressed = suppressed
        self.notifiedAt = notifiedAt
    }

    /// The names in the journal; some properties were renamed since.
    private enum Key: String, CodingKey {
        case destination, groupLabels, suppressed
        case lastFiring = "firing"
        case notified = "told"
        case possiblyNotified = "maybeFiring"
        case possiblyResolved = "maybeResolved"
        case notifiedAt = "since"
    }

    private struct Stored: Decodable {
        var entry: NotificationLogEntry

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            entry = NotificationLogEntry(
                destination: try values.decode(Destination.self, forKey: .destination),
                groupLabels: try values.decode([String: String].self, forKey: .groupLabels),
                lastFiring: try values.decode(Set<UInt64>.self, forKey: .lastFiring),
                notified: try values.decode(Set<UInt64>.self, forKey: .notified),
                possiblyNotified: try values.decode(Set<UInt64>.self, forKey: .possiblyNotified),
                possiblyResolved: try values.decode(Set<UInt64>.self, forKey: .possiblyResolved),
                // Absent in entries written before this field existed, or where there are none.
                suppressed: try values.decodeIfPresent(Set<UInt64>.self, forKey: .suppressed) ?? [],
                notifiedAt: Timestamp(milliseconds: try values.decode(Int64.self, forKey: .notifiedAt)))
        }
    }

    /// The entry as the journal stores it: JSON, times in milliseconds. Written by hand, since thousands may change at
    /// once and `JSONEncoder` takes ten times as long.
    package func encoded() -> [UInt8] {
        JSONWriter.document { json in
            json.object { entry in
                entry.key(Key.destination.rawValue)
                entry.object { fields in
                    fields.field("receiver", destination.receiver)
                    fields.field("integration", destination.integration.description)
                    fields.field("groupKey", destination.groupKey)
                }
                entry.field(Key.groupLabels.rawValue, groupLabels)
                for (key, fingerprints) in [
                    (Key.lastFiring, lastFiring), (.notified, notified), (.possiblyNotified, possiblyNotified),
                    (.possiblyResolved, possiblyResolved), (.suppressed, suppressed),
                ] where key != .suppressed || !fingerprints.isEmpty {
                    entry.key(key.rawValue)
                    // Written raw: values may exceed Int64.max, and JSON has no limit.
                    entry.array { list in for fingerprint in fingerprints { list.raw(String(fingerprint)) } }
                }
                entry.field(Key.notifiedAt.rawValue, notifiedAt.milliseconds)
            }
        }
    }

    /// Reads an entry of the journal.
    /// - Throws: what `JSONDecoder` says.
    package init(encoded bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(Stored.self, from: Data(bytes)).entry
    }
}
