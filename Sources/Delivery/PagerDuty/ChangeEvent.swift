package import Samples

/// A change that is not an alert, such as a failover or a reload of the configuration: PagerDuty shows it next to the
/// incidents of that time.
package struct ChangeEvent: Sendable, Hashable {
    /// One line: `prod: vault-2 is the active node now, after vault-1`.
    package var summary: String
    /// When it was seen.
    package var at: Timestamp
    /// Further details, by name.
    package var details: [String: String]

    /// A change.
    package init(_ summary: String, at: Timestamp, details: [String: String] = [:]) {
        self.summary = summary
        self.at = at
        self.details = details
    }

    private static let summaryRunes = 1024

    /// Source: developer.pagerduty.com/docs/events-api-v2/send-change-events.
    func body(routingKey: String, source: String, externalURL: String) -> [UInt8] {
        let link = JSON.object([("href", .string(externalURL)), ("text", .string("vaultwatch"))])
        return JSON.object([
            ("routing_key", .string(routingKey)),
            (
                "payload",
                .object([
                    ("summary", .string(summary.truncated(toRunes: ChangeEvent.summaryRunes))),
                    ("timestamp", .string(at.rfc3339)), ("source", .string(source)),
                    ("custom_details", .map(details)),
                ])
            ),
            ("links", externalURL.isEmpty ? nil : .array([link])),
        ]).bytes
    }
}
