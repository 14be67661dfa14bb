import Alerts
import GoTemplate
import Samples

/// Incident data for templates, in addition to Alertmanager's.
extension TemplateData {
    /// `.Incidents`, those with consequences; `.Cause` and `.Consequences` of the first of them; `.OtherAlerts`, the
    /// message's alerts that belong to none of them.
    static func incidents(
        _ incidentTexts: [IncidentText], in notification: Notification, externalURL: String
    ) -> [String: TemplateValue] {
        let at = notification.decidedAt
        let others = { (alerts: [Alert]) in
            IncidentText.alerts(alerts, outside: incidentTexts).map { TemplateData.alert($0, at) }
        }
        let (firing, resolved) = (others(notification.firing), others(notification.resolved))
        var fields = incidents(incidentTexts, at, externalURL: externalURL)
        fields["Headline"] = headline(notification.firing, notification.resolved, incidentTexts)
        fields["OtherAlerts"] = alerts(firing + resolved, firing: firing, resolved: resolved)
        return fields
    }

    /// `.Headline`: the message in one line.
    static func headline(_ firing: [Alert], _ resolved: [Alert], _ incidentTexts: [IncidentText]) -> TemplateValue {
        .string(incidentTexts.first?.headline ?? Headline.text(firing.isEmpty ? resolved : firing))
    }

    static func incidents(
        _ incidentTexts: [IncidentText], _ at: Timestamp, externalURL: String
    ) -> [String: TemplateValue] {
        [
            "Incidents": .list(
                TemplateList(incidentTexts.map { incident($0, at, externalURL) }, typeName: "[]template.Incident")),
            "Cause": incidentTexts.first.map { alert($0.cause, at) } ?? .null,
            "Consequences": list(incidentTexts.first?.consequences ?? [], at),
        ]
    }

    private static func list(_ alerts: [Alert], _ at: Timestamp) -> TemplateValue {
        .list(TemplateList(alerts.map { alert($0, at) }, typeName: "[]template.Alert"))
    }

    private static func incident(
        _ incidentText: IncidentText, _ at: Timestamp, _ externalURL: String
    ) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "template.Incident",
                fields: [
                    "ID": .string(incidentText.incident.id.map { String($0) } ?? ""),
                    "Severity": .string(incidentText.incident.severity.rawValue),
                    "StartsAt": .time(TemplateTime(incidentText.incident.startsAt)),
                    "EndsAt": .time(incidentText.endsAt.map { TemplateTime($0) } ?? .zero),
                    "Cause": alert(incidentText.cause, at), "Consequences": list(incidentText.consequences, at),
                    "Headline": .string(incidentText.headline), "Ending": .string(incidentText.ending),
                    "Summary": .string(incidentText.summary), "Description": .string(incidentText.description),
                    "Effects": .strings(incidentText.effects), "Actions": .strings(incidentText.actions),
                    "Timeline": .strings(incidentText.timeline),
                    "Links": .list(
                        TemplateList(
                            Telling.links(incidentText, externalURL).map(TemplateData.link),
                            typeName: "[]template.Link")),
                ]))
    }
}
