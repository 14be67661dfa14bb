package import Alerts
import Samples
import Text
import Web

/// How pages describe an alert.
extension Alert {
    /// The value of the label that identifies its subject: a node, a server, a set.
    private static let subjectLabels = [
        "node", "server", "backup_set", "service", "set", "bucket", "receiver", "integration", "via", "target",
        "instance", "group",
    ]

    /// `pg-1`; empty if there is no such label.
    var subject: String {
        Alert.subjectLabels.lazy.compactMap { self.labels[$0] }.first { !$0.isEmpty } ?? ""
    }

    /// `PostgresDown pg-1`
    package var title: String { subject.isEmpty ? name : "\(name) \(subject)" }

    /// The problem, as a sentence without a full stop.
    package var sentence: String {
        let summary = Words.sentence((annotations["summary"] ?? "").dropLastStop)
        return summary.isEmpty ? title : summary
    }

    /// The reason or consequence; empty if the rule does not state one.
    var reason: String {
        let because = annotations["because"] ?? ""
        return Words.sentence(because.isEmpty ? annotations["description"] ?? "" : because)
    }
}

extension Alert {
    /// Its annotations as its rule evaluated them last; nil if it does not fire there.
    fileprivate func current(in groups: [RuleGroupView]) -> [String: String]? {
        for rule in groups.lazy.flatMap(\.rules) where rule.name == name {
            guard case .alerting(let alerting) = rule.kind else { continue }
            // The external labels of the configuration are added after the evaluation.
            let found = alerting.alerts.first { view in
                view.state == .firing && view.labels.pairs.allSatisfy { labels[$0.name] == $0.value }
            }
            if let found { return found.annotations }
        }
        return nil
    }
}

extension String {
    /// Without a duration at its end, such as ` for 2m 33s`: pages count it themselves, and a screen reader would say
    /// the sentence anew with each second.
    var dropLastDuration: String {
        guard let mark = ranges(of: " for ").last else { return self }
        let isDuration = self[mark.upperBound...].split(separator: " ", omittingEmptySubsequences: false)
            .allSatisfy { word in
                guard let unit = word.last, "smhd".contains(unit), word.count > 1 else { return false }
                return word.dropLast().allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
            }
        return isDuration ? String(self[..<mark.lowerBound]) : self
    }
}

extension IncidentRecord {
    /// What users lose: the impact of its most severe alert whose rule states one; nil if none does. Of several that
    /// are as severe, the last link of the chain counts: a storage is far from users, an outage is near.
    var impact: String? {
        gravest.flatMap { members[$0].alert.annotations["impact"] }.map {
            Words.sentence($0.dropLastStop.dropLastDuration)
        }
    }

    /// The member whose impact counts.
    private var gravest: Int? {
        let parents = Dictionary(members.map { ($0.id, $0.explainedBy) }, uniquingKeysWith: { first, _ in first })
        func depth(_ member: IncidentMember) -> Int {
            var depth = 0
            var next = member.explainedBy
            while let id = next, depth < members.count {
                depth += 1
                next = parents[id] ?? nil
            }
            return depth
        }
        let stated = members.indices.filter { index in
            let alert = members[index].alert
            return (alert.endsAt == nil) == isOpen && alert.annotations["impact"]?.isEmpty == false
        }
        guard let severity = stated.map({ members[$0].alert.severity }).max() else { return nil }
        return stated.filter { members[$0].alert.severity == severity }.max { a, b in
            (depth(members[a]), members[a].alert.startsAt) < (depth(members[b]), members[b].alert.startsAt)
        }
    }

    /// With the texts of the cause and of the gravest effect as the rules evaluated them last: an incident has those of
    /// the last message, which are up to a minute old.
    func refreshed(by groups: [RuleGroupView]) -> IncidentRecord {
        var record = self
        for index in Set([members.isEmpty ? nil : 0, gravest].compactMap { $0 }) {
            let alert = members[index].alert
            guard isOpen, alert.endsAt == nil, !alert.isExternal, let now = alert.current(in: groups) else { continue }
            record.members[index].alert.annotations = now
        }
        return record
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

    /// See `IncidentRecord.refreshed`.
    func refreshed(by groups: [RuleGroupView]) -> IncidentView {
        var view = self
        view.record = record.refreshed(by: groups)
        return view
    }
}

extension IncidentTold {
    /// `PagerDuty oncall`
    var name: String { "\(integration.kind.displayName) \(receiver)" }

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
