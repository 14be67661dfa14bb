import Alerts
import FoundationEssentials
import Samples

/// Alerts and messages as the journal's blobs: JSON, times in milliseconds.
enum JournalCoding {
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
                endsAt: endsAt.map(Timestamp.init(milliseconds:)), updatedAt: Timestamp(milliseconds: updatedAt), generatorURL: generatorURL)
        }
    }

    private struct StoredNotification: Codable {
        var receiver: String
        var integration: String
        var groupKey: String
        var groupLabels: [String: String]
        var alerts: [StoredAlert]
        var truncatedAlerts: Int
        var reason: String
        var decidedAt: Int64
    }

    static func encode(_ alert: Alert) throws -> [UInt8] { Array(try JSONEncoder().encode(StoredAlert(alert))) }

    static func alert(_ bytes: [UInt8]) throws -> Alert { try JSONDecoder().decode(StoredAlert.self, from: Data(bytes)).alert }

    static func encode(_ notification: Notification) throws -> [UInt8] {
        Array(
            try JSONEncoder().encode(
                StoredNotification(
                    receiver: notification.receiver, integration: notification.integration, groupKey: notification.groupKey,
                    groupLabels: notification.groupLabels.dictionary, alerts: notification.alerts.map(StoredAlert.init),
                    truncatedAlerts: notification.truncatedAlerts, reason: notification.reason,
                    decidedAt: notification.decidedAt.milliseconds)))
    }

    static func notification(_ bytes: [UInt8]) throws -> Notification {
        let stored = try JSONDecoder().decode(StoredNotification.self, from: Data(bytes))
        return Notification(
            receiver: stored.receiver, integration: stored.integration, groupKey: stored.groupKey, groupLabels: Labels(stored.groupLabels),
            alerts: stored.alerts.map(\.alert), truncatedAlerts: stored.truncatedAlerts, reason: stored.reason,
            decidedAt: Timestamp(milliseconds: stored.decidedAt))
    }
}
