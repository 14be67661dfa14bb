public import Samples

/// An alert on its way from the rules, or from the API, to its receivers.
///
/// A value whose copies share their contents: the dispatcher, its indexes and every message hold the same alerts.
public struct Alert: Hashable, Sendable {
    private var contents: Contents

    /// An alert that fires unless it is given an end.
    public init(
        labels: Labels, annotations: [String: String] = [:], startsAt: Timestamp, endsAt: Timestamp? = nil,
        updatedAt: Timestamp,
        generatorURL: String = "", isExternal: Bool = false
    ) {
        contents = Contents(
            Fields(
                labels: labels, annotations: annotations, startsAt: startsAt, endsAt: endsAt, updatedAt: updatedAt,
                generatorURL: generatorURL, isExternal: isExternal))
    }

    private struct Fields: Hashable {
        var labels: Labels
        var annotations: [String: String]
        var startsAt: Timestamp
        var activeAt: Timestamp?
        var endsAt: Timestamp?
        var updatedAt: Timestamp
        var generatorURL: String
        var isExternal: Bool
    }

    /// Changed only while a single alert refers to it, hence safe to share.
    private final class Contents: @unchecked Sendable {
        var fields: Fields
        init(_ fields: Fields) { self.fields = fields }
    }

    private mutating func change(_ body: (inout Fields) -> Void) {
        if !isKnownUniquelyReferenced(&contents) { contents = Contents(contents.fields) }
        body(&contents.fields)
    }

    /// The alert's identity: `alertname`, `severity` and the labels that its rule keeps.
    public var labels: Labels {
        get { contents.fields.labels }
        set { change { $0.labels = newValue } }
    }
    /// Text for humans: `summary`, `description`, `action`, `runbook_url`.
    public var annotations: [String: String] {
        get { contents.fields.annotations }
        set { change { $0.annotations = newValue } }
    }
    /// When it began to fire.
    public var startsAt: Timestamp {
        get { contents.fields.startsAt }
        set { change { $0.startsAt = newValue } }
    }
    /// When its rule's expression was first true, before the rule's `for`; nil for an external alert, and for one of
    /// the journal until its rule sends it again.
    public var activeAt: Timestamp? {
        get { contents.fields.activeAt }
        set { change { $0.activeAt = newValue } }
    }
    /// When it ended, or will end unless it is sent again; nil while it fires without a known end.
    public var endsAt: Timestamp? {
        get { contents.fields.endsAt }
        set { change { $0.endsAt = newValue } }
    }
    /// When its rule, or a client of the API, last sent it.
    public var updatedAt: Timestamp {
        get { contents.fields.updatedAt }
        set { change { $0.updatedAt = newValue } }
    }
    /// A link to the expression that fired.
    public var generatorURL: String {
        get { contents.fields.generatorURL }
        set { change { $0.generatorURL = newValue } }
    }
    /// Whether it came through the API rather than from one of our rules.
    public var isExternal: Bool {
        get { contents.fields.isExternal }
        set { change { $0.isExternal = newValue } }
    }

    public static func == (a: Alert, b: Alert) -> Bool {
        a.contents === b.contents || a.contents.fields == b.contents.fields
    }

    public func hash(into hasher: inout Hasher) { contents.fields.hash(into: &hasher) }

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

    /// The annotation with the name of the drill's scenario that caused an alert.
    package static let drillAnnotation = "drill"
    /// What the summary of such an alert begins with.
    package static let drillWord = "DRILL: "
    /// The scenario of the drill that caused it; nil for a real one.
    package var drill: String? { annotations[Alert.drillAnnotation] }

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
        if let label, let level = Severity(rawValue: label) {
            self = level
            return
        }
        switch label?.lowercased() {
        case "critical", "page": self = .critical
        case "high", "error": self = .high
        case "medium", "warning": self = .medium
        case "low", "info", "none": self = .low
        default: self = .unknown
        }
    }

    /// `low` is less than `critical`; `unknown` is the lowest.
    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .critical: 4
        case .high: 3
        case .medium: 2
        case .low: 1
        case .unknown: 0
        }
    }
}
