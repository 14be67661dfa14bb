import Alerts
import Platform
import Transport

/// Pings a dead man's switch. Source: healthchecks.io/docs/http_api.
struct HeartbeatIntegration: Integration {
    let options: HeartbeatOptions
    let client: ReceiverClient

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            let url = try client.reveal(options.url) + (notification.status == .resolved ? options.failSuffix : "")
            let response = try await client.send(.init(url: url, body: [], headers: [], options: options.http, timeout: options.timeout))
            if let refusal = client.refusal(response) { throw refusal }
            return .accepted("HTTP \(response.status)")
        } catch {
            return .failed(error)
        }
    }
}
