import Alerts
import Platform
import Samples
import Text
import Transport

/// Sends alerts to all configured Alertmanagers through their API v2, as Prometheus does.
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
                        let answer = try await client.send(
                            .init(
                                url: base + "/api/v2/alerts", body: body, options: options.http,
                                timeout: options.timeout))
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
        // Alertmanagers in a cluster do not share alerts; one that was down gets them with the next resend.
        let accepted = outcomes.count { if case .accepted = $0 { true } else { false } }
        if accepted > 0 { return .accepted("taken by \(accepted) of \(outcomes.count)") }
        let errors = outcomes.compactMap { if case .failed(let error) = $0 { error } else { nil } }
        // A retry is worthwhile if one of them may accept later, even if another has permanently refused.
        guard var error = errors.first(where: \.isRetryable) ?? errors.first else {
            return .failed(DeliveryError(.other, retryable: false, "no Alertmanager is configured"))
        }
        error.isUncertain = errors.contains(where: \.isUncertain)
        return .failed(error)
    }

    private func body(_ notification: Notification) -> [UInt8] {
        // Counted from now, not from the decision: a delayed message must not arrive with an end in the past.
        let validUntil = client.time.wall() + (options.resolveTimeout ?? options.resendDelay * 4)
        return JSONWriter.document { json in
            json.array { list in
                for alert in notification.firing + notification.resolved {
                    let end =
                        alert.status(at: notification.decidedAt) == .firing
                        ? validUntil : alert.endsAt ?? notification.decidedAt
                    list.object { one in
                        one.field("labels", alert.labels)
                        one.field("annotations", alert.annotations)
                        one.field("startsAt", alert.startsAt.rfc3339)
                        one.field("endsAt", end.rfc3339)
                        one.field("generatorURL", alert.generatorURL)
                    }
                }
            }
        }
    }
}
