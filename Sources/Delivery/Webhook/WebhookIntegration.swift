import Alerts
import Platform
import Samples
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
            let draft = composer.draft(notification)
            let url = try WebhookIntegration.address(written, draft, options.http)
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
    private static func address(_ written: String, _ draft: Draft, _ http: HTTPClientOptions) throws(DeliveryError)
        -> String
    {
        guard written.contains("{{") else { return written }
        let url = try draft.address(written)
        let mayBePlain = written.hasPrefix("http://") || http.allowsPlaintext
        guard url.hasPrefix("https://") || mayBePlain && url.hasPrefix("http://"),
            url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else {
            throw DeliveryError(
                .other, retryable: false, "the url template does not expand to a URL with TLS; expected https://")
        }
        return url
    }

    private func body(_ notification: Notification, _ draft: Draft) -> [UInt8] {
        switch options.payload {
        case .text(let template)?: Array(draft.content(template).utf8)
        case let value?: value.json { draft.content($0) }.bytes
        case nil: body(notification)
        }
    }

    func body(_ notification: Notification) -> [UInt8] {
        let ordered = notification.firing + notification.resolved
        let kept = options.maxAlerts > 0 ? Array(ordered.prefix(options.maxAlerts)) : ordered
        return JSON.object([
            ("receiver", .string(notification.receiver)), ("status", .string(notification.status.rawValue)),
            (
                "alerts",
                .array(
                    kept.map { alert in
                        .object([
                            ("status", .string(alert.status(at: notification.decidedAt).rawValue)),
                            ("labels", .map(alert.labels.dictionary)), ("annotations", .map(alert.annotations)),
                            ("startsAt", .string(alert.startsAt.rfc3339)),
                            ("endsAt", .string(alert.endsAt?.rfc3339 ?? "0001-01-01T00:00:00Z")),
                            ("generatorURL", .string(alert.generatorURL)),
                            ("fingerprint", .string(alert.fingerprintText)),
                        ])
                    })
            ),
            ("groupLabels", .map(notification.groupLabels.dictionary)),
            ("commonLabels", .map(notification.commonLabels.dictionary)),
            ("commonAnnotations", .map(notification.commonAnnotations)), ("externalURL", .string(externalURL)),
            ("version", .string("4")), ("groupKey", .string(notification.groupKey)),
            ("truncatedAlerts", .number(Double(ordered.count - kept.count + notification.truncatedAlerts))),
            ("incidents", incidents(notification)),
        ]).bytes
    }

    /// An extension of vaultwatch, absent if no incident has consequences. Ids are strings: many JSON parsers store
    /// numbers with 53 bits.
    private func incidents(_ notification: Notification) -> JSON? {
        let told = notification.incidents.filter { !$0.consequences.isEmpty }
        guard !told.isEmpty else { return nil }
        return .array(
            told.map { incident in
                .object([
                    ("id", incident.id.map { .string(String($0)) }),
                    ("startsAt", .string(incident.startsAt.rfc3339)),
                    ("cause", .string(incident.cause.fingerprintText)),
                    ("consequences", .array(incident.consequences.map { .string($0.fingerprintText) })),
                ])
            })
    }
}
