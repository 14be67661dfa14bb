import Alerts
import Samples

/// The incidents under way, with indexes to find the causes of a new alert and the consequences of a new cause.
struct Incidents: Sendable {
    /// By id.
    private(set) var all: [UInt64: Incident] = [:]
    /// Ids of incidents that changed since the journal was last given them.
    private(set) var changed: Set<UInt64> = []
    private var byAlert: [UInt64: UInt64] = [:]
    /// When each acknowledged incident was acknowledged, by id.
    private var acknowledged: [UInt64: Timestamp] = [:]
    private var nextID: UInt64 = 1

    /// The index key of causes and consequences: nearly all explanations require the same cluster, and thousands of
    /// alerts with the same name may begin at once in as many clusters.
    private struct CauseKey: Hashable {
        /// The name of the cause.
        var alertName: String
        /// Nil where an explanation does not require the same one.
        var cluster: String?

        /// The key of the causes that an explanation of an alert with these labels admits.
        init(_ explanation: Explanation, _ labels: Labels) {
            alertName = explanation.alertName
            cluster = explanation.equal.contains("cluster") ? labels["cluster"] ?? "" : nil
        }

        init(alertName: String, cluster: String?) {
            self.alertName = alertName
            self.cluster = cluster
        }
    }

    /// Firing alerts of our own rules, each indexed with its cluster and without.
    private var firing: [CauseKey: Set<UInt64>] = [:]
    /// Those of them that name causes, by the key of each cause.
    private var explainable: [CauseKey: Set<UInt64>] = [:]
    private var explanations: [UInt64: [Explanation]] = [:]

    // MARK: What fires

    /// Updates the indexes when an alert begins or stops firing.
    mutating func update(_ alert: Alert, firing isFiring: Bool) {
        guard !alert.isExternal else { return }
        let known = explanations[alert.id] != nil
        guard isFiring != known else { return }
        let keys = Incidents.keys(of: alert)
        if isFiring {
            let causes = alert.explanations
            explanations[alert.id] = causes
            for key in keys { firing[key, default: []].insert(alert.id) }
            for cause in causes { explainable[CauseKey(cause, alert.labels), default: []].insert(alert.id) }
        } else {
            for cause in explanations.removeValue(forKey: alert.id) ?? [] {
                Incidents.remove(alert.id, at: CauseKey(cause, alert.labels), from: &explainable)
            }
            for key in keys { Incidents.remove(alert.id, at: key, from: &firing) }
        }
    }

    private static func keys(of alert: Alert) -> [CauseKey] {
        [alert.labels["cluster"] ?? "", nil].map { CauseKey(alertName: alert.name, cluster: $0) }
    }

    private static func remove(_ id: UInt64, at key: CauseKey, from all: inout [CauseKey: Set<UInt64>]) {
        all[key]?.remove(id)
        if all[key]?.isEmpty == true { all[key] = nil }
    }

    /// Firing alerts that explain an alert: first those of the cause that its rule names first, then those of the
    /// second, and so on.
    func causes(of alert: Alert, labels: (UInt64) -> Labels?) -> [[UInt64]] {
        (explanations[alert.id] ?? alert.explanations).map { explanation in
            (firing[CauseKey(explanation, alert.labels)] ?? []).filter { id in
                id != alert.id && labels(id).map { explanation.holds(between: $0, and: alert.labels) } ?? false
            }.sorted()
        }
    }

    /// Firing alerts that this alert explains.
    func consequences(of cause: Alert, labels: (UInt64) -> Labels?) -> [UInt64] {
        let ids = Incidents.keys(of: cause).reduce(into: Set()) { $0.formUnion(explainable[$1] ?? []) }
        return ids.filter { id in
            guard id != cause.id, let labels = labels(id) else { return false }
            return explanations[id]?.contains { $0.holds(between: cause.labels, and: labels) } ?? false
        }.sorted()
    }

    // MARK: Acknowledgements

    /// Sets or withdraws the acknowledgement of an incident.
    /// - Parameters:
    ///   - takenBackAt: when the previous one was withdrawn, if there is no new one.
    ///   - unacknowledgedAt: when the previous one became too old; nil otherwise.
    mutating func acknowledge(
        _ id: UInt64, _ acknowledgement: Acknowledgement?, takenBackAt: Timestamp? = nil,
        unacknowledgedAt: Timestamp? = nil
    ) {
        guard all[id] != nil else { return }
        all[id]?.acknowledgement = acknowledgement
        all[id]?.takenBackAt = acknowledgement == nil ? takenBackAt : nil
        all[id]?.unacknowledgedAt = unacknowledgedAt
        acknowledged[id] = acknowledgement?.at
        changed.insert(id)
    }

