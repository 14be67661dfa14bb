import PromQL
import Samples
package import YAML

/// One rule of a file: a recording rule, or an alerting rule.
/// Source: prometheus.io/docs/prometheus/latest/configuration/{recording_rules,alerting_rules}.
package struct Rule: Sendable {
    /// The two kinds of rules.
    package enum Kind: String, Sendable {
        case recording
        case alerting
    }

    /// What an alerting rule does if the data that it reads is missing, so that its expression can't be evaluated.
    /// Written as the annotation `vaultwatch_no_data`, which Prometheus' own tools treat like any other annotation.
    package enum NoData: String, Sendable, CaseIterable {
        /// An alert stays as it is until its data are back.
        case keep
        /// As `keep`; and if a selector of the expression matches no series at all, that is an alert.
        case alert
        /// The alert ends, as in Prometheus. The default.
        case resolve
    }

    /// The annotation that sets `noData`.
    package static let noDataAnnotation = "vaultwatch_no_data"

    /// `record` or `alert`.
    package let kind: Kind
    /// The alert's name, or the recorded metric's.
    package let name: String
    /// `expr`.
    package let query: RuleQuery
    /// How long the expression must hold before the alert fires. Default 0.
    package let hold: Duration
    /// How long a firing alert continues after its expression has ceased to hold. Default 0.
    package let keepFiring: Duration
    /// The group's labels overridden by the rule's own, templates unexpanded.
    package let labels: [String: String]
    /// Templates unexpanded; without `vaultwatch_no_data`.
    package let annotations: [String: String]
    /// What the alerts do while their data is missing. Default: `resolve`.
    package let noData: NoData
    /// Where the rule begins in its file.
    package let position: SourcePosition
    /// Labels and annotations that parse but fail with sample labels and a sample value; empty unless the file was read
    /// with `checksTemplates`.
    package let templateFindings: [RuleSet.Finding]
    /// `labels` and `annotations`, parsed.
    let templates: RuleTemplates

    /// Labels that all of its alerts have: `alertname`, and those of `labels` that are not templates.
    var fixedLabels: Labels {
        Labels(labels.filter { !$0.value.contains("{{") }).setting("alertname", to: name)
    }

    /// Kind, name and labels: what identifies a rule across reloads.
    var identity: Identity { Identity(kind: kind, name: name, labels: Labels(labels)) }

    struct Identity: Hashable, Sendable {
        let kind: Kind
        let name: String
        let labels: Labels
    }

    /// Names of the metrics that the expression reads; nil when a selector has no fixed name, and so may read any.
    package var metricNames: Set<String>? { query.metricNames }
}

/// Rules that are evaluated together, in order, each seeing the results of those before it.
package struct RuleGroup: Sendable {
    /// Path of the group's file.
    package let file: String
    /// Unique in its file.
    package let name: String
    /// Between evaluations; nil is the configuration's default.
    package let interval: Duration?
    /// How far in the past the group evaluates; nil is the configuration's default.
    package let queryOffset: Duration?
    /// Maximum number of alerts or series of one rule; 0 is no limit.
    package let limit: Int
    /// In the order of their evaluation.
    package let rules: [Rule]
    /// Where the group begins in its file.
    package let position: SourcePosition

    /// Identifies a group uniquely: file and name.
    package var key: String { "\(file);\(name)" }

    /// Names of the metrics that the group's rules read and do not record themselves; nil if that may be any.
    package var metricNames: Set<String>? {
        var names: Set<String> = []
        for rule in rules {
            guard let read = rule.metricNames else { return nil }
            names.formUnion(read)
        }
        return names.subtracting(rules.filter { $0.kind == .recording }.map(\.name))
    }
}
