import Alerts
import Platform
import Samples
import Transport

/// Alertmanager's webhook, version 4. Source: prometheus.io/docs/alerting/latest/configuration, <webhook_config>.
struct WebhookIntegration: Integration {
    let options: WebhookOptions
    let client: ReceiverClient
    let externalURL: String

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            let url = try await client.reveal(options.url)
            let answer = try await client.send(
                .init(
                    url: url, body: body(notification), options: options.http, timeout: options.timeout,
                    secrets: Redaction.parts(ofURL: url)))
            if let refusal = client.refusal(answer) { throw refusal }
            return .accepted("HTTP \(answer.response.status)")
        } catch {
            return .failed(error)
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
        ]).bytes
    }
}
