import Alerts
import GoTemplate
import Samples

/// What the default texts say, in addition to Alertmanager's data.
extension TemplateData {
    /// `.Title`, `.Mark`, `.Tellings` and `.IncidentURL`.
    static func told(
        _ tellings: [Telling], _ title: MessageTitle, _ kind: IntegrationKind?, _ externalURL: String
    ) -> [String: TemplateValue] {
        [
            "Title": .string(title.text),
            // Other channels show the severity by a colour or in a field of its own.
            "Mark": .string(kind == .email ? title.mark : ""),
            "Tellings": .list(TemplateList(tellings.map(telling), typeName: "[]template.Telling")),
            "IncidentURL": .string(tellings.first?.number.map { "\(externalURL)/i/\($0)" } ?? externalURL),
        ]
    }

    private static func telling(_ telling: Telling) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "template.Telling",
                fields: [
                    "Severity": .string(telling.severity.rawValue), "Over": .bool(telling.isOver),
                    "What": .string(telling.what), "Impact": .string(telling.impact),
                    "Because": .string(telling.because), "Ending": .string(telling.ending),
                    "Since": .string(telling.since), "Changed": .strings(telling.changed),
                    "Steps": .list(TemplateList(telling.steps.enumerated().map(step), typeName: "[]template.Step")),
                    "Consequences": .strings(telling.consequences), "Timeline": .strings(telling.timeline),
                    "Zone": .string(telling.zone), "Told": .strings(telling.told), "Owner": .string(telling.owner),
                    "Links": .list(TemplateList(telling.links.map(link), typeName: "[]template.Link")),
                    "Labels": AlertmanagerFunctions.keyValues(telling.cause.labels.dictionary),
                    "StartsAt": .time(TemplateTime(telling.startsAt)),
                    "EndsAt": .time(telling.endsAt.map { TemplateTime($0) } ?? .zero),
                ]))
    }

    private static func step(_ index: Int, _ step: ActionStep) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "template.Step",
                ordered: [
                    ("Number", .string("\(index + 1)")), ("Title", .string(step.title)),
                    ("Commands", .strings(step.commands)),
                ]))
    }

    static func link(_ link: Telling.Link) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "template.Link",
                ordered: [
                    ("Text", .string(link.text)), ("Href", .string(link.href)),
                    ("Primary", .bool(link.purpose == .acknowledge)),
                ]))
    }
}
