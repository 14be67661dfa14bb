import Alerts
import Platform
import Samples
import Transport

/// PagerDuty through Events API v2, or v1 for the older "Prometheus" integration.
/// Sources: developer.pagerduty.com/docs/events-api-v2/trigger-events, …/events-api-v1.
struct PagerDutyIntegration: Integration {
    let options: PagerDutyOptions
    let client: ReceiverClient
    let composer: Composer

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            let event = PagerDutyEvent(options: options, draft: composer.draft(notification))
            switch options.key {
            case .routing(let secret):
                let key = try event.draft.address(try await client.reveal(secret))
                return try await post(options.url, event.body(routingKey: key), hiding: key)
            case .service(let secret):
                let key = try event.draft.address(try await client.reveal(secret))
                let url = options.url == PagerDutyOptions.eventsURL ? PagerDutyOptions.genericURL : options.url
                do {
                    return try await post(url, event.genericBody(serviceKey: key), hiding: key)
                } catch  where error.message.hasPrefix("HTTP 403") {
                    // Events API v1 answers 403 where v2 answers 429.
                    throw DeliveryError(.rateLimited, retryable: true, error.message)
                }
            }
        } catch {
            return .failed(error)
        }
    }

    private func post(_ url: String, _ body: [UInt8], hiding key: String) async throws(DeliveryError) -> DeliveryOutcome
    {
        var call = ReceiverClient.Call(
            url: url, body: body, options: options.http, timeout: options.timeout, secrets: [key])
        call.bodyIsSecret = true
        let answer = try await client.send(call)
        if let refusal = client.refusal(answer) { throw refusal }
        return .accepted("HTTP \(answer.response.status)")
    }
}
