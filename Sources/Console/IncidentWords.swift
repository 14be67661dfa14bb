import Alerts
import Samples
import Text
import Web

/// What pages say of an alert.
extension Alert {
    /// The label that says what it is about: a node, a server, a set.
    private static let subjectLabels = [
        "node", "server", "backup_set", "set", "bucket", "receiver", "integration", "via", "target", "instance",
        "group",
    ]

    /// `pg-1`; empty where no label says so.
    var subject: String {
        Alert.subjectLabels.lazy.compactMap { self.labels[$0] }.first { !$0.isEmpty } ?? ""
    }

    /// `PostgresDown pg-1`
    var title: String { subject.isEmpty ? name : "\(name) \(subject)" }

    /// What is wrong, in a sentence without its full stop.
    var sentence: String {
        let summary = (annotations["summary"] ?? "").dropLastStop
        return summary.isEmpty ? title : summary
    }

    /// Why, or what it means; empty where the rule does not say.
    var reason: String { annotations["because"] ?? annotations["description"] ?? "" }
}

extension String {
    /// Without the full stop at its end.
    var dropLastStop: String { hasSuffix(".") ? String(dropLast()) : self }
}

extension IncidentRecord {
    /// What users lose by the gravest alert of it that a rule has words for; nil where none has.
    var impact: String? {
        members.filter { ($0.alert.endsAt == nil) == isOpen }.sorted { $0.alert.severity > $1.alert.severity }.lazy
            .compactMap { $0.alert.annotations["impact"] }.first { !$0.isEmpty }?.dropLastStop
    }

    /// What is wrong, in a sentence without its full stop: the cause's.
    var sentence: String { cause?.alert.sentence ?? "An incident of which no alert is known" }

    /// The cluster that it is about; empty where the cause is about none.
    var cluster: String { cause?.alert.labels["cluster"] ?? "" }

    /// Whether the cluster serves nothing because of it.
    var isOutage: Bool {
        members.contains { $0.alert.name == "VaultNoActiveNode" && ($0.alert.endsAt == nil || endedAt != nil) }
    }

    /// `critical`
    var severityWord: String { currentSeverity == .unknown ? "unknown severity" : currentSeverity.rawValue }

    /// Where its page is.
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

    /// A tick, a cross or dots, as text.
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
    /// What happens, as the rest of a sentence that begins with its time.
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
