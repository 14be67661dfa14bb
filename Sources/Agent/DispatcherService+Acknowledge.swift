package import Alerts
package import Dispatching
import Journal
import Logging
import Platform
import Samples

/// Acknowledgements, and what ends by itself, as the history tells of them.
extension DispatcherService {
    /// Acknowledges incidents, or takes their acknowledgements back; on return it is in the journal.
    /// - Parameters:
    ///   - comment: nil takes back.
    ///   - caller: who does it.
    /// - Returns: the incidents as they are now; none where none is selected, or where there is nothing to take back.
    package func acknowledge(_ selection: IncidentSelection, comment: String?, by caller: String) async
        -> [Notification.Incident]
    {
        let now = platform.time.now()
        let acknowledgement = comment.map { Acknowledgement(by: caller, comment: $0, at: now.wall) }
        let result = dispatcher.acknowledge(selection, acknowledgement, now: now)
        let said =
            acknowledgement.map { DispatcherService.detail("by \($0.by)", $0.comment) } ?? "taken back by \(caller)"
        let changes = result.incidents.map { incident in
            JournalChange.history(
                HistoryEntry(
                    at: now.wall, kind: .acknowledged, subject: incident.cause.labels.description, detail: said))
        }
        for incident in result.incidents {
            platform.log.info(
                comment == nil ? "acknowledgement taken back" : "incident acknowledged",
                metadata: [
                    "incident": "\(incident.id.map { String($0) } ?? "")", "labels": "\(incident.cause.labels)",
                    "by": "\(caller)",
                ])
        }
        apply(result.decisions, changes)
        await committed()
        return result.incidents
    }

    /// Silences what a group with these labels may hold.
    /// - Returns: what came of it, in a sentence.
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

    /// What the history tells of acknowledgements and silences that have ended by themselves.
    func changesOfEnded(_ decisions: Decisions) -> [JournalChange] {
        let now = platform.time.now()
        let old = decisions.unacknowledged.map { ended in
            JournalChange.history(
                HistoryEntry(
                    at: now.wall, kind: .acknowledged, subject: ended.incident.labels.description,
                    detail: "the acknowledgement by \(ended.acknowledgement.by) is older than ack_timeout"))
        }
        return old + decisions.endedSilences.flatMap { changes(for: $0, now) }
    }
}
