import Alerts
import Dispatching
import Platform
import Samples
import Store
import Web

extension Agent {
    /// The current state, and the data drawn over time.
    func addSnapshot(_ sources: inout WebSources) {
        let (pool, vitals) = (platform.workPool("snapshot", threads: 1), VitalSigns(store))
        let cache = SnapshotCache(time: platform.time, isSame: Agent.isSame) { [self] () throws(QueryError) in
            try await makeSnapshot(on: pool, vitals)
        }
        sources.snapshot = { () throws(QueryError) in try await cache.snapshot() }
        sources.incident = { [self] (number) throws(QueryError) in try await incidentDetail(number) }
        sources.states = { [self] (target, from, to) throws(QueryError) in
            try await states(of: target, from: from, to: to)
        }
        sources.runs = { [store] matchers, from, to in store.runs(matchers, from: from, to: to) }
        sources.sketches = { [store] matchers, from, to in store.sketches(matchers, from: from, to: to) }
        sources.backups = { [self] in backupsView(platform.time.wall()) }
        // After a change the next page shows it.
        let (setSilence, expireSilence, acknowledge) = (sources.setSilence, sources.expireSilence, sources.acknowledge)
        sources.setSilence = { (silence, caller) async throws(SilenceError) -> String in
            defer { cache.invalidate() }
            return try await setSilence(silence, caller)
        }
        sources.expireSilence = { (id, caller) async throws(SilenceError) in
            defer { cache.invalidate() }
            try await expireSilence(id, caller)
        }
        sources.acknowledge = { selection, comment, caller in
            defer { cache.invalidate() }
            return await acknowledge(selection, comment, caller)
        }
        let acknowledgeFromPagerDuty = sources.acknowledgeFromPagerDuty
        sources.acknowledgeFromPagerDuty = { key, at, comment, user in
            defer { cache.invalidate() }
            return await acknowledgeFromPagerDuty(key, at, comment, user)
        }
        sources.addNote = { [self] (number, text, caller) async throws(QueryError) -> IncidentRecord in
            defer { cache.invalidate() }
            do throws(DispatcherService.NoteRefusal) {
                return try await dispatcher.addNote(text, to: number, by: caller.description)
            } catch {
                switch error {
                case .unknown: throw QueryError(.notFound, "there is no incident \(number)")
                case .empty: throw QueryError(.badData, "the note says nothing")
                case .full:
                    throw QueryError(
                        .badData, "incident \(number) has \(IncidentRecord.noteLimit) notes, and no more may be added")
                }
            }
        }
    }
}
