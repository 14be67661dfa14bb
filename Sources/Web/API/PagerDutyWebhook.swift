import Dispatching
import FoundationEssentials
import HTTPServer
import Platform
import Samples

/// Receives PagerDuty's version 3 webhooks: `POST /api/v1/vaultwatch/pagerduty`. Their signature is the credential.
/// Source: developer.pagerduty.com/docs/webhooks-v3-overview.
extension WebService {
    private struct PagerDutyBody: Decodable {
        struct Named: Decodable { var summary: String? }
        struct Incident: Decodable {
            /// The `dedup_key` of the event that triggered it.
            var incident_key: String?
        }
        struct Event: Decodable {
            var event_type: String
            var occurred_at: String?
            var agent: Named?
            var data: Incident?
        }
        var event: Event
    }

    private struct PagerDutyChange: Sendable {
        /// Nil for irrelevant events.
        var key: String?
        var at: Timestamp
        var who: String
        var isAcknowledged: Bool
    }

    /// Nil if no secret is configured: then the endpoint does not exist.
    func pagerDutyRoute(_ path: String) -> Route? {
        guard let secret = access.pagerDutySecret else { return nil }
        return Route(
            name: path, methods: ["POST"],
            signature: { request in
                WebhookSignature.isValid(
                    request[header: "x-pagerduty-signature"] ?? "", of: request.body, secret: secret)
            }
        ) { request, _ in await receivePagerDuty(request) }
    }

    private func receivePagerDuty(_ request: ServerRequest) async -> ServerResponse {
        let now = platform.time.wall()
        let change: PagerDutyChange
        switch await reading({ WebService.pagerDutyChange(request, now) }) {
        case .refused(let response): return response
        case .read(let value): change = value
        }
        // Other events must be answered with success, or PagerDuty keeps resending them.
        guard let key = change.key else { return .text("ignored\n") }
        let incidents = await sources.acknowledgeFromPagerDuty(
            key, change.at, change.isAcknowledged ? "in PagerDuty" : nil, "\(change.who) (PagerDuty)")
        return .text("\(incidents.count)\n")
    }

    private static func pagerDutyChange(_ request: ServerRequest, _ now: Timestamp) -> Reading<PagerDutyChange> {
        guard let body = try? JSONDecoder().decode(PagerDutyBody.self, from: Data(request.body)) else {
            return .refused(.text("400 expected a webhook of PagerDuty, version 3\n", status: 400))
        }
        let event = body.event
        let isAcknowledged = event.event_type == "incident.acknowledged"
        // An acknowledgement ends when PagerDuty's incident is resolved, by hand or by the other agent of a pair: an
        // alert that still fires here is notified again at its repeat interval.
        let isWithdrawn = ["incident.unacknowledged", "incident.resolved"].contains(event.event_type)
        return .read(
            PagerDutyChange(
                key: isAcknowledged || isWithdrawn ? event.data?.incident_key : nil,
                at: event.occurred_at.flatMap { Timestamp(rfc3339: $0) } ?? now,
                who: event.agent?.summary ?? "somebody", isAcknowledged: isAcknowledged))
    }
}
