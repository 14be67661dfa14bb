import Alerts
import Platform
import Samples

/// An alert as Alertmanager's API tells it.
package struct AlertStatus: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        /// No group has looked at it yet.
        case unprocessed
        case active
        case suppressed
    }

    package var alert: Alert
    package var state: State
    /// Ids of silences.
    package var silencedBy: [String]
    /// Fingerprints of alerts.
    package var inhibitedBy: [UInt64]
    /// Names of time intervals that keep a route of it quiet.
    package var mutedBy: [String]
    package var receivers: [String]
}

/// A group as Alertmanager's API tells it.
package struct GroupStatus: Sendable, Hashable {
    package var key: String
    package var labels: Labels
    package var receiver: String
    package var alerts: [AlertStatus]
}

extension Dispatcher {
    /// How much is held, for metrics.
    package struct Counts: Sendable, Hashable {
        package var active = 0
        package var suppressed = 0
        package var unprocessed = 0
        package var groups = 0
        package var pendingMessages = 0
        package var silences: [Silence.State: Int] = [:]
    }

    /// Whether the alert with this fingerprint is held and not over.
    package func fires(_ fingerprint: UInt64, _ now: Moment) -> Bool {
        alerts[fingerprint].map { !isOver($0, now) } ?? false
    }

    /// All alerts that fire, in the order of their labels.
    package func alertStatuses(_ now: Moment) -> [AlertStatus] {
        alerts.values.filter { !isOver($0, now) }.map { status($0, now) }.sorted { $0.alert.labels < $1.alert.labels }
    }

    /// All groups with an alert that fires, in the order of their labels, then receiver.
    package func groupStatuses(_ now: Moment) -> [GroupStatus] {
        groups.values.compactMap { group -> GroupStatus? in
            let members = group.alerts.compactMap { alerts[$0] }.filter { !isOver($0, now) }.map { status($0, now) }
            guard !members.isEmpty else { return nil }
            return GroupStatus(
                key: group.id.key, labels: group.labels, receiver: group.id.receiver,
                alerts: members.sorted { $0.alert.labels < $1.alert.labels })
        }.sorted { ($0.labels, $0.receiver, $0.key) < ($1.labels, $1.receiver, $1.key) }
    }

    package func counts(_ now: Moment) -> Counts {
        var counts = Counts(groups: groups.count, pendingMessages: destinations.count)
        for entry in alerts.values where !isOver(entry, now) {
            switch status(entry, now).state {
            case .active: counts.active += 1
            case .suppressed: counts.suppressed += 1
            case .unprocessed: counts.unprocessed += 1
            }
        }
        for silence in silences.all.values { counts.silences[silence.state(at: now.wall), default: 0] += 1 }
        return counts
    }

    private func isOver(_ entry: Entry, _ now: Moment) -> Bool {
        entry.isEnded || entry.alert.status(at: now.wall) == .resolved
    }

    private func status(_ entry: Entry, _ now: Moment) -> AlertStatus {
        let silencedBy =
            entry.epoch == silences.epoch
            ? entry.silencedBy
            : silences.all.values.filter { $0.isInForce(at: now.wall) && $0.matches(entry.alert.labels) }.map(\.id)
                .sorted()
        let inhibitedBy = inhibitor.inhibiting(entry.alert.labels)
        let homes = entry.groups.compactMap { groups[$0] }.filter {
            $0.route != nil && $0.alerts.contains(entry.alert.fingerprint)
        }
        .sorted {
            ($0.route?.index ?? 0, $0.source == nil ? 0 : 1, $0.id.receiver) < (
                $1.route?.index ?? 0, $1.source == nil ? 0 : 1, $1.id.receiver
            )
        }
        let routes = homes.compactMap(\.route)
        var receivers: [String] = []
        for home in homes where !receivers.contains(home.id.receiver) { receivers.append(home.id.receiver) }
        let mutes = routes.map { muteTime($0, now.wall)?.intervals ?? [] }
        // Quiet by time only where no route of it may speak.
        let isTimeMuted = !mutes.isEmpty && mutes.allSatisfy { !$0.isEmpty }
        let isQuiet = !silencedBy.isEmpty || !inhibitedBy.isEmpty || isTimeMuted
        return AlertStatus(
            alert: entry.alert, state: isQuiet ? .suppressed : entry.isProcessed ? .active : .unprocessed,
            silencedBy: silencedBy,
            inhibitedBy: inhibitedBy, mutedBy: isTimeMuted ? Set(mutes.joined()).sorted() : [], receivers: receivers)
    }
}
