import Alerts
import GoTemplate
import Samples

/// A notification as Alertmanager's templates see it: `.Receiver`, `.Status`, `.Alerts.Firing`, `.GroupLabels` … In
/// addition `.StillFiring`: in a resolved message, the alerts that fire about the same thing; `.Acknowledgements`: one
/// line for each acknowledgement of firing alerts; `.Answering`: targets that could have explained the alerts but are
/// well; the incidents; and what the default texts say: `.Title`, `.Mark`, `.Tellings`, `.StillLines`, `.Untold`,
/// `.IncidentURL`.
/// Source: prometheus.io/docs/alerting/latest/notifications, "Data".
enum TemplateData {
    static func value(
        _ notification: Notification, incidentTexts: [IncidentText], tellings: [Telling], title: MessageTitle,
        clock: MessageClock, externalURL: String
    ) -> TemplateValue {
        let at = notification.decidedAt
        let firing = notification.firing.map { alert($0, at) }
        let resolved = notification.resolved.map { alert($0, at) }
        var fields: [String: TemplateValue] = [
            "Receiver": .string(notification.receiver),
            "Status": .string(notification.status.rawValue),
            "Alerts": alerts(firing + resolved, firing: firing, resolved: resolved),
            "GroupLabels": AlertmanagerFunctions.keyValues(notification.groupLabels.dictionary),
            "CommonLabels": AlertmanagerFunctions.keyValues(notification.commonLabels.dictionary),
            "CommonAnnotations": AlertmanagerFunctions.keyValues(notification.commonAnnotations),
            "ExternalURL": .string(externalURL),
            "GroupKey": .string(notification.groupKey),
            "StillFiring": .list(
                TemplateList(notification.stillFiring.map { alert($0, at) }, typeName: "[]template.Alert")),
            "TruncatedAlerts": .int(Int64(notification.truncatedAlerts)),
            "NotificationReason": .string(notification.reason.rawValue),
            "Acknowledgements": .strings(acknowledgements(notification)),
            "Answering": .strings(answering(notification)),
            "StillLines": .strings(stillLines(notification, clock)),
            "Untold": .int(Int64(Telling.untold(notification, incidentTexts, tellings))),
        ]
        fields.merge(told(tellings, title, notification.integration.kind, externalURL)) { own, _ in own }
        fields.merge(incidents(incidentTexts, in: notification, externalURL: externalURL)) { own, _ in own }
        return .object(TemplateObject(typeName: "*template.Data", fields: fields))
    }

    /// What still fires beside resolved alerts: `No node is active, silenced until 08:38:00 CET`.
    static func stillLines(_ notification: Notification, _ clock: MessageClock) -> [String] {
        notification.stillFiring.map { alert in
            let until = notification.silencedUntil[alert.id].map {
                MessageTitle.silenced(until: $0, clock, notification.decidedAt)
            }
            return IncidentText.line(alert) + (until ?? "")
        }
    }

    private static let answeringLimit = 5

    /// Targets that could have explained the causes but are well: `postgres prod/pg-1`; of many the first, and a count
    /// of the rest.
    static func answering(_ notification: Notification) -> [String] {
        guard notification.status == .firing else { return [] }
        let names = Set(notification.incidents.flatMap(\.answering)).sorted()
        let left = names.count - answeringLimit
        return left <= 0 ? names : names.prefix(answeringLimit) + ["\(left) more"]
    }

    private static let acknowledgementLimit = 5

    /// `acknowledged by ann at 02:14:05 UTC: on it`, the latest first.
    static func acknowledgements(_ notification: Notification) -> [String] {
        let all = notification.incidents.filter { $0.cause.status(at: notification.decidedAt) == .firing }.compactMap(
            \.acknowledgement)
        return Set(all).sorted { ($1.at, $0.by) < ($0.at, $1.by) }.prefix(acknowledgementLimit).map(\.description)
    }

    /// `template.Alerts`: a list that is also `.Firing` and `.Resolved`.
    static func alerts(_ all: [TemplateValue], firing: [TemplateValue], resolved: [TemplateValue]) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "template.Alerts", underlying: .list(TemplateList(all, typeName: "template.Alerts"))
            ) { member in
                switch member {
                case "Firing": .value(.list(TemplateList(firing, typeName: "[]template.Alert")))
                case "Resolved": .value(.list(TemplateList(resolved, typeName: "[]template.Alert")))
                default: nil
                }
            })
    }

    static func alert(_ alert: Alert, _ at: Timestamp) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "template.Alert",
                fields: [
                    "Status": .string(alert.status(at: at).rawValue),
                    "Labels": AlertmanagerFunctions.keyValues(alert.labels.dictionary),
                    "Annotations": AlertmanagerFunctions.keyValues(alert.annotations),
                    "StartsAt": .time(TemplateTime(alert.startsAt)),
                    "EndsAt": .time(alert.endsAt.map { TemplateTime($0) } ?? .zero),
                    "GeneratorURL": .string(alert.generatorURL),
                    "Fingerprint": .string(alert.fingerprintText),
                    "Ending": .string(alert.status(at: at) == .resolved ? MessageTitle.end(alert) : ""),
                ]))
    }
}
