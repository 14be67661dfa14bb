/// The kind of service that an integration sends to; the raw value is its name in metrics and in the API, and precedes
/// `_configs` in the configuration.
public enum IntegrationKind: String, Hashable, Sendable, CaseIterable {
    case email
    case slack
    case pagerduty
    case webhook
    case alertmanager
    case heartbeat

    /// Its name for people.
    package var displayName: String {
        switch self {
        case .email: "Mail"
        case .slack: "Slack"
        case .pagerduty: "PagerDuty"
        case .webhook: "Webhook"
        case .alertmanager: "Alertmanager"
        case .heartbeat: "Heartbeat"
        }
    }

    /// Whether unchanged alerts are re-sent to it every minute or so, so that an accepted repeat is not worth logging.
    public var expectsResends: Bool { self == .alertmanager || self == .heartbeat }

    /// Whether it keeps one incident per group, which a resolved notification closes.
    public var keepsIncident: Bool { self == .pagerduty }

    /// Whether its messages are read by a program rather than by people.
    public var isMachine: Bool { self == .webhook || self == .alertmanager }
}

/// One integration of a receiver: its kind, and its position among the receiver's integrations of this kind. As text,
/// also in the journal: `email/0`.
public struct IntegrationID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Email, Slack and so on.
    public var kind: IntegrationKind
    /// From 0, in the order of the configuration.
    public var index: Int

    /// - Parameter index: from 0, among the receiver's integrations of this kind.
    public init(_ kind: IntegrationKind, _ index: Int) {
        self.kind = kind
        self.index = index
    }

    /// Parses `email/0`; nil if the text has another form.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = IntegrationKind(rawValue: String(parts[0])), let index = Int(parts[1]),
            index >= 0
        else { return nil }
        self.init(kind, index)
    }

    /// `email/0`
    public var description: String { "\(kind.rawValue)/\(index)" }

    /// By name, then by position.
    public static func < (a: IntegrationID, b: IntegrationID) -> Bool {
        (a.kind.rawValue, a.index) < (b.kind.rawValue, b.index)
    }
}

extension IntegrationID: Codable {
    /// Parses the text form.
    /// - Throws: `DecodingError` if it is invalid.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = IntegrationID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" names no integration"))
        }
        self = id
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
