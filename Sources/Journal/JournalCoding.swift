import Alerts
import FoundationEssentials
import Samples
import Text

/// Alerts and messages as the journal's blobs: JSON, times in milliseconds.
enum JournalCoding {
    private struct StoredAlert: Decodable {
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: Int64
        var endsAt: Int64?
        var updatedAt: Int64
        var generatorURL: String

        var alert: Alert {
            Alert(
                labels: Labels(labels), annotations: annotations, startsAt: Timestamp(milliseconds: startsAt),
                endsAt: endsAt.map(Timestamp.init(milliseconds:)), updatedAt: Timestamp(milliseconds: updatedAt),
                generatorURL: generatorURL)
        }
    }

    private struct StoredNotification: Decodable {
        var receiver: String
        var integration: String
        var groupKey: String
        var groupLabels: [String: String]
        var alerts: [StoredAlert]
        var truncatedAlerts: Int
        var reason: String
        var decidedAt: Int64
    }

    /// Written by hand: thousands of alerts may begin at once, and `JSONEncoder` takes ten times as long.
    static func encode(_ alert: Alert) -> [UInt8] {
        var out = JSONBytes()
        write(alert, &out)
        return out.bytes
    }

    private static func write(_ alert: Alert, _ out: inout JSONBytes) {
        out.open("{")
        out.key("labels")
        out.open("{")
        for label in alert.labels.pairs { out.field(label.name, label.value) }
        out.close("}")
        out.key("annotations")
        out.map(alert.annotations)
        out.field("startsAt", alert.startsAt.milliseconds)
        if let endsAt = alert.endsAt { out.field("endsAt", endsAt.milliseconds) }
        out.field("updatedAt", alert.updatedAt.milliseconds)
        out.field("generatorURL", alert.generatorURL)
        out.close("}")
    }

    static func alert(_ bytes: [UInt8]) throws -> Alert {
        try JSONDecoder().decode(StoredAlert.self, from: Data(bytes)).alert
    }

    static func encode(_ notification: Notification) -> [UInt8] {
        var out = JSONBytes()
        out.open("{")
        out.field("receiver", notification.receiver)
        out.field("integration", notification.integration)
        out.field("groupKey", notification.groupKey)
        out.key("groupLabels")
        out.map(notification.groupLabels.dictionary)
        out.key("alerts")
        out.open("[")
        for alert in notification.alerts {
            out.next()
            write(alert, &out)
        }
        out.close("]")
        out.field("truncatedAlerts", Int64(notification.truncatedAlerts))
        out.field("reason", notification.reason)
        out.field("decidedAt", notification.decidedAt.milliseconds)
        out.close("}")
        return out.bytes
    }

    static func notification(_ bytes: [UInt8]) throws -> Notification {
        let stored = try JSONDecoder().decode(StoredNotification.self, from: Data(bytes))
        return Notification(
            receiver: stored.receiver, integration: stored.integration, groupKey: stored.groupKey,
            groupLabels: Labels(stored.groupLabels),
            alerts: stored.alerts.map(\.alert), truncatedAlerts: stored.truncatedAlerts, reason: stored.reason,
            decidedAt: Timestamp(milliseconds: stored.decidedAt))
    }
}
