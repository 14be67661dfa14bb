package import Alerts
import FoundationEssentials
import Samples
import Text

/// Alerts and messages as rows of the journal: JSON, times in milliseconds since the epoch.
///
/// Fields may be added: a reader ignores unknown ones. Removing one, or changing its meaning, needs a new
/// `JournalFile.version`. Encoding is written by hand, since `JSONEncoder` takes ten times as long and meanwhile holds
/// a tree of the whole row.
package enum JournalCoding {
    private struct StoredAlert: Decodable {
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: Int64
        var endsAt: Int64?
        var updatedAt: Int64
        var generatorURL: String
        /// Absent in rows written before this field existed.
        var external: Bool?

        var alert: Alert {
            Alert(
                labels: Labels(labels), annotations: annotations, startsAt: Timestamp(milliseconds: startsAt),
                endsAt: endsAt.map(Timestamp.init(milliseconds:)), updatedAt: Timestamp(milliseconds: updatedAt),
                generatorURL: generatorURL, isExternal: external ?? false)
        }
    }

    private struct StoredNotification: Decodable {
        var receiver: String
        var integration: IntegrationID
        var groupKey: String
        var groupLabels: [String: String]
        var alerts: [StoredAlert]
        var truncatedAlerts: Int
        var reason: String
        var decidedAt: Int64

        var notification: Notification {
            Notification(
                receiver: receiver, integration: integration, groupKey: groupKey, groupLabels: Labels(groupLabels),
                alerts: alerts.map(\.alert), truncatedAlerts: truncatedAlerts,
                // A newer version may have written an unknown reason.
                reason: Notification.Reason(rawValue: reason) ?? .changed,
                decidedAt: Timestamp(milliseconds: decidedAt))
        }
    }

    /// An alert as a row.
    package static func encode(_ alert: Alert) -> [UInt8] { JSONWriter.document { write(alert, &$0) } }

    private static func write(_ alert: Alert, _ json: inout JSONWriter) {
        json.object { one in
            one.field("labels", alert.labels)
            one.field("annotations", alert.annotations)
            one.field("startsAt", alert.startsAt.milliseconds)
            if let endsAt = alert.endsAt { one.field("endsAt", endsAt.milliseconds) }
            one.field("updatedAt", alert.updatedAt.milliseconds)
            one.field("generatorURL", alert.generatorURL)
            one.key("external")
            one.bool(alert.isExternal)
        }
    }

    /// The alert of a row.
    /// - Throws: what `JSONDecoder` throws.
    package static func alert(_ bytes: [UInt8]) throws -> Alert {
        try JSONDecoder().decode(StoredAlert.self, from: Data(bytes)).alert
    }

    /// A message as a row.
    package static func encode(_ notification: Notification) -> [UInt8] {
        JSONWriter.document { json in
            json.object { one in
                one.field("receiver", notification.receiver)
                one.field("integration", notification.integration.description)
                one.field("groupKey", notification.groupKey)
                one.field("groupLabels", notification.groupLabels)
                one.key("alerts")
                one.array { list in for alert in notification.alerts { write(alert, &list) } }
                one.field("truncatedAlerts", notification.truncatedAlerts)
                one.field("reason", notification.reason.rawValue)
                one.field("decidedAt", notification.decidedAt.milliseconds)
            }
        }
    }

    /// The message of a row.
    /// - Throws: what `JSONDecoder` throws.
    package static func notification(_ bytes: [UInt8]) throws -> Notification {
        try JSONDecoder().decode(StoredNotification.self, from: Data(bytes)).notification
    }
}
