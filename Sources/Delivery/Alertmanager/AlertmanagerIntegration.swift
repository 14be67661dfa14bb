import Alerts
import Platform
import Samples
import Text
import Transport

/// Sends alerts to an Alertmanager through its API v2, as Prometheus does.
/// Source: prometheus/alertmanager, api/v2/openapi.yaml, POST /alerts.
struct AlertmanagerIntegration: Integration {
    let options: AlertmanagerOptions
    let client: ReceiverClient

    /// Maximum number of alerts per request, as in Prometheus (notifier, `maxBatchSize`).
    private static let batchLimit = 64
    /// No alert joins a request that holds this much.
    private static let batchBytes = 512 << 10
    /// The annotation of a cause that names its consequences; see `Dispatcher.consequences`.
    private static let consequencesAnnotation = "consequences"
    private static let consequenceLimit = 20

    func send(_ notification: Notification) async -> DeliveryOutcome {
        var refusal: DeliveryError?
        var detail = ""
        var hasSent = false
        for batch in batches(notification.firing + notification.resolved) {
            do throws(DeliveryError) {
                let answer = try await client.send(
                    .init(
                        url: options.url + "/api/v2/alerts", body: body(batch, notification), options: options.http,
                        timeout: options.timeout))
                if let refusal = client.refusal(answer) { throw refusal }
                detail = "HTTP \(answer.response.status)"
                hasSent = true
            } catch {
                if error.isRetryable {
                    var error = error
                    // It has what was sent before.
                    error.isUncertain = error.isUncertain || hasSent
                    return .failed(error)
                }
                // Of a request with an invalid alert it takes the others; the other requests may hold none.
                refusal = refusal ?? error
            }
        }
        return refusal.map { .failed($0) } ?? .accepted(detail)
    }

    /// Cuts a message into requests of bounded size, so that neither side holds thousands of alerts as one text.
    private func batches(_ alerts: [Alert]) -> [[Alert]] {
        var batches: [[Alert]] = []
        var current: [Alert] = []
        var bytes = 0
        for alert in alerts {
            if current.count >= AlertmanagerIntegration.batchLimit || bytes >= AlertmanagerIntegration.batchBytes {
                batches.append(current)
                (current, bytes) = ([], 0)
            }
            current.append(alert)
            bytes += alert.sizeBytes
        }
        return batches + [current]
    }

    private func body(_ alerts: [Alert], _ notification: Notification) -> [UInt8] {
        // Counted from now, not from the decision: a delayed message must not arrive with an end in the past.
        let validUntil = client.time.wall() + (options.resolveTimeout ?? options.resendDelay * 4)
        return JSONWriter.document { json in
            json.array { list in
                for alert in alerts {
                    let end =
                        alert.status(at: notification.decidedAt) == .firing
                        ? validUntil : alert.endsAt ?? notification.decidedAt
                    list.object { one in
                        one.field("labels", alert.labels)
                        one.field("annotations", annotations(alert, notification))
                        one.field("startsAt", alert.startsAt.rfc3339)
                        one.field("endsAt", end.rfc3339)
                        one.field("generatorURL", alert.generatorURL)
                    }
                }
            }
        }
    }

    /// The rule's annotations. Those of a cause also list its consequences, which are not sent as alerts of their own.
    private func annotations(_ alert: Alert, _ notification: Notification) -> [String: String] {
        guard alert.annotations[AlertmanagerIntegration.consequencesAnnotation] == nil,
            let incident = notification.incidents.first(where: { $0.cause.id == alert.id })
        else { return alert.annotations }
        let given = Set(notification.alerts.map(\.id))
        let lines = incident.consequences.lazy.filter { !given.contains($0.id) }
            .prefix(AlertmanagerIntegration.consequenceLimit).map(IncidentText.line)
        if lines.isEmpty { return alert.annotations }
        return alert.annotations.merging(
            [AlertmanagerIntegration.consequencesAnnotation: lines.joined(separator: "\n")]
        ) { own, _ in own }
    }
}
