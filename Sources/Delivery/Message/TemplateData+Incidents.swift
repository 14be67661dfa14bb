import Alerts
import GoTemplate
import Samples

/// What templates see of incidents beside Alertmanager's data.
extension TemplateData {
    /// `.Incidents`, those with consequences; `.Cause` and `.Consequences` of the first of them; `.OtherAlerts`, the
    /// message's alerts that belong to none of them.
    static func incidents(_ stories: [IncidentStory], in notification: Notification) -> [String: TemplateValue] {
        let at = notification.decidedAt
        let others = { (alerts: [Alert]) in
            alerts.filter { alert in !stories.contains { $0.tells(alert) } }.map { TemplateData.alert($0, at) }
        }
        let (firing, resolved) = (others(notification.firing), others(notification.resolved))
        var fields = incidents(stories, at)
        fields["OtherAlerts"] = alerts(firing + resolved, firing: firing, resolved: resolved)
        return fields
    }

    static func incidents(_ stories: [IncidentStory], _ at: Timestamp) -> [String: TemplateValue] {
        [
            "Incidents": .list(TemplateList(stories.map { incident($0, at) }, typeName: "[]template.Incident")),
            "Cause": stories.first.map { alert($0.cause, at) } ?? .null,
            "Consequences": list(stories.first?.consequences ?? [], at),
        ]
    }

    private static func list(_ alerts: [Alert], _ at: Timestamp) -> TemplateValue {
        .list(TemplateList(alerts.map { alert($0, at) }, typeName: "[]template.Alert"))
    }

    private static func incident(_ story: IncidentStory, _ at: Timestamp) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "template.Incident",
                fields: [
                    "ID": .string(story.incident.id.map { String($0) } ?? ""),
                    "Severity": .string(story.incident.severity.rawValue),
                    "StartsAt": .time(TemplateTime(story.incident.startsAt)),
                    "EndsAt": .time(story.endsAt.map { TemplateTime($0) } ?? .zero),
                    "Cause": alert(story.cause, at), "Consequences": list(story.consequences, at),
                    "Headline": .string(story.headline), "Ending": .string(story.ending),
                    "Summary": .string(story.summary), "Description": .string(story.description),
                    "Effects": .strings(story.effects), "Actions": .strings(story.actions),
                    "Timeline": .strings(story.timeline),
                    "Links": .list(
                        story.links.map { link in
                            .object(
                                TemplateObject(
                                    typeName: "template.Link",
                                    ordered: [("Text", .string(link.text)), ("Href", .string(link.href))]))
                        }),
                ]))
    }
}