    /// Acknowledged incidents whose acknowledgement is at or before the one time or after the other. Called at every
    /// step.
    func acknowledged(before: Timestamp, orAfter after: Timestamp) -> [Incident] {
        let ids = acknowledged.filter { $0.value <= before || $0.value > after }.keys
        return ids.sorted(by: >).compactMap { all[$0] }
    }

    // MARK: Incidents

    subscript(of alert: UInt64) -> Incident? { byAlert[alert].flatMap { all[$0] } }

    /// A new incident of one alert.
    mutating func insert(_ alert: Alert) -> UInt64 {
        let incident = Incident(
            id: nextID, labels: alert.labels, severities: alert.labels["severity"].map { [$0] } ?? [],
            members: [alert.id], startsAt: alert.startsAt)
        nextID &+= 1
        all[incident.id] = incident
        byAlert[alert.id] = incident.id
        changed.insert(incident.id)
        return incident.id
    }

    /// Takes in an incident of the journal, with those of its alerts that still exist and are in no other one.
    mutating func restore(_ saved: Incident, isHeld: (UInt64) -> Bool) {
        nextID = max(nextID, saved.id &+ 1)
        var incident = saved
        incident.members = saved.members.filter { byAlert[$0] == nil && isHeld($0) }
        if incident != saved || all[saved.id] != nil { changed.insert(saved.id) }
        guard !incident.members.isEmpty, all[saved.id] == nil else { return }
        all[saved.id] = incident
        acknowledged[saved.id] = incident.acknowledgement?.at
        for member in incident.members { byAlert[member] = saved.id }
    }

    /// Makes ids of new incidents start here.
    mutating func continueIDs(from id: UInt64) { nextID = max(nextID, id) }

    /// Moves an alert into an incident, out of the one that it was in.
    mutating func move(_ alert: UInt64, to id: UInt64) {
        guard all[id] != nil, byAlert[alert] != id else { return }
        remove(alert)
        byAlert[alert] = id
        all[id]?.members.append(alert)
        changed.insert(id)
    }

    /// Makes an incident that no receiver has been notified of routed by another alert.
    mutating func found(_ id: UInt64, on alert: Alert) {
        if let incident = all[id], alert.severity > incident.severity { endAcknowledgement(id) }
        all[id]?.labels = alert.labels
        all[id]?.severities = alert.labels["severity"].map { [$0] } ?? []
        changed.insert(id)
    }

    /// Raises the severity of an incident.
    /// - Parameter instead: it is routed by the new severity alone.
    /// - Returns: whether the severity exceeds all that it has reached.
    mutating func raise(_ id: UInt64, to severity: String?, instead: Bool) -> Bool {
        guard let severity, let incident = all[id], Severity(label: severity) > incident.severity else { return false }
        all[id]?.severities = instead ? [severity] : incident.severities + [severity]
        endAcknowledgement(id)
        changed.insert(id)
        return true
    }

    /// The severity has risen: what was acknowledged was less severe.
    private mutating func endAcknowledgement(_ id: UInt64) {
        all[id]?.acknowledgement = nil
        acknowledged[id] = nil
    }

    /// Removes an alert, and with its last one the incident; until then the incident keeps what has ended.
    mutating func remove(_ alert: Alert) {
        if let id = byAlert[alert.id] { all[id]?.keep(alert) }
        remove(alert.id)
    }

    private mutating func remove(_ alert: UInt64) {
        guard let id = byAlert.removeValue(forKey: alert) else { return }
        all[id]?.members.removeAll { $0 == alert }
        if all[id]?.members.isEmpty == true {
            all[id] = nil
            acknowledged[id] = nil
        }
        changed.insert(id)
    }

    /// The changes for the journal: nil for an incident that is over.
    mutating func takeChanges() -> [String: Incident?] {
        defer { changed = [] }
        return changed.reduce(into: [:]) { $0[Incident.storageKey($1)] = .some(all[$1]) }
    }
}
