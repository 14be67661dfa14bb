import Alerts
import Platform
import Samples
import Transport

/// Hands alerts to Alertmanagers through their API v2, all of them, as Prometheus does.
/// Source: prometheus/alertmanager, api/v2/openapi.yaml, POST /alerts.
struct AlertmanagerIntegration: Integration {
    let options: AlertmanagerOptions
    let client: ReceiverClient

    func send(_ notification: Notification) async -> DeliveryOutcome {
        let body = body(notification)
        let outcomes = await withTaskGroup(of: DeliveryOutcome.self) { group in
            for url in options.urls {
                group.addTask {
                    do throws(DeliveryError) {
                        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
                        let answer = try await client.send(.init(url: base + "/api/v2/alerts", body: body, options: options.http, timeout: options.timeout))
                        if let refusal = client.refusal(answer) { throw refusal }
                        return .accepted("HTTP \(answer.response.status)")
                    } catch {
                        return .failed(error)
                    }
                }
            }
            var outcomes: [DeliveryOutcome] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
        // One that took it tells its peers.
        return outcomes.first { if case .accepted = $0 { true } else { false } } ?? outcomes.first
            ?? .failed(DeliveryError(.other, retryable: false, "no Alertmanager is configured"))
    }

    private func body(_ notification: Notification) -> [UInt8] {
        JSON.array((notification.firing + notification.resolved).map { alert in
            let end = alert.endsAt ?? notification.decidedAt + options.resolveTimeout
            return .object([
                ("labels", .map(alert.labels.dictionary)), ("annotations", .map(alert.annotations)),
                ("startsAt", .string(alert.startsAt.rfc3339)), ("endsAt", .string(end.rfc3339)), ("generatorURL", .string(alert.generatorURL)),
            ])
        }).bytes
    }
}
