import Alerts
import FoundationEssentials
import Samples
import Text

/// Where one group's messages go: one integration of one receiver.
package struct Destination: Hashable, Sendable, Codable {
    package var receiver: String
    package var integration: String
    package var groupKey: String

    package init(receiver: String, integration: String, groupKey: String) {
        self.receiver = receiver
        self.integration = integration
        self.groupKey = groupKey
    }

    /// One text for all three, for a table's key.
    package var storageKey: String { receiver + "\u{1f}" + integration + "\u{1f}" + groupKey }

    package init(_ notification: Notification) {
        self.init(
            receiver: notification.receiver, integration: notification.integration, groupKey: notification.groupKey)
    }
}

/// What a destination knows: one entry of the notification log. It exists while the destination believes,
/// or may believe, an alert to fire.
package struct NotificationRecord: Sendable, Hashable {
    package var destination: Destination
    package var groupLabels: [String: String]
    /// Fingerprints of the alerts that fired in the last accepted message.
    package var firing: Set<UInt64>
    /// Fingerprints of all alerts that it was told to fire and was not told to have ended: `firing` and, beside them,
    /// alerts that a silence or a mute time kept out of the last message.
    package var told: Set<UInt64>
    /// Fingerprints of alerts that attempts without an answer may have told as firing.
    package var maybeFiring: Set<UInt64>
    /// The same for alerts that may have been told as ended.
    package var maybeResolved: Set<UInt64>
    /// From when the repeat interval counts.
    package var since: Timestamp

    package init(
        destination: Destination, groupLabels: [String: String], firing: Set<UInt64>, told: Set<UInt64>,
        maybeFiring: Set<UInt64> = [],
        maybeResolved: Set<UInt64> = [], since: Timestamp
    ) {
        self.destination = destination
        self.groupLabels = groupLabels
        self.firing = firing
        self.told = told
        self.maybeFiring = maybeFiring
        self.maybeResolved = maybeResolved
        self.since = since
    }

    private struct Stored: Decodable {
        var destination: Destination
        var groupLabels: [String: String]
        var firing: Set<UInt64>
        var told: Set<UInt64>
        var maybeFiring: Set<UInt64>
        var maybeResolved: Set<UInt64>
        var since: Int64
    }

    /// The record as the journal keeps it: JSON.
    package func encoded() -> [UInt8] {
        var out = JSONBytes()
        out.open("{")
        out.key("destination")
        out.open("{")
        out.field("receiver", destination.receiver)
        out.field("integration", destination.integration)
        out.field("groupKey", destination.groupKey)
        out.close("}")
        out.key("groupLabels")
        out.map(groupLabels)
        for (name, fingerprints) in [
            ("firing", firing), ("told", told), ("maybeFiring", maybeFiring), ("maybeResolved", maybeResolved),
        ] {
            out.key(name)
            out.list(fingerprints)
        }
        out.field("since", since.milliseconds)
        out.close("}")
        return out.bytes
    }

    /// - Throws: what `JSONDecoder` says.
    package init(encoded bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        self.init(
            destination: stored.destination, groupLabels: stored.groupLabels, firing: stored.firing, told: stored.told,
            maybeFiring: stored.maybeFiring, maybeResolved: stored.maybeResolved,
            since: Timestamp(milliseconds: stored.since))
    }
}
