import Alerts
import Samples
import Text

/// The message in one line, as a lock screen shows it: the cluster, the cause, the effect; at the end that it is over.
struct MessageTitle: Sendable {
    /// The line.
    let text: String
    /// `CRIT`, `OK`: for channels that have no field for the severity; empty for an unknown one.
    let mark: String

    private static let stillRunes = 100
    private static let placeRunes = 60

    init(_ notification: Notification, _ incidentTexts: [IncidentText], _ clock: MessageClock) {
        let still = notification.stillFiring
        let severity = incidentTexts.first?.incident.severity ?? notification.severity
        let remains = MessageTitle.still(still, notification.silencedUntil, clock, notification.decidedAt)
        guard notification.status == .resolved else {
            text =
                MessageTitle.firing(notification.firing, incidentTexts, clock, at: notification.decidedAt) + remains
                + MessageTitle.why(notification)
            mark = MessageTitle.mark(severity)
            return
        }
        let ended = incidentTexts.first?.headline ?? MessageTitle.ended(notification.resolved)
        text = ended + remains
        mark = still.isEmpty ? "OK" : MessageTitle.mark(still.map(\.severity).max() ?? severity)
    }

    /// The title of sample data, which have neither a reason nor others that still fire.
    init(sample firing: [Alert], _ resolved: [Alert], _ incidentTexts: [IncidentText]) {
        let alerts = firing.isEmpty ? resolved : firing
        text =
            firing.isEmpty && !resolved.isEmpty && incidentTexts.isEmpty
            ? MessageTitle.ended(resolved)
            : MessageTitle.firing(alerts, incidentTexts, MessageClock(), at: Timestamp(milliseconds: .max))
        mark = ""
    }

    static func mark(_ severity: Severity) -> String {
        switch severity {
        case .critical: "CRIT"
        case .high: "HIGH"
        case .medium: "MED"
        case .low: "LOW"
        case .unknown: ""
        }
    }

    private static func firing(
        _ alerts: [Alert], _ incidentTexts: [IncidentText], _ clock: MessageClock, at: Timestamp
    ) -> String {
        if let headline = incidentTexts.first?.headline { return headline }
        guard let gravest = alerts.max(by: { $0.severity < $1.severity }) else { return "" }
        let alone = Notification.Incident(id: nil, startsAt: gravest.startsAt, cause: gravest, consequences: [])
        let impact = IncidentText(alone, at: at, clock: clock).impact
        return Headline.place(gravest) + Headline.text(alerts) + (impact.isEmpty ? "" : "; " + impact)
    }

    private static func ended(_ alerts: [Alert]) -> String {
        guard let first = alerts.first else { return "" }
        if alerts.count == 1 { return Headline.place(first) + end(first) + ": " + Headline.summary(first) }
        let clusters = Set(alerts.map { $0.labels["cluster"] ?? "" })
        let names = Set(alerts.map(\.name))
        let cluster = clusters.count == 1 ? clusters.first ?? "" : ""
        let place = EmailHeaders.oneLine(cluster).truncated(toRunes: placeRunes)
        let drill = alerts.allSatisfy { $0.drill != nil } ? Alert.drillWord : ""
        let count = drill + "\(alerts.count) alerts are over" + (names.count == 1 ? ": \(first.name)" : "")
        return place.isEmpty ? count : "\(place): \(count)"
    }

    /// `over after 2 min 5 s`
    static func end(_ alert: Alert) -> String {
        guard let endsAt = alert.endsAt else { return "over" }
        return "over after \(IncidentText.duration(endsAt - alert.startsAt))"
    }

    /// `; still firing: vault-3 is sealed, silenced until 08:38:00 CET, and 2 others`
    private static func still(
        _ alerts: [Alert], _ silencedUntil: [UInt64: Timestamp], _ clock: MessageClock, _ now: Timestamp
    ) -> String {
        guard let first = alerts.first else { return "" }
        let until = silencedUntil[first.id].map { silenced(until: $0, clock, now) } ?? ""
        let others =
            alerts.count > 1 ? "\(until.isEmpty ? "" : ",") and \(Words.count(alerts.count - 1, "other"))" : ""
        return "; still firing: \(Headline.summary(first).truncated(toRunes: stillRunes))\(until)\(others)"
    }

    /// `, silenced until 08:38:00 CET`
    static func silenced(until end: Timestamp, _ clock: MessageClock, _ now: Timestamp) -> String {
        ", silenced until \(clock.time(end, on: now)) \(clock.abbreviation(at: end))"
    }

    private static func why(_ notification: Notification) -> String {
        switch notification.reason {
        case .unsilenced: " (no longer silenced)"
        case .unacknowledged: " (its acknowledgement has lapsed)"
        case .acknowledged: TemplateData.acknowledgements(notification).first.map { " (\($0))" } ?? ""
        default: ""
        }
    }
}
