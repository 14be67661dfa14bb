public import Samples

/// An alert on its way from the rules, or from the API, to its receivers.
public struct Alert: Hashable, Sendable {
    /// The alert's identity: `alertname`, `severity` and the labels that its rule keeps.
    public var labels: Labels
    /// Text for humans: `summary`, `description`, `action`, `runbook_url`.
    public var annotations: [String: String]
    /// When it began to fire.
    public var startsAt: Timestamp
    /// When its rule's expression was first true, before the rule's `for`; nil for an external alert, and for one of
    /// the journal until its rule sends it again.
    public var activeAt: Timestamp?
    /// When it ended, or will end unless it is sent again; nil while it fires without a known end.
    public var endsAt: Timestamp?
    /// When its rule, or a client of the API, last sent it.
    public var updatedAt: Timestamp
    /// A link to the expression that fired.
    public var generatorURL: String
    /// Whether it came through the API rather than from one of our rules.
    public var isExternal: Bool

    /// An alert that fires unless it is given an end.
    public init(
        labels: Labels, annotations: [String: String] = [:], startsAt: Timestamp, endsAt: Timestamp? = nil,
        updatedAt: Timestamp,
        generatorURL: String = "", isExternal: Bool = false
    ) {
        self.labels = labels
        self.annotations = annotations
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.updatedAt = updatedAt
        self.generatorURL = generatorURL
        self.isExternal = isExternal
    }

    /// Whether an alert fires; the raw value is the one of webhooks and templates.
    public enum Status: String, Hashable, Sendable {
        case firing
        case resolved
    }

    /// Resolved from its end on.
    public func status(at now: Timestamp) -> Status {
        if let endsAt, endsAt <= now { .resolved } else { .firing }
    }

    /// Alertmanager's fingerprint of the labels.
    public var fingerprint: UInt64 { labels.fingerprint }

    /// Identifies the alert within the agent: the fingerprint, or for an external alert another number derived from it,
    /// so that it is never taken for one of our own with the same labels.
    public var id: UInt64 { isExternal ? fingerprint ^ Alert.externalMark : fingerprint }
    /// The id that an alert with the same labels has if it is external and this one is not, or vice versa.
    public var twinID: UInt64 { id ^ Alert.externalMark }
    private static let externalMark: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// Its approximate size: its texts, 32 bytes for each label and annotation, and 100 for the rest.
    public var sizeBytes: Int {
        let own = labels.pairs.reduce(100 + generatorURL.utf8.count) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + 32
        }
        return annotations.reduce(own) { $0 + $1.key.utf8.count + $1.value.utf8.count + 32 }
    }

    /// The fingerprint as APIs and webhooks print it: 16 hex digits.
    public var fingerprintText: String {
        let hex = String(fingerprint, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    /// The label `alertname`; empty without one.
    public var name: String { labels["alertname"] ?? "" }
    /// The label `severity`, mapped to one of the four levels.
    public var severity: Severity { Severity(label: labels["severity"]) }
}

/// The four levels of the label `severity`, the most severe first; that one is also the greatest.
public enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
    case critical
    case high
    case medium
    case low
    /// There is no such label, or its value maps to none of the four.
    case unknown

    /// Prometheus users also write `page`, `warning`, `info`; those map to the nearest level.
    public init(label: String?) {
        switch label?.lowercased() {
        case "critical", "page": self = .critical
        case "high", "error": self = .high
        case "medium", "warning": self = .medium
        case "low", "info", "none": self = .low
        default: self = .unknown
        }
    }

    /// `low` is less than `critical`; `unknown` is the lowest.
    public static func < (a: Severity, b: Severity) -> Bool {
        let order = Severity.allCases
        return (order.firstIndex(of: a) ?? 0) > (order.firstIndex(of: b) ?? 0)
    }
}
