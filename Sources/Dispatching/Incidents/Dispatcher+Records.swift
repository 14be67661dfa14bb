package import Alerts
package import Platform
import Samples

/// The incidents as pages show them, open and resolved.
extension Dispatcher {
    /// An alert that started firing, changed or was resolved in this step.
    struct Touched: Sendable {
        var alert: Alert
        var isEnded: Bool
    }

    /// Updates the records with all changes of this step, and adds the rows for the journal to the decisions, so that
    /// both are written together.
    mutating func updateRecords(_ now: Moment, _ decisions: inout Decisions) {
        let ids = incidents.changed
        decisions.incidents.merge(incidents.takeChanges()) { _, new in new }
        if ids.isEmpty, touched.isEmpty, !book.hasChanges { return }
        // Starts before ends: an incident whose cause is resolved in the step in which a consequence starts continues.
        var together: [UInt64: Set<UInt64>] = [:]
        for id in ids { together[id] = Set(incidents.all[id]?.members ?? []) }
        for (id, change) in touched.sorted(by: { ($0.value.alert.startsAt, $0.key) < ($1.value.alert.startsAt, $1.key) }
        )
        where !change.isEnded && change.alert.labels["severity"] != "none" {
            if let incident = incidents[of: id] {
                together[incident.id, default: []].insert(id)
            } else {
                book.take([change.alert], with: [id])
            }
        }
        for (id, members) in together.sorted(by: { $0.key < $1.key }) {
            guard let incident = incidents.all[id] else { continue }
            let firing = members.compactMap { alerts[$0] }.filter { !$0.isEnded }.map(\.alert)
            book.take(
                firing.sorted { ($0.startsAt, $0.id) < ($1.startsAt, $1.id) }, with: incident.members,
                toldAs: incident.labels)
        }
        for (id, change) in touched where change.isEnded {
            book.end(id, at: min(change.alert.endsAt ?? now.wall, now.wall))
        }
        touched = [:]
        for id in ids {
            guard let incident = incidents.all[id] else { continue }
            for number in Set(incident.members.compactMap { book.number(of: $0) }) {
                book.acknowledge(number, incident.acknowledgement)
            }
        }
        decisions.records.merge(book.takeChanges(now.wall)) { _, new in new }
    }

    /// The number of the incident of a firing or recently resolved alert; nil if it has none.
    package func incidentNumber(of alert: UInt64) -> Int? { book.number(of: alert) }

    /// The numbers of the alerts' incidents, each once, in the order of the alerts.
    package func incidentNumbers(of alerts: some Sequence<Alert>) -> [Int] {
        var seen: Set<Int> = []
        return alerts.compactMap { book.number(of: $0.id) }.filter { seen.insert($0).inserted }
    }

    /// The numbers of the open incidents with a matching alert.
    package func incidentNumbers(silencedBy silence: Silence) -> [Int] {
        incidentNumbers(
            of: alerts.values.filter { !$0.isEnded && silence.matches($0.alert.labels) }.map(\.alert).sorted {
                ($0.startsAt, $0.id) < ($1.startsAt, $1.id)
            })
    }

    /// All records, unordered: open ones, those resolved within 90 days, and merged ones.
    package var incidentRecords: [IncidentRecord] { Array(book.records.values) }

    /// The record for a number; nil if there is none.
    package func incidentRecord(_ number: Int) -> IncidentRecord? { book.record(number) }

    /// Adds a note to an incident, open or resolved.
    /// - Returns: the updated record and what is to be written; nil if there is no such incident, or it has the maximum
    ///   number of notes.
    package mutating func addNote(_ note: IncidentNote, to number: Int, now: Moment) -> (IncidentRecord, Decisions)? {
        guard let record = book.add(note, to: number) else { return nil }
        var decisions = Decisions()
        updateRecords(now, &decisions)
        return (record, decisions)
    }
}
