import Alerts
import Config
import Console
import Delivery
import Dispatching
import Platform
import Probes
import Samples
import Store
import Web

/// A consistent view of everything that pages show.
extension Agent {
    /// Copies the state of the parts, and computes the rest on a separate thread.
    func makeSnapshot(on pool: any WorkPool, _ vitals: VitalSigns) async throws(QueryError) -> EstateSnapshot {
        let dispatcher = await dispatcher.copy()
        let groups = await rules.statuses()
        let now = platform.time.now()
        let made = await pool.run { self.snapshot(dispatcher, groups, vitals, now) }
        guard let made else { throw QueryError(.unavailable, "no thread can be started") }
        return made
    }

    private func snapshot(
        _ dispatcher: Dispatcher, _ groups: [RuleManager.GroupStatus], _ vitals: VitalSigns, _ now: Moment
    ) -> EstateSnapshot {
        let alerts = dispatcher.alertStatuses(now)
        var snapshot = EstateSnapshot(now: now.wall, status: estateStatus(alerts, groups, now.wall))
        let errors = deliveryErrors()
        let records = dispatcher.incidentRecords
        snapshot.incidents = records.filter(\.isOpen).map { Agent.view($0, dispatcher, errors, now) }.sorted { a, b in
            let (x, y) = (a.record, b.record)
            return (y.currentSeverity, x.startsAt, x.number) < (x.currentSeverity, y.startsAt, y.number)
        }
        snapshot.underWay = dispatcher.incidents(now)
        snapshot.ended = records.filter { !$0.isOpen && $0.mergedInto == nil }.sorted { a, b in
            (b.endedAt ?? b.startsAt, b.number) < (a.endedAt ?? a.startsAt, a.number)
        }
        snapshot.alerts = alerts
        snapshot.groups = dispatcher.groupStatuses(now)
        snapshot.silences = dispatcher.allSilences
        snapshot.rules = groups.map(Agent.view)
        snapshot.targets = targets()
        snapshot.states = targetHistory.all
        snapshot.vitals = vitals.all(now)
        snapshot.backups = backupsView(now.wall)
        return snapshot
    }

    /// The error of the last attempt, of each integration whose last attempt failed.
    func deliveryErrors() -> [String: String] {
        notifier.statuses.reduce(into: [:]) { $0["\($1.receiver) \($1.integration)"] = $1.lastError }
    }

    /// An incident with its next steps and who was notified.
    static func view(
        _ record: IncidentRecord, _ dispatcher: Dispatcher, _ errors: [String: String], _ now: Moment
    ) -> IncidentView {
        guard record.isOpen else { return IncidentView(record) }
        let told = dispatcher.told(of: record, now).map { told in
            var told = told
            if told.state == .waiting, let error = errors["\(told.receiver) \(told.integration)"] {
                (told.state, told.error) = (.refused, error)
            }
            return told
        }
        return IncidentView(
            record, silencedBy: dispatcher.silences(of: record), next: dispatcher.nextSteps(of: record, now), told: told
        )
    }

    /// Whether two snapshots have the same content, ignoring times and ages.
    static func isSame(_ a: EstateSnapshot, _ b: EstateSnapshot) -> Bool {
        func states(_ snapshot: EstateSnapshot) -> [StateRun?] { snapshot.states.map(\.now) }
        func alerts(_ snapshot: EstateSnapshot) -> [String] {
            snapshot.status.alerts.map { "\($0.name) \($0.state) \($0.since) \($0.summary)" }
        }
        // The time of the next step is computed from two clocks and occasionally differs by a millisecond.
        func incidents(_ snapshot: EstateSnapshot) -> [IncidentView] {
            snapshot.incidents.map { view in
                var view = view
                for index in view.next.indices { view.next[index].at = Timestamp(milliseconds: 0) }
                return view
            }
        }
        func days(_ snapshot: EstateSnapshot) -> [[BackupCalendarView.Day]] { snapshot.backups.sets.map(\.days) }
        return incidents(a) == incidents(b) && a.ended.first == b.ended.first && a.ended.count == b.ended.count
            && a.silences == b.silences && states(a) == states(b) && alerts(a) == alerts(b) && days(a) == days(b)
    }
}
