import Alerts
import Dispatching
import Journal
import Platform
import Samples
import Web

/// One incident with its course, and the states of one target, from memory and from the history.
extension Agent {
    /// State changes of its targets belong to an incident's course from this long before its start until this long
    /// after its end.
    private static let margin = Duration.seconds(300)
    private static let similarLimit = 10

    /// - Returns: nil if there is no incident with that number.
    /// - Throws: `QueryError` of kind `.unavailable` if the history can't be read.
    func incidentDetail(_ number: Int) async throws(QueryError) -> IncidentDetail? {
        let dispatcher = await dispatcher.copy()
        let now = platform.time.now()
        guard let record = dispatcher.incidentRecord(number) else { return nil }
        let records = dispatcher.incidentRecords
        var entries: [HistoryEntry] = []
        for part in [record.number] + records.filter({ $0.mergedInto == record.number }).map(\.number).prefix(20) {
            var filter = HistoryFilter()
            (filter.incident, filter.limit) = (part, 2 * IncidentDetail.eventLimit)
            filter.from = (records.first { $0.number == part }?.startsAt ?? record.startsAt) - .seconds(86_400)
            entries += try await read(filter)
        }
        var around = HistoryFilter()
        around.from = record.startsAt - Agent.margin
        around.to = (record.endedAt ?? now.wall) + Agent.margin
        around.limit = 2 * IncidentDetail.eventLimit
        let names = Agent.names(of: record)
        let alerts = Set(record.members.map(\.alert.labels.description))
        // Read apart, since thousands of other alerts may wait: they must not take the places of the states.
        for kinds: [HistoryEntry.Kind] in [[.state, .agent], [.pending]] {
            around.kinds = Set(kinds.map(\.rawValue))
            entries += try await read(around).filter { entry in
                switch entry.kind {
                case .agent: true
                case .pending: alerts.contains(entry.subject)
                default: Agent.concerns(entry.subject, names)
                }
            }
        }
        let (events, isCut) = IncidentEvent.course(entries, start: record.startsAt)
        return IncidentDetail(
            Agent.view(record, dispatcher, deliveryErrors(), now), events: events, isCut: isCut,
            similar: Agent.similar(to: record, records))
    }

    /// Entries of the history.
    /// - Throws: `QueryError` of kind `.unavailable` if the journal can't be read.
    func read(_ filter: HistoryFilter) async throws(QueryError) -> [HistoryEntry] {
        do throws(JournalError) {
            return try await journal.history(filter)
        } catch {
            throw QueryError(.unavailable, error.description)
        }
    }

    /// The clusters, backup sets and services that an incident affects.
    private static func names(of record: IncidentRecord) -> Set<String> {
        Set(
            record.members.flatMap { member in
                ["cluster", "backup_set", "service"].compactMap { member.alert.labels[$0] }
            })
    }

    /// Whether a target, such as `vault_node prod/vault-2`, belongs to one of these.
    private static func concerns(_ target: String, _ names: Set<String>) -> Bool {
        let name = target.drop { $0 != " " }.dropFirst()
        return names.contains(String(name.prefix { $0 != "/" }))
    }

    private static func similar(to record: IncidentRecord, _ all: [IncidentRecord]) -> [IncidentRecord] {
        guard let cause = record.cause?.alert else { return [] }
        let found = all.filter { other in
            guard other.number != record.number, other.endedAt != nil, other.mergedInto == nil,
                let alert = other.cause?.alert
            else { return false }
            return alert.name == cause.name && alert.labels["cluster"] == cause.labels["cluster"]
        }
        return Array(found.sorted { ($1.startsAt, $1.number) < ($0.startsAt, $0.number) }.prefix(similarLimit))
    }

    /// The states of a target between two times: those in memory, and earlier ones from the history.
    /// - Returns: nil if there is no such target.
    /// - Throws: `QueryError` of kind `.unavailable` if the history can't be read.
    func states(of target: String, from: Timestamp, to: Timestamp) async throws(QueryError) -> TargetStates? {
        guard let held = targetHistory.states(of: target) else { return nil }
        var runs = held.runs
        if let first = runs.first, first.from > from {
            var filter = HistoryFilter()
            filter.kinds = [HistoryEntry.Kind.state.rawValue]
            (filter.from, filter.to, filter.contains) = (from, first.from, target)
            filter.limit = HistoryFilter.maxLimit
            let entries = try await read(filter).filter { $0.subject == target && $0.at < first.from }
            var before = TargetHistory.runs(entries)
            if let last = before.indices.last { before[last].to = first.from }
            runs = before + runs
        }
        runs = runs.filter { $0.from <= to && ($0.to.map { $0 >= from } ?? true) }
        return TargetStates(target: target, runs: TargetHistory.reduced(runs))
    }

    /// Restores the states of the last hours, so that strips continue across a restart.
    func restoreStates() async {
        var filter = HistoryFilter()
        filter.kinds = [HistoryEntry.Kind.state.rawValue]
        filter.from = platform.time.wall() - targetHistory.limits.span
        filter.limit = HistoryFilter.maxLimit
        if let entries = try? await journal.history(filter) { targetHistory.restore(entries) }
    }
}
