package import Alerts
import Samples
import Text
import Web

/// How pages describe an alert.
extension Alert {
    /// The value of the label that identifies its subject: a node, a server, a set.
    private static let subjectLabels = [
        "node", "server", "backup_set", "set", "bucket", "receiver", "integration", "via", "target", "instance",
        "group",
    ]

    /// `pg-1`; empty if there is no such label.
    var subject: String {
        Alert.subjectLabels.lazy.compactMap { self.labels[$0] }.first { !$0.isEmpty } ?? ""
    }

    /// `PostgresDown pg-1`
    package var title: String { subject.isEmpty ? name : "\(name) \(subject)" }

    /// The problem, as a sentence without a full stop.
    package var sentence: String {
        let summary = (annotations["summary"] ?? "").dropLastStop
        return summary.isEmpty ? title : summary
    }

    /// The reason or consequence; empty if the rule does not state one.
    var reason: String { annotations["because"] ?? annotations["description"] ?? "" }
}

extension String {
    /// Without a trailing full stop.
    var dropLastStop: String { hasSuffix(".") ? String(dropLast()) : self }
}

extension IncidentRecord {
    /// The impact of its most severe alert whose rule states one; nil if none does.
    var impact: String? {
        members.filter { ($0.alert.endsAt == nil) == isOpen }.sorted { $0.alert.severity > $1.alert.severity }.lazy
            .compactMap { $0.alert.annotations["impact"] }.first { !$0.isEmpty }?.dropLastStop
    }

    /// The problem, as a sentence without a full stop: that of the cause.
    package var sentence: String { cause?.alert.sentence ?? "An incident of which no alert is known" }

    /// The cluster that it affects; empty if the cause names none.
    var cluster: String { cause?.alert.labels["cluster"] ?? "" }

    /// Whether the cluster is out of service because of it.
    var isOutage: Bool {
        members.contains { $0.alert.name == "VaultNoActiveNode" && ($0.alert.endsAt == nil || endedAt != nil) }
    }

    /// `critical`
    var severityWord: String { currentSeverity == .unknown ? "unknown severity" : currentSeverity.rawValue }

    /// The address of its page.
    var address: Address { .incident(String(number)) }

    /// How long it has lasted.
    func duration(at now: Timestamp) -> Duration { max((endedAt ?? now) - startsAt, .zero) }
}

extension IncidentView {
    var gravity: Gravity { Gravity(record.currentSeverity) }
}

extension IncidentTold {
    /// `pagerduty oncall`
    var name: String { "\(kindName) \(receiver)" }

    var kindName: String {
        switch integration.kind {
        case .email: "Mail"
        case .slack: "Slack"
        case .pagerduty: "PagerDuty"
        case .webhook: "Webhook"
        case .alertmanager: "Alertmanager"
        case .heartbeat: "Heartbeat"
        }
    }

    var icon: Icon {
        switch integration.kind {
        case .email: .mail
        case .slack: .slack
        default: .pager
        }
    }

    /// The state as a symbol.
    var sign: String {
        switch state {
        case .accepted: "✓"
        case .refused: "✕"
        case .waiting: "…"
        case .untold: "–"
        }
    }
}

extension IncidentStep {
    /// The next step, as the rest of a sentence that begins with its time.
    var words: String {
        switch kind {
        case .escalatesUnaccepted, .escalatesUnacknowledged: "to \(receiver)"
        case .repeats: receiver.isEmpty ? "told again" : "told again to \(receiver)"
        case .silenceEnds: "the silence ends, then told again"
        case .acknowledgementEnds: "the acknowledgement lapses"
        case .firstMessage: receiver.isEmpty ? "first message" : "first message to \(receiver)"
        }
    }
}
