import Samples

/// A message in the inbox.
package struct Message: Codable, Hashable, Sendable, Identifiable {
    /// The endpoint that received it.
    package enum Kind: String, Codable, CaseIterable, Hashable, Sendable {
        case mail, slack, pagerduty, webhook
    }

    /// A mail.
    package struct Mail: Codable, Hashable, Sendable {
        /// The envelope's sender.
        package let sender: String
        /// The envelope's recipients.
        package let recipients: [String]
        /// The decoded subject.
        package let subject: String
        /// The part in plain text.
        package let text: String
        /// The part in HTML; empty if there is none.
        package let html: String
        /// The header fields in order, each a name and a value.
        package let headers: [[String]]
    }

    /// Counts from 1 in order of arrival.
    package let id: Int
    /// When it arrived, RFC 3339.
    package let received: String
    /// The endpoint that received it.
    package let kind: Kind
    /// Set for a mail.
    package var mail: Mail?
    /// The body of a Slack, PagerDuty or webhook message.
    package var payload: JSONValue?
    /// The number of the PagerDuty incident, which is the same for the same dedup key.
    package var incident: Int?
}

/// How an endpoint of the inbox fails.
package enum ReceiverFailure: Hashable, Sendable {
    /// Responds with an HTTP status; the mail server replies 451 for 5xx and 554 for 4xx.
    case status(Int)
    /// Responds with 429 and `Retry-After`; the mail server replies 451.
    case rateLimited(retryAfterSeconds: Int)
    /// Never responds.
    case hang
    /// Resets the connection; the mail server replies 421.
    case reset
}
