import Samples

/// One message as it came to the inbox.
package struct Message: Codable, Hashable, Sendable, Identifiable {
    package enum Kind: String, Codable, CaseIterable, Hashable, Sendable {
        case mail, slack, pagerduty, webhook
    }

    package struct Mail: Codable, Hashable, Sendable {
        package let sender: String
        package let recipients: [String]
        package let subject: String
        package let text: String
        package let html: String
        /// Name and value, in order.
        package let headers: [[String]]
    }

    /// Counts from 1 in order of arrival.
    package let id: Int
    /// RFC 3339.
    package let received: String
    package let kind: Kind
    package var mail: Mail?
    /// The body of a Slack, PagerDuty or webhook message.
    package var payload: JSONValue?
    /// The PagerDuty incident: the same number for the same dedup key.
    package var incident: Int?
}

/// How one of the inbox' endpoints fails.
package enum ReceiverFailure: Hashable, Sendable {
    /// HTTP status, or by mail 451 for 5xx and 554 for 4xx.
    case status(Int)
    /// 429 with `Retry-After`; by mail 451.
    case rateLimited(retryAfterSeconds: Int)
    case hang
    /// By mail: 421.
    case reset
}
