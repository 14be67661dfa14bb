import Alerts
import Platform
import Samples

/// How many alerts from outside are held, and what they take.
package struct ExternalAlerts: Sendable, Hashable {
    /// How many there are.
    package var count = 0
    /// Their bytes, as `Alert.sizeBytes` counts them.
    package var bytes = 0

    /// None.
    package init() {}
}

/// Alerts that come through the API. They have a namespace and a quota of their own: they neither use up the places of
/// our rules' alerts, nor end, replace or inhibit them, and their groups are others. Among themselves everything is as in
/// Alertmanager.
extension Dispatcher {
    /// What becomes of an alert from outside.
    enum Admission: Equatable {
        case accepted
        /// One of our rules' alerts has these labels: it alone speaks for them.
        case ignored
        case refused(AlertRefusal)
    }

    /// Fits an alert from outside into what there is, and decides whether it is taken. One that has an end by default
    /// gets it.
    func admit(_ alert: inout Alert, now: Timestamp) -> Admission {
        if hasOwn(alert) { return .ignored }
        let known = alerts[alert.id]
        // Two sets of labels can be made to have the same fingerprint.
        if let known, known.alert.labels != alert.labels { return .refused(.invalid) }
        if alert.endsAt == nil { alert.endsAt = now + options.resolveTimeout }
        let isEnd = alert.status(at: now) == .resolved
        if let known {
            if !known.isEnded { alert.startsAt = min(alert.startsAt, known.alert.startsAt) }
            if isEnd, !fits(alert, replacing: known.alert) {
                // An end is never refused; it needs no other texts than those that were sent.
                alert.annotations = known.alert.annotations
                alert.generatorURL = known.alert.generatorURL
            }
        } else if isEnd {
            // Its start was not notified: it is not kept.
            return .accepted
        }
        guard known != nil || external.count < options.external.count else { return .refused(.limit) }
        guard isEnd || alert.sizeBytes <= options.external.alertBytes else { return .refused(.size) }
        guard isEnd || fits(alert, replacing: known?.alert) else { return .refused(.bytes) }
        return .accepted
    }

    private func fits(_ alert: Alert, replacing known: Alert?) -> Bool {
        alert.sizeBytes <= options.external.alertBytes
            && external.bytes - (known?.sizeBytes ?? 0) + alert.sizeBytes <= options.external.bytes
    }

    /// Whether one of our rules' alerts with the same labels is held, ended ones included whose end is still to be sent.
    private func hasOwn(_ alert: Alert) -> Bool {
        guard let twin = alerts[alert.twinID] else { return false }
        return !twin.alert.isExternal && twin.alert.labels == alert.labels
    }

    /// Whether an alert has ended at this time. One from outside does not while one of ours with the same labels fires:
    /// its end would be taken for the other's.
    func hasEnded(_ alert: Alert, at now: Timestamp) -> Bool {
        guard alert.isExternal else { return alert.endsAt != nil }
        return alert.status(at: now) == .resolved && !isHeldByOwn(alert)
    }

    /// Whether one of our alerts with the same labels fires.
    func isHeldByOwn(_ alert: Alert) -> Bool {
        guard alert.isExternal, let twin = alerts[alert.twinID], !twin.alert.isExternal, !twin.isEnded else {
            return false
        }
        return twin.alert.labels == alert.labels
    }

    /// One of our alerts begins or ends: the end of one from outside with the same labels waits for it.
    mutating func holdTwin(of alert: Alert, _ now: Moment) {
        guard !alert.isExternal, let twin = alerts[alert.twinID], twin.alert.isExternal,
            twin.alert.labels == alert.labels
        else { return }
        if alerts[alert.id]?.isEnded == false {
            if twin.isEnded {
                alerts[twin.alert.id]?.isEnded = false
                withdrawResolves(of: twin.alert.id, now)
            }
            updateIndexes(twin.alert, isEnded: false)
        } else if !twin.isEnded, let endsAt = twin.alert.endsAt {
            ends.schedule(twin.alert.id, at: endsAt)
        }
    }

