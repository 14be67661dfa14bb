package import Alerts
import FoundationEssentials
import Samples
import Text

/// Alerts and messages as rows of the journal: JSON, times in milliseconds since the epoch.
///
/// Fields may be added: a reader ignores those that it does not know. Removing one, or giving it another meaning, needs a new
/// `JournalFile.version`.
package enum JournalCoding {
    private struct StoredAlert: Codable {
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: Int64
        var endsAt: Int64?
        var updatedAt: Int64
        var generatorURL: String

        init(_ alert: Alert) {
            labels = alert.labels.dictionary
            annotations = alert.annotations
            startsAt = alert.startsAt.milliseconds
            endsAt = alert.endsAt?.milliseconds
            updatedAt = alert.updatedAt.milliseconds
            generatorURL = alert.generatorURL
        }

        var alert: Alert {
            Alert(
                labels: Labels(labels), annotations: annotations, startsAt: Timestamp(milliseconds: startsAt),
                endsAt: endsAt.map(Timestamp.init(milliseconds:)), updatedAt: Timestamp(milliseconds: updatedAt),
                generatorURL: generatorURL)
        }
    }

    private struct StoredNotification: Codable {
        var receiver: String
        var integration: IntegrationID
        var groupKey: String
        var groupLabels: [String: String]
        var alerts: [StoredAlert]
        var truncatedAlerts: Int
        var reason: String
        var decidedAt: Int64

        init(_ notification: Notification) {
            receiver = notification.receiver
            integration = notification.integration
            groupKey = notification.groupKey
            groupLabels = notification.groupLabels.dictionary
            alerts = notification.alerts.map(StoredAlert.init)
            truncatedAlerts = notification.truncatedAlerts
            reason = notification.reason.rawValue
            decidedAt = notification.decidedAt.milliseconds
        }

        var notification: Notification {
            Notification(
                receiver: receiver, integration: integration, groupKey: groupKey, groupLabels: Labels(groupLabels),
                alerts: alerts.map(\.alert), truncatedAlerts: truncatedAlerts,
                // A reason that a newer version may have written.
                reason: Notification.Reason(rawValue: reason) ?? .changed,
                decidedAt: Timestamp(milliseconds: decidedAt))
        }
    }

    /// An alert as a row.
    /// - Throws: what `JSONEncoder` throws.
    package static func encode(_ alert: Alert) throws -> [UInt8] { Array(try JSONEncoder().encode(StoredAlert(alert))) }

    /// The alert of a row.
    /// - Throws: what `JSONDecoder` throws.
    package static func alert(_ bytes: [UInt8]) throws -> Alert {
        try JSONDecoder().decode(StoredAlert.self, from: Data(bytes)).alert
    }

    /// A message as a row.
    /// - Throws: what `JSONEncoder` throws.
    package static func encode(_ notification: Notification) throws -> [UInt8] {
        Array(try JSONEncoder().encode(StoredNotification(notification)))
    }

    /// The message of a row.
    /// - Throws: what `JSONDecoder` throws.
    package static func notification(_ bytes: [UInt8]) throws -> Notification {
        try JSONDecoder().decode(StoredNotification.self, from: Data(bytes)).notification
    }
}
