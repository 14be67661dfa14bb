import Alerts
import Platform
import Samples
import Text
import Transport

/// Alertmanager's webhook, version 4. Source: prometheus.io/docs/alerting/latest/configuration, <webhook_config>.
struct WebhookIntegration: Integration {
    let options: WebhookOptions
    let client: ReceiverClient
    let composer: Composer
    private var externalURL: String { composer.externalURL }

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            let written = try await client.reveal(options.url)
            // Composing the texts takes several times as long as writing the body, and few webhooks have templates.
            let isTemplate = written.contains("{{")
            let draft = isTemplate || options.payload != nil ? composer.draft(notification) : nil
            let url = isTemplate ? try address(written, draft) : written
            let answer = try await client.send(
                .init(
                    url: url, body: body(notification, draft), options: options.http, timeout: options.timeout,
                    secrets: Redaction.parts(ofURL: url)))
            if let refusal = client.refusal(answer) { throw refusal }
            return .accepted("HTTP \(answer.response.status)")
        } catch {
            return .failed(error)
        }
    }

    /// Expands a URL that is a template. Labels and annotations may come from outside: the result must be a URL, and
    /// use TLS unless the configuration itself says otherwise.
    private func address(_ template: String, _ draft: Draft?) throws(DeliveryError) -> String {
        let url = try draft?.address(template) ?? template
        let mayBePlain = template.hasPrefix("http://") || options.http.allowsPlaintext
        guard url.hasPrefix("https://") || mayBePlain && url.hasPrefix("http://"),
            url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else {
            throw DeliveryError(
                .other, retryable: false, "the url template does not expand to a URL with TLS; expected https://")
        }
        return url
    }

    private func body(_ notification: Notification, _ draft: Draft?) -> [UInt8] {
        switch (options.payload, draft) {
        case (.text(let template)?, let draft?): Array(draft.content(template).utf8)
        case (let value?, let draft?): value.json { draft.content($0) }.bytes
        default: body(notification)
        }
    }

    func body(_ notification: Notification) -> [UInt8] {
        let ordered = notification.firing + notification.resolved
        let kept = options.maxAlerts > 0 ? Array(ordered.prefix(options.maxAlerts)) : ordered
        return JSONWriter.document { json in
            json.object { message in
                message.field("receiver", notification.receiver)
                message.field("status", notification.status.rawValue)
                message.key("alerts")
                message.array { list in
                    for alert in kept {
                        list.object { one in
                            one.field("status", alert.status(at: notification.decidedAt).rawValue)
                            one.field("labels", alert.labels)
                            one.field("annotations", alert.annotations)
                            one.field("startsAt", alert.startsAt.rfc3339)
                            one.field("endsAt", alert.endsAt?.rfc3339 ?? "0001-01-01T00:00:00Z")
                            one.field("generatorURL", alert.generatorURL)
                            one.field("fingerprint", alert.fingerprintText)
                        }
                    }
                }
                message.field("groupLabels", notification.groupLabels)
                message.field("commonLabels", notification.commonLabels)
                message.field("commonAnnotations", notification.commonAnnotations)
                message.field("externalURL", externalURL)
                message.field("version", "4")
                message.field("groupKey", notification.groupKey)
                message.field("truncatedAlerts", ordered.count - kept.count + notification.truncatedAlerts)
                writeIncidents(notification, &message)
            }
        }
    }

    /// An extension of vaultwatch, absent if no incident has consequences. Ids are strings: many JSON parsers store
    /// numbers with 53 bits.
    private func writeIncidents(_ notification: Notification, _ message: inout JSONWriter) {
        let told = notification.incidents.filter { !$0.consequences.isEmpty }
        guard !told.isEmpty else { return }
        message.key("incidents")
        message.array { list in
            for incident in told {
                list.object { one in
                    if let id = incident.id { one.field("id", String(id)) }
                    one.field("startsAt", incident.startsAt.rfc3339)
                    one.field("cause", incident.cause.fingerprintText)
                    one.field("consequences", incident.consequences.map(\.fingerprintText))
                }
            }
        }
    }
}
