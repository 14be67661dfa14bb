import Alerts
import Samples

/// One event in PagerDuty's format.
/// Source: developer.pagerduty.com/docs/events-api-v2/trigger-events.
struct PagerDutyEvent {
    let options: PagerDutyOptions
    let draft: Draft
    private var notification: Notification { draft.notification }

    init(options: PagerDutyOptions, draft: Draft) {
        self.options = options
        self.draft = draft
    }

    private static let summaryRunes = 1024
    /// PagerDuty refuses larger events.
    private static let eventBytes = 512_000
    /// Keeps all members other than the details far below the limit.
    private static let fieldRunes = 4096
    private static let maxLinks = 20

    private var dedupKey: String { GroupDigest.of(notification.groupKey) }
    private var action: String {
        if notification.status == .resolved { return "resolve" }
        // A trigger would only repeat what PagerDuty already knows.
        return notification.reason == .acknowledged && notification.isAcknowledged ? "acknowledge" : "trigger"
    }

    private func field(_ template: String, else fallback: String = "") -> String {
        draft.content(template, else: fallback).truncated(toRunes: PagerDutyEvent.fieldRunes)
    }

    private func optional(_ template: String) -> JSON? {
        let text = field(template)
        return text.isEmpty ? nil : .string(text)
    }

    private var summary: String {
        let text = draft.content(options.description, else: #"{{ template "pagerduty.default.description" . }}"#)
        // PagerDuty refuses an event without a summary.
        return (text.allSatisfy(\.isWhitespace) ? draft.plainText : text).truncated(
            toRunes: PagerDutyEvent.summaryRunes)
    }

    private var client: String { field(options.client, else: #"{{ template "pagerduty.default.client" . }}"#) }

    /// One of PagerDuty's four severities; it rejects any other.
    private var severity: String {
        let known: Set<String> = ["critical", "error", "warning", "info"]
        if let template = options.severity {
            let word = draft.content(template, else: "error").filter { !$0.isWhitespace }.lowercased()
            let mapped = options.severityMap[word] ?? word
            return known.contains(mapped) ? mapped : "error"
        }
        let alerts = notification.firing.isEmpty ? notification.alerts : notification.firing
        let label = alerts.max { $0.severity < $1.severity }?.labels["severity"] ?? ""
        return options.severityMap[label] ?? options.severityMap[notification.severity.rawValue] ?? "error"
    }

    /// The default details and those of the configuration, which take precedence.
    private var details: JSON {
        var details: [String: String] = [:]
        if let incidentText = draft.incidentTexts.first {
            details = PagerDutyEvent.details(of: incidentText)
        } else if let alert = notification.firing.first ?? notification.alerts.first {
            details["type"] = alert.name
            details["severity"] = alert.labels["severity"] ?? alert.severity.rawValue
            if notification.status == .resolved {
                details["message"] = draft.content(#"{{ template "__ended" . }}"#)
            } else {
                details["message"] =
                    alert.annotations["description"] ?? alert.annotations["summary"] ?? alert.annotations["message"]
                details["action"] = alert.annotations["action"]
            }
            details["timestamp"] = alert.startsAt.rfc3339
        }
        let answering = TemplateData.answering(notification)
        if !answering.isEmpty { details["answering"] = answering.joined(separator: ", ") }
        var nested: [(String, JSON)] = []
        for (name, value) in options.details {
            if case .text(let template) = value {
                var fallback = ""
                if case .text(let text)? = PagerDutyOptions.defaultDetails[name] { fallback = text }
                // The default details repeat what the incidents say.
                let isDefault = !draft.incidentTexts.isEmpty && template == fallback
                let instead = isDefault ? PagerDutyEvent.besideIncidents[name] : nil
                details[name] = draft.content(instead ?? template, else: fallback)
            } else {
                details[name] = nil
                nested.append((name, value.json { draft.content($0) }))
            }
        }
        let flat = details.filter { !$0.value.isEmpty }.map { ($0.key, JSON.string($0.value)) }
        return .members((flat + nested).sorted { $0.0 < $1.0 })
    }

    private static let besideIncidents = [
        "firing": #"{{ template "pagerduty.default.instances" .OtherAlerts.Firing }}"#,
        "resolved": #"{{ template "pagerduty.default.instances" .OtherAlerts.Resolved }}"#,
    ]

    /// The details of an incident; empty ones are removed later.
    private static func details(of incidentText: IncidentText) -> [String: String] {
        [
            "type": incidentText.cause.name, "severity": incidentText.incident.severity.rawValue,
            "timestamp": incidentText.incident.startsAt.rfc3339, "cause": incidentText.summary,
            "message": incidentText.isOver
                ? incidentText.ending
                : incidentText.description.isEmpty ? incidentText.summary : incidentText.description,
            "therefore": incidentText.effects.joined(separator: "\n"),
            "action": incidentText.actions.joined(separator: "\n"),
            "seen": incidentText.timeline.joined(separator: "\n"),
        ]
    }

    private var links: [JSON] {
        var links: [(href: String, text: String)] = options.links.map { (field($0.href), field($0.text)) }
        for link in draft.incidentTexts.flatMap(\.links) { links.append((link.href, link.text)) }
        for runbook in Set(notification.alerts.compactMap { $0.annotations["runbook_url"] }).sorted() {
            links.append((runbook, "Runbook"))
        }
        var seen: Set<String> = []
        return links.filter { PagerDutyEvent.isLink($0.href) && seen.insert($0.href).inserted }.prefix(
            PagerDutyEvent.maxLinks
        ).map { link in
            .object([("href", .string(link.href)), ("text", .string(link.text.isEmpty ? link.href : link.text))])
        }
    }

    private var images: [JSON] {
        options.images.prefix(PagerDutyEvent.maxLinks).compactMap { image in
            let source = field(image.source)
            guard PagerDutyEvent.isLink(source) else { return nil }
            return .object([
                ("src", .string(source)), ("alt", optional(image.alternative)), ("href", optional(image.href)),
            ])
        }
    }

    private static func isLink(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.count <= fieldRunes
            && text.utf8.allSatisfy { $0 > 0x20 }
    }

    /// Events API v2.
    func body(routingKey: String) -> [UInt8] {
        let (client, source) = (self.client, field(options.source))
        let (links, images) = (self.links, self.images)
        return fitted { details in
            .object([
                ("routing_key", .string(routingKey)), ("event_action", .string(action)),
                ("dedup_key", .string(dedupKey)),
                ("client", .string(client)), ("client_url", optional(options.clientURL)),
                ("links", links.isEmpty ? nil : .array(links)), ("images", images.isEmpty ? nil : .array(images)),
                (
                    "payload",
                    .object([
                        ("summary", .string(summary)),
                        ("source", .string(!source.isEmpty ? source : client.isEmpty ? "vaultwatch" : client)),
                        ("severity", .string(severity)),
                        ("timestamp", notification.firing.map(\.startsAt).min().map { .string($0.rfc3339) }),
                        ("class", optional(options.eventClass)), ("component", optional(options.component)),
                        ("group", optional(options.group)),
                        ("custom_details", details),
                    ])
                ),
            ])
        }
    }

    /// Events API v1.
    func genericBody(serviceKey: String) -> [UInt8] {
        fitted { details in
            .object([
                ("service_key", .string(serviceKey)), ("event_type", .string(action)),
                ("incident_key", .string(dedupKey)),
                ("description", .string(summary)), ("client", .string(client)),
                ("client_url", optional(options.clientURL)), ("details", details),
            ])
        }
    }

    /// Above the limit the details shrink to a note, as in Alertmanager.
    private func fitted(_ event: (_ details: JSON) -> JSON) -> [UInt8] {
        let whole = event(details).bytes
        if whole.count <= PagerDutyEvent.eventBytes { return whole }
        let note = "Custom details have been removed because the original event exceeds the maximum size of 512KB"
        return event(.map(["error": note])).bytes
    }
}
