package import Alerts
package import Platform
import Samples

/// The incidents as pages show them, under way and ended.
extension Dispatcher {
    /// An alert that began, changed or ended in this step.
    struct Touched: Sendable {
        var alert: Alert
        var isEnded: Bool
    }

    /// Takes note in the records of all that has changed in this step, and puts what the journal is to have into the
    /// decisions, so that it is written with them.
    mutating func updateRecords(_ now: Moment, _ decisions: inout Decisions) {
        let ids = incidents.changed
        decisions.incidents.merge(incidents.takeChanges()) { _, new in new }
        if ids.isEmpty, touched.isEmpty, !book.hasChanges { return }
        // Begun ones first: an incident whose cause ends as a consequence begins goes on.
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

    /// The number of the incident of an alert that fires or has ended a short time ago; nil where it has none.
    package func incidentNumber(of alert: UInt64) -> Int? { book.number(of: alert) }

    /// The numbers of the incidents of alerts, each once, in the order of the alerts.
    package func incidentNumbers(of alerts: some Sequence<Alert>) -> [Int] {
        var seen: Set<Int> = []
        return alerts.compactMap { book.number(of: $0.id) }.filter { seen.insert($0).inserted }
    }

    /// The numbers of the incidents under way of which an alert matches.
    package func incidentNumbers(silencedBy silence: Silence) -> [Int] {
        incidentNumbers(
            of: alerts.values.filter { !$0.isEnded && silence.matches($0.alert.labels) }.map(\.alert).sorted {
                ($0.startsAt, $0.id) < ($1.startsAt, $1.id)
            })
    }

    /// All records, in no particular order: those under way, ended ones of 90 days, and those that are part of another.
    package var incidentRecords: [IncidentRecord] { Array(book.records.values) }

    /// The record that a number leads to; nil where there is none.
    package func incidentRecord(_ number: Int) -> IncidentRecord? { book.record(number) }

    /// Writes a note to an incident, an ended one too.
    /// - Returns: the record with it, and what is to be written; nil where there is none, or no place for another note.
    package mutating func addNote(_ note: IncidentNote, to number: Int, now: Moment) -> (IncidentRecord, Decisions)? {
        guard let record = book.add(note, to: number) else { return nil }
        var decisions = Decisions()
        updateRecords(now, &decisions)
        return (record, decisions)
    }
}