    // MARK: Places

    /// Puts an alert in, in place of the one with the same id.
    mutating func insert(_ entry: Entry) {
        let id = entry.alert.id
        if let known = alerts[id] { count(known.alert, -1) }
        alerts[id] = entry
        count(entry.alert, 1)
    }

    /// Takes a changed alert.
    mutating func update(_ alert: Alert, isEnded: Bool) {
        guard let known = alerts[alert.id] else { return }
        count(known.alert, -1)
        count(alert, 1)
        alerts[alert.id]?.alert = alert
        alerts[alert.id]?.isEnded = isEnded
    }

    mutating func removeEntry(_ id: UInt64) {
        guard let entry = alerts.removeValue(forKey: id) else { return }
        if !entry.isEnded { touched[id] = Touched(alert: entry.alert, isEnded: true) }
        count(entry.alert, -1)
        ends.cancel(id)
        inhibitor.update(entry.alert, firing: false)
        incidents.update(entry.alert, firing: false)
        incidents.remove(entry.alert)
        guard !entry.alert.isExternal, let twin = alerts[entry.alert.twinID], twin.alert.isExternal, !twin.isEnded,
            let endsAt = twin.alert.endsAt
        else { return }
        ends.schedule(twin.alert.id, at: endsAt)
    }

    /// Makes room for one of our own alerts where one from outside has been given labels with the same id.
    mutating func evict(_ id: UInt64) {
        for group in alerts[id]?.groups ?? [] {
            groups[group]?.alerts.remove(id)
            groups[group]?.orphaned.remove(id)
        }
        removeEntry(id)
    }

    /// How many of our own alerts are held.
    var ownCount: Int { alerts.count - external.count }

    /// Removes the annotations of one of our own alerts where all of them together would exceed their limit. It is
    /// notified all the same, by its labels.
    /// - Returns: whether they were removed.
    func shorten(_ alert: inout Alert) -> Bool {
        let known = alerts[alert.id]?.alert.sizeBytes ?? 0
        guard ownBytes - known + alert.sizeBytes > options.alertBytesLimit else { return false }
        alert.annotations = [:]
        alert.generatorURL = ""
        return true
    }

    private mutating func count(_ alert: Alert, _ difference: Int) {
        guard alert.isExternal else {
            ownBytes += difference * alert.sizeBytes
            return
        }
        external.count += difference
        external.bytes += difference * alert.sizeBytes
    }

    /// What a restart or a merge leaves out: alerts from outside beyond what may be held. The last updated ones stay.
    /// - Returns: those that are taken, and the ids of the others.
    func withinLimits(_ saved: [Alert]) -> (taken: [Alert], left: [UInt64]) {
        var (taken, left) = (saved.filter { !$0.isExternal }, [UInt64]())
        var held = external
        for alert in saved.filter(\.isExternal).sorted(by: { ($0.updatedAt, $0.id) > ($1.updatedAt, $1.id) }) {
            let size = alert.sizeBytes
            guard held.count < options.external.count, held.bytes + size <= options.external.bytes else {
                left.append(alert.id)
                continue
            }
            held.count += 1
            held.bytes += size
            taken.append(alert)
        }
        return (taken, left)
    }

    // MARK: Groups

    /// What the key of a group of alerts from outside ends with.
    static let externalSuffix = "/external"

    mutating func insertGroup(_ group: Group) {
        if groups.updateValue(group, forKey: group.id) == nil, group.id.isExternal { externalGroups += 1 }
    }

    mutating func removeGroup(_ id: GroupID) {
        if groups.removeValue(forKey: id) != nil, id.isExternal { externalGroups -= 1 }
    }

    mutating func removeAllGroups() {
        groups = [:]
        externalGroups = 0
    }

    /// Whether a new group finds no place any more.
    func isFull(external isExternal: Bool) -> Bool {
        (isExternal ? externalGroups : groups.count - externalGroups) >= options.groupLimit
    }
}
