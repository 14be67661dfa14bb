import Samples

/// An alert as it travels from the rules to its receivers: who it is, what to say, since when, until when.
public struct Alert: Hashable, Sendable {
    /// Identity: `alertname`, `severity` and whatever the rule keeps.
    public var labels: Labels
    /// What to say: `summary`, `description`, `action`, `runbook_url`.
    public var annotations: [String: String]
    public var startsAt: Timestamp
    /// The time it ended, or, while it fires, nil.
    public var endsAt: Timestamp?
    /// The last time its rule said so.
    public var updatedAt: Timestamp
    /// A link to the expression that fired.
    public var generatorURL: String

    public init(
        labels: Labels, annotations: [String: String] = [:], startsAt: Timestamp, endsAt: Timestamp? = nil,
        updatedAt: Timestamp,
        generatorURL: String = ""
    ) {
        self.labels = labels
        self.annotations = annotations
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.updatedAt = updatedAt
        self.generatorURL = generatorURL
    }

    public enum Status: String, Hashable, Sendable {
        case firing
        case resolved
    }

    public func status(at now: Timestamp) -> Status {
        if let endsAt, endsAt <= now { .resolved } else { .firing }
    }

    /// Alertmanager's fingerprint of the labels.
    public var fingerprint: UInt64 { labels.fingerprint }

    /// The fingerprint as APIs and webhooks print it: 16 hex digits.
    public var fingerprintText: String {
        let hex = String(fingerprint, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    public var name: String { labels["alertname"] ?? "" }
    public var severity: Severity { Severity(label: labels["severity"]) }
}

/// The seed's four grades, worst first. Rules say them in the label `severity`.
public enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
    case critical
    case high
    case medium
    case low
    /// No label, or a word that is none of the four.
    case unknown

    /// Prometheus users also write `page`, `warning`, `info`; those map to the nearest grade.
    public init(label: String?) {
        switch label?.lowercased() {
        case "critical", "page": self = .critical
        case "high", "error": self = .high
        case "medium", "warning": self = .medium
        case "low", "info", "none": self = .low
        default: self = .unknown
        }
    }

    public static func < (a: Severity, b: Severity) -> Bool {
        let order = Severity.allCases
        return (order.firstIndex(of: a) ?? 0) > (order.firstIndex(of: b) ?? 0)
    }
}
