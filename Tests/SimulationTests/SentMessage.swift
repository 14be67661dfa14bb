import Alerts
import Foundation
import Samples

@testable import Delivery

/// A message as its receiver reads it. PagerDuty's event tells of a group alone, an Alertmanager hears of alerts and
/// knows no groups of ours.
struct SentMessage: CustomStringConvertible {
    let place: String
    /// The place and its group or incident.
    private(set) var destination: String
    /// `Sealed/n0`; of PagerDuty's the incident itself.
    private(set) var firing: Set<String> = []
    private(set) var resolved: Set<String> = []
    /// Until when an Alertmanager believes in what fires, unless it hears of it again.
    private(set) var until: [String: Timestamp] = [:]
    /// The message that this one answers, of Slack's.
    private(set) var thread: String?
    /// Of a webhook's payload.
    private(set) var externalURL: String?

    init?(_ place: String, _ body: [UInt8], now: Timestamp) {
        self.place = place
        destination = place
        let json = try? JSONSerialization.jsonObject(with: Data(body))
        let group: String
        if place.hasSuffix("/am") {
            guard let alerts = json as? [[String: Any]], let first = alerts.first else { return nil }
            group = (first["labels"] as? [String: String])?["alertname"] ?? "?"
            for alert in alerts {
                let end = (alert["endsAt"] as? String).flatMap { Timestamp(rfc3339: $0) }
                let labels = alert["labels"] as? [String: String] ?? [:]
                until[SentMessage.name(labels)] = end
                add(labels, fires: end.map { $0 > now } ?? true)
            }
        } else {
            guard let payload = json as? [String: Any] else { return nil }
            if let key = payload["dedup_key"] as? String {
                group = key
                if payload["event_action"] as? String == "resolve" { resolved = [key] } else { firing = [key] }
            } else if let attachment = (payload["attachments"] as? [[String: Any]])?.first {
                group = attachment["callback_id"] as? String ?? "?"
                thread = payload["thread_ts"] as? String
                let blocks = attachment["blocks"] as? [[String: Any]] ?? []
                for block in blocks { read((block["text"] as? [String: String])?["text"] ?? "") }
            } else {
                guard let key = payload["groupKey"] as? String, let alerts = payload["alerts"] as? [[String: Any]]
                else { return nil }
                group = key
                externalURL = payload["externalURL"] as? String
                for alert in alerts {
                    add(alert["labels"] as? [String: String] ?? [:], fires: alert["status"] as? String == "firing")
                }
            }
        }
        destination += " " + group
    }

    init?(mail place: String, _ message: [UInt8]) {
        self.place = place
        let text = String(decoding: message, as: UTF8.self).replacing("=\r\n", with: "")
        guard let header = text.split(separator: "\r\n").first(where: { $0.hasPrefix("X-Group: ") }) else { return nil }
        destination = place + " " + header.dropFirst("X-Group: ".count)
        read(text)
    }

    /// `@@ firing Sealed/n0 @@ resolved Sealed/n1`, as the configuration's templates have it.
    private mutating func read(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        for (index, word) in words.enumerated() where word == "@@" && index + 2 < words.count {
            if words[index + 1] == "firing" {
                firing.insert(String(words[index + 2]))
            } else {
                resolved.insert(String(words[index + 2]))
            }
        }
    }

    private mutating func add(_ labels: [String: String], fires: Bool) {
        if fires { firing.insert(SentMessage.name(labels)) } else { resolved.insert(SentMessage.name(labels)) }
    }

    private static func name(_ labels: [String: String]) -> String {
        (labels["alertname"] ?? "?") + "/" + (labels["node"] ?? "")
    }

    /// Of the route that has a mute time, where its receiver's form names the route.
    var isMutedAtNight: Bool { destination.contains(#"{severity="low"}"#) }
    /// It speaks of a group as a whole.
    var isIncident: Bool { place.hasSuffix("/pd") }
    /// It is sent again and again, ends too.
    var isResent: Bool { place.hasSuffix("/am") }
    var isThreaded: Bool { place.hasSuffix("/slack") }
    var description: String {
        "\(destination): \(firing.sorted()) fire, \(resolved.sorted()) ended\(thread.map { " in \($0)" } ?? "")"
    }

    /// Where a message of the outbox goes, and what it speaks of, in the words of its receiver.
    static func destination(_ notification: Alerts.Notification) -> (name: String, alerts: Set<String>) {
        let place = Estate.place(notification.receiver, notification.integration)
        let labels = notification.groupLabels
        let alerts = Set(notification.alerts.map { name($0.labels.dictionary) })
        switch place.split(separator: "/").last {
        case "pd":
            let key = Digest.sha256(notification.groupKey)
            return (place + " " + key, [key])
        case "slack", "mail": return ("\(place) \(labels["alertname"] ?? "")/\(labels["node"] ?? "")", alerts)
        case "am": return ("\(place) \(labels["alertname"] ?? "?")", alerts)
        default: return (place + " " + notification.groupKey, alerts)
        }
    }
}
