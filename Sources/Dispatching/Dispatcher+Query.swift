package import Alerts
package import Platform
package import Samples

/// An alert as Alertmanager's API shows it.
package struct AlertStatus: Sendable, Hashable {
    /// Alertmanager's states of an alert; the raw values are those of its API.
    package enum State: String, Sendable, Hashable {
        /// None of its groups has been flushed yet.
        case unprocessed
        case active
        /// Silenced, inhibited, or muted on every route.
        case suppressed
    }

    /// The alert itself.
    package var alert: Alert
    /// Alertmanager's state: whether it is suppressed.
    package var state: State
    /// Ids of silences in force that match it.
    package var silencedBy: [String]
    /// Fingerprints of the alerts that inhibit it.
    package var inhibitedBy: [UInt64]
    /// Names of the time intervals that mute it, where every route of it is muted.
    package var mutedBy: [String]
    /// Names of the receivers that it is routed to, each followed by its fallback.
    package var receivers: [String]
    /// The acknowledgement of its incident.
    package var acknowledgement: Acknowledgement?
}

/// A group as Alertmanager's API shows it.
package struct GroupStatus: Sendable, Hashable {
    /// The group key.
    package var key: String
    /// The labels that its alerts were grouped by.
    package var labels: Labels
    /// The receiver of its messages.
    package var receiver: String
    /// Its firing alerts.
    package var alerts: [AlertStatus]
}

extension Dispatcher {
    /// Numbers for metrics.
    package struct Counts: Sendable, Hashable {
        /// Firing alerts that are sent.
        package var active = 0
        /// Firing alerts that are suppressed.
        package var suppressed = 0
        /// Firing alerts whose groups have not been flushed yet.
        package var unprocessed = 0
        /// Groups of alerts.
        package var groups = 0
        /// External alerts, including resolved ones whose resolved notification is still to be sent.
        package var external = ExternalAlerts()
        /// Bytes of the alerts of our own rules.
        package var ownBytes = 0
        /// Messages that are not yet accepted.
        package var pendingMessages = 0
        /// Since when each integration has had a message that it has not accepted; only those that have one.
        package var pendingSince: [Integration: Timestamp] = [:]
        /// Open incidents, as pages number them, the newest first.
        package var incidents: [IncidentRecord] = []
        /// Silences, expired ones too.
        package var silences: [Silence.State: Int] = [:]

        /// All integrations of one kind that a receiver has.
        package struct Integration: Sendable, Hashable {
            /// The kind: `email`, `slack`.
            package var kind: IntegrationKind
            /// The receiver's name in the configuration.
            package var receiver: String
        }
    }

    /// Whether the alert with this id exists and has not ended.
    package func fires(_ id: UInt64, _ now: Moment) -> Bool {
        alerts[id].map { !hasEnded($0, now) } ?? false
    }

    /// All firing alerts, in the order of their labels.
    package func alertStatuses(_ now: Moment) -> [AlertStatus] {
        alerts.values.filter { !hasEnded($0, now) }.map { status($0, now) }.sorted { $0.alert.labels < $1.alert.labels }
    }

    /// All groups with a firing alert, in the order of their labels, then receiver.
    package func groupStatuses(_ now: Moment) -> [GroupStatus] {
        groups.values.compactMap { group -> GroupStatus? in
            let members = group.alerts.compactMap { alerts[$0] }.filter { !hasEnded($0, now) }.map { status($0, now) }
            guard !members.isEmpty else { return nil }
            return GroupStatus(
                key: group.id.key, labels: group.labels, receiver: group.id.receiver,
                alerts: members.sorted { $0.alert.labels < $1.alert.labels })
        }.sorted { ($0.labels, $0.receiver, $0.key) < ($1.labels, $1.receiver, $1.key) }
    }

    /// The numbers at this moment.
    package func counts(_ now: Moment) -> Counts {
        var counts = Counts(
            groups: groups.count, external: external, ownBytes: ownBytes,
            pendingMessages: destinations.values.count { $0.pending != nil },
            incidents: incidentRecords.filter(\.isOpen).sorted { $0.number > $1.number })
        for (destination, state) in destinations {
            guard let since = state.pending?.since else { continue }
            let key = Counts.Integration(kind: destination.integration.kind, receiver: destination.receiver)
            counts.pendingSince[key] = min(since, counts.pendingSince[key] ?? since)
        }
        for entry in alerts.values where !hasEnded(entry, now) {
            switch status(entry, now).state {
            case .active: counts.active += 1
            case .suppressed: counts.suppressed += 1
            case .unprocessed: counts.unprocessed += 1
            }
        }
        for silence in silences.all.values { counts.silences[silence.state(at: now.wall), default: 0] += 1 }
        return counts
    }

    private func hasEnded(_ entry: Entry, _ now: Moment) -> Bool {
        entry.isEnded || entry.alert.status(at: now.wall) == .resolved
    }

    private func status(_ entry: Entry, _ now: Moment) -> AlertStatus {
        let silencedBy =
            entry.epoch == silences.epoch
            ? entry.silencedBy
            : silences.all.values.filter { $0.isInForce(at: now.wall) && $0.matches(entry.alert.labels) }.map(\.id)
                .sorted()
        // The fingerprints that clients know: an own and an external alert with the same labels share theirs.
        let inhibitedBy = inhibitor.inhibiting(entry.alert).map { alerts[$0]?.alert.fingerprint ?? $0 }
        let memberships = entry.groups.compactMap { groups[$0] }.filter {
            $0.route != nil && $0.alerts.contains(entry.alert.id)
        }
        .sorted {
            ($0.route?.index ?? 0, $0.source == nil ? 0 : 1, $0.id.receiver) < (
                $1.route?.index ?? 0, $1.source == nil ? 0 : 1, $1.id.receiver
            )
        }
        let routes = memberships.compactMap(\.route)
        var receivers: [String] = []
        for group in memberships where !receivers.contains(group.id.receiver) { receivers.append(group.id.receiver) }
        let mutes = routes.map { muteTime($0, now.wall)?.intervals ?? [] }
        // Muted only where every route of it is muted.
        let isTimeMuted = !mutes.isEmpty && mutes.allSatisfy { !$0.isEmpty }
        let isSuppressed = !silencedBy.isEmpty || !inhibitedBy.isEmpty || isTimeMuted
        return AlertStatus(
            alert: entry.alert, state: isSuppressed ? .suppressed : entry.isProcessed ? .active : .unprocessed,
            silencedBy: silencedBy,
            inhibitedBy: inhibitedBy, mutedBy: isTimeMuted ? Set(mutes.joined()).sorted() : [], receivers: receivers,
            acknowledgement: incidents[of: entry.alert.id]?.acknowledgement)
    }
}
