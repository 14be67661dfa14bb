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

    /// What the first incident or alert tells, in its order; then the details of the configuration, which take
    /// precedence, by their names.
    private var details: JSON {
        var told: [(String, JSON)] = draft.tellings.first.map(PagerDutyEvent.details) ?? []
        let answering = TemplateData.answering(notification)
        if !answering.isEmpty { told.append(("answering", .string(answering.joined(separator: ", ")))) }
        if let still = PagerDutyEvent.list(draft.stillLines) { told.append(("still_firing", still)) }
        var own: [(String, JSON)] = []
        for (name, value) in options.details.sorted(by: { $0.key < $1.key }) {
            told.removeAll { $0.0 == name }
            guard case .text(let template) = value else {
                own.append((name, value.json { draft.content($0) }))
                continue
            }
            var fallback = ""
            if case .text(let text)? = PagerDutyOptions.defaultDetails[name] { fallback = text }
            // The default details repeat what is told above.
            let isDefault = !draft.incidentTexts.isEmpty && template == fallback
            let instead = isDefault ? PagerDutyEvent.besideIncidents[name] : nil
            let text = draft.content(instead ?? template, else: fallback)
            if !text.isEmpty { own.append((name, .string(text))) }
        }
        return .members(told + own)
    }

    private static let besideIncidents = [
        "firing": #"{{ template "pagerduty.default.instances" .OtherAlerts.Firing }}"#,
        "resolved": #"{{ template "pagerduty.default.instances" .OtherAlerts.Resolved }}"#,
    ]

    /// The parts of an incident or alert; empty ones are left out.
    private static func details(of telling: Telling) -> [(String, JSON)] {
        let steps = telling.steps.flatMap { step in
            [step.commands.isEmpty ? step.title : step.title + ":"] + step.commands
        }
        let parts: [(String, JSON?)] = [
            ("ending", text(telling.ending)), ("impact", text(telling.impact)),
            ("cause", text(telling.what)), ("because", text(telling.because)),
            ("since", text(telling.since)), ("changed", list(telling.changed)), ("steps", list(steps)),
            ("consequences", list(telling.consequences)), ("seen", list(telling.timeline)),
            ("told", list(telling.told)), ("alert", text(telling.cause.name)),
            ("severity", text(telling.cause.labels["severity"] ?? telling.severity.rawValue)),
            ("values", telling.labels.isEmpty ? nil : .members(telling.labels.map { ($0.name, .string($0.value)) })),
        ]
        return parts.compactMap { name, value in value.map { (name, $0) } }
    }

    private static func text(_ text: String) -> JSON? { text.isEmpty ? nil : .string(text) }
    private static func list(_ lines: [String]) -> JSON? {
        lines.isEmpty ? nil : .array(lines.map { .string($0) })
    }

    /// Such as the node, the storage server or the set of backups: what the configuration says, else what the first
    /// incident is about, else the sender.
    private func source(_ client: String) -> String {
        let given = field(options.source)
        let target = draft.tellings.first?.target ?? ""
        let known = [given, target, client].first { !$0.isEmpty } ?? "vaultwatch"
        return known.truncated(toRunes: PagerDutyEvent.fieldRunes)
    }

    /// The configuration's text, else ours; nil if both are empty.
    private func field(_ template: String, or ours: String?) -> JSON? {
        if let given = optional(template) { return given }
        return ours.flatMap { PagerDutyEvent.text($0.truncated(toRunes: PagerDutyEvent.fieldRunes)) }
    }

    private var links: [JSON] {
        var links: [(href: String, text: String)] = options.links.map { (field($0.href), field($0.text)) }
        for link in draft.tellings.prefix(PagerDutyEvent.maxLinks).flatMap(\.links) {
            links.append((link.href, link.text))
        }
        let told = Set(draft.tellings.map(\.cause.id))
        let others = notification.alerts.filter { !told.contains($0.id) }
        for runbook in Set(others.compactMap { $0.annotations["runbook_url"] }).sorted() {
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
        let client = self.client
        let (links, images) = (self.links, self.images)
        let first = draft.tellings.first
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
                        ("source", .string(source(client))),
                        ("severity", .string(severity)),
                        ("timestamp", notification.firing.map(\.startsAt).min().map { .string($0.rfc3339) }),
                        ("class", field(options.eventClass, or: first?.cause.name)),
                        ("component", field(options.component, or: first?.component)),
                        ("group", field(options.group, or: first?.cause.labels["cluster"])),
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
