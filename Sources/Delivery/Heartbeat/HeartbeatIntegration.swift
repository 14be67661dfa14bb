import Alerts
import Platform
import Transport

/// Pings a dead man's switch. Source: healthchecks.io/docs/http_api.
struct HeartbeatIntegration: Integration {
    let options: HeartbeatOptions
    let client: ReceiverClient
    /// The loops of the pipeline that have stalled.
    let stalled: @Sendable () -> [String]

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            // A ping states that the agent works; while it does not, the missing pings raise the alarm.
            let stalled = stalled()
            guard stalled.isEmpty else {
                throw DeliveryError(
                    .other, retryable: true,
                    "no ping while the pipeline stands still: \(stalled.joined(separator: ", "))")
            }
            let base = try await client.reveal(options.url)
            let url = notification.status == .resolved ? HeartbeatIntegration.failing(base, options.failSuffix) : base
            let answer = try await client.send(
                .init(
                    url: url, body: [], headers: [], options: options.http, timeout: options.timeout,
                    secrets: Redaction.parts(ofURL: base)))
            if let refusal = client.refusal(answer) { throw refusal }
            return .accepted("HTTP \(answer.response.status)")
        } catch {
            return .failed(error)
        }
    }

    /// Inserts the suffix after the path, before the query.
    static func failing(_ url: String, _ suffix: String) -> String {
        let path = url.prefix { $0 != "?" }
        return (path.hasSuffix("/") && suffix.hasPrefix("/") ? path.dropLast() : path) + suffix + url[path.endIndex...]
    }
}
