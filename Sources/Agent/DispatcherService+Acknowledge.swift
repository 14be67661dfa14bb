package import Alerts
package import Dispatching
import Journal
import Logging
import Platform
import Samples

/// Acknowledgements, and history entries for those, and for silences, that ended on their own.
extension DispatcherService {
    /// Acknowledges incidents, or withdraws their acknowledgements; on return it is in the journal.
    /// - Parameters:
    ///   - comment: nil withdraws.
    ///   - caller: the user or client.
    /// - Returns: the incidents as they are now; empty if none is selected, or there is nothing to withdraw.
    package func acknowledge(_ selection: IncidentSelection, comment: String?, by caller: String) async
        -> [Notification.Incident]
    {
        let now = platform.time.now()
        let acknowledgement = comment.map { Acknowledgement(by: caller, comment: $0, at: now.wall) }
        let result = dispatcher.acknowledge(selection, acknowledgement, now: now)
        let said =
            acknowledgement.map { DispatcherService.detail("by \($0.by)", $0.comment) } ?? "withdrawn by \(caller)"
        let changes = result.incidents.map { incident in
            JournalChange.history(
                HistoryEntry(
                    at: now.wall, kind: .acknowledged, subject: incident.cause.labels.description, detail: said,
                    incidents: incident.number.map { [$0] } ?? []))
        }
        for incident in result.incidents {
            platform.log.info(
                comment == nil ? "acknowledgement withdrawn" : "incident acknowledged",
                metadata: [
                    "incident": "\(incident.id.map { String($0) } ?? "")", "labels": "\(incident.cause.labels)",
                    "by": "\(caller)",
                ])
        }
        apply(result.decisions, changes)
        await committed()
        return result.incidents
    }

    /// Creates a silence for the alerts of the group with these labels.
    /// - Returns: the outcome, in a sentence.
    package func silenceGroup(
        where admits: @Sendable (_ key: String) -> Bool, for span: Duration, by user: String
    ) async -> String {
        guard let labels = dispatcher.groupLabels(where: admits) else { return "Nothing of it fires any more." }
        guard !labels.isEmpty else {
            return "Its alerts have no label in common; use: vaultwatch silence add"
        }
        let now = platform.time.wall()
        let silence = Silence(
            matchers: labels.pairs.map { Matcher($0.name, equals: $0.value) }, startsAt: now, endsAt: now + span,
            createdBy: user, comment: "by a button")
        do throws(SilenceError) {
            let made = try await setSilence(silence, by: user)
            return "Silenced until \(made.endsAt.rfc3339): \(made.matchersText)"
        } catch {
            return error.description
        }
    }

    private func numbers(of incident: Incident) -> [Int] {
        Array(Set(incident.members.compactMap { dispatcher.incidentNumber(of: $0) })).sorted()
    }

    /// Why a note was refused.
    package enum NoteRefusal: Error, Sendable, Hashable {
        /// There is no incident with that number.
        case unknown
        /// It is empty.
        case empty
        /// The incident has the maximum number of notes.
        case full
    }

    /// Adds a note to an incident, open or resolved; on return it is in the journal.
    /// - Returns: the updated incident.
    /// - Throws: `NoteRefusal`.
    package func addNote(_ text: String, to number: Int, by caller: String) async throws(NoteRefusal) -> IncidentRecord
    {
        let now = platform.time.now()
        let note = IncidentNote(at: now.wall, by: caller, text: text)
        guard note.text.contains(where: { !$0.isWhitespace }) else { throw .empty }
        guard dispatcher.incidentRecord(number) != nil else { throw .unknown }
        guard let (record, decisions) = dispatcher.addNote(note, to: number, now: now) else { throw .full }
        let history = HistoryEntry(
            at: now.wall, kind: .note, subject: record.cause?.alert.labels.description ?? "",
            detail: "\(caller): \(note.text)",
            incidents: [record.number])
        platform.log.info("note to an incident", metadata: ["incident": "\(record.number)", "by": "\(caller)"])
        apply(decisions, [.history(history)])
        await committed()
        return record
    }

    /// History entries for acknowledgements and silences that ended on their own.
    func changesOfEnded(_ decisions: Decisions) -> [JournalChange] {
        let now = platform.time.now()
        let old = decisions.unacknowledged.map { ended in
            JournalChange.history(
                HistoryEntry(
                    at: now.wall, kind: .acknowledged, subject: ended.incident.labels.description,
                    detail: "the acknowledgement by \(ended.acknowledgement.by) is older than ack_timeout",
                    incidents: numbers(of: ended.incident)))
        }
        return old + decisions.endedSilences.flatMap { changes(for: $0, now) }
    }
}
