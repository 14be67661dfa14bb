import Alerts
import CCrypto
import Platform
import Samples
import Transport

/// PagerDuty by Events API v2, and v1 for the older "Prometheus" integration.
/// Source: developer.pagerduty.com/docs/events-api-v2/trigger-events.
struct PagerDutyIntegration: Integration {
    let options: PagerDutyOptions
    let client: ReceiverClient
    let composer: Composer

    private static let summaryRunes = 1024
    /// PagerDuty refuses larger events.
    private static let eventBytes = 512_000

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            var url = options.url
            let secret: String
            let body: [UInt8]
            switch options.key {
            case .routing(let key):
                secret = try composer.expand(try client.reveal(key), notification)
                body = try event(notification, key: secret)
            case .service(let key):
                if url == PagerDutyOptions.eventsURL { url = PagerDutyOptions.genericURL }
                secret = try composer.expand(try client.reveal(key), notification)
                body = try genericEvent(notification, key: secret)
            }
            let answer = try await client.send(.init(url: url, body: body, options: options.http, timeout: options.timeout, secrets: [secret]))
            if let refusal = client.refusal(answer) { throw refusal }
            return .accepted("HTTP \(answer.response.status)")
        } catch {
            return .failed(error)
        }
    }

    /// Stable over restarts and the same for two agents, so that a repeat joins its incident.
    static func dedupKey(_ groupKey: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let bytes = Array(groupKey.utf8)
        guard EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil) == 1 else { return groupKey }
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    func event(_ notification: Notification, key: String) throws(DeliveryError) -> [UInt8] {
        func text(_ template: String) throws(DeliveryError) -> String { try composer.expand(template, notification) }
        let client = try text(options.client)
        let source = try text(options.source)
        let severity: String
        if let template = options.severity {
            severity = try text(template)
        } else {
            severity = options.severityMap[notification.severity.rawValue] ?? "error"
        }
        var details: [String: String] = [:]
        for (name, template) in options.details { details[name] = try text(template) }
        if let alert = notification.firing.first ?? notification.alerts.first {
            details["type"] = alert.name
            details["severity"] = alert.severity.rawValue
            details["action"] = alert.annotations["action"]
            details["timestamp"] = alert.startsAt.rfc3339
        }
        var links: [JSON] = []
        for link in options.links {
            links.append(.object([("href", .string(try text(link.href))), ("text", .string(try text(link.text)))]))
        }
        for runbook in Set(notification.firing.compactMap { $0.annotations["runbook_url"] }).sorted().prefix(10) where runbook.hasPrefix("http") {
            links.append(.object([("href", .string(runbook)), ("text", .string("Runbook"))]))
        }
        var images: [JSON] = []
        for image in options.images {
            images.append(.object([
                ("src", .string(try text(image.source))), ("alt", .string(try text(image.alternative))), ("href", .string(try text(image.href))),
            ]))
        }
        let summary = try text(options.description).truncated(toRunes: PagerDutyIntegration.summaryRunes)
        let (clientURL, eventClass, component, group) = (
            try text(options.clientURL), try text(options.eventClass), try text(options.component), try text(options.group))
        func body(_ details: JSON) -> [UInt8] {
            JSON.object([
                ("routing_key", .string(key)),
                ("event_action", .string(notification.status == .firing ? "trigger" : "resolve")),
                ("dedup_key", .string(PagerDutyIntegration.dedupKey(notification.groupKey))),
                ("client", .string(client)),
                ("client_url", clientURL.isEmpty ? nil : .string(clientURL)),
                ("links", links.isEmpty ? nil : .array(links)),
                ("images", images.isEmpty ? nil : .array(images)),
                ("payload", .object([
                    ("summary", .string(summary)), ("source", .string(source.isEmpty ? client : source)), ("severity", .string(severity)),
                    ("class", eventClass.isEmpty ? nil : .string(eventClass)), ("component", component.isEmpty ? nil : .string(component)),
                    ("group", group.isEmpty ? nil : .string(group)), ("custom_details", details),
                ])),
            ]).bytes
        }
        let whole = body(.map(details))
        if whole.count <= PagerDutyIntegration.eventBytes { return whole }
        return body(.map(["error": "Custom details have been removed because the original event exceeds the maximum size of 512KB"]))
    }

    private func genericEvent(_ notification: Notification, key: String) throws(DeliveryError) -> [UInt8] {
        var details: [String: String] = [:]
        for (name, template) in options.details { details[name] = try composer.expand(template, notification) }
        return JSON.object([
            ("service_key", .string(key)), ("event_type", .string(notification.status == .firing ? "trigger" : "resolve")),
            ("incident_key", .string(PagerDutyIntegration.dedupKey(notification.groupKey))),
            ("description", .string(try composer.expand(options.description, notification).truncated(toRunes: PagerDutyIntegration.summaryRunes))),
            ("client", .string(try composer.expand(options.client, notification))), ("details", .map(details)),
        ]).bytes
    }
}
