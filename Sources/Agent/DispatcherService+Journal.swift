import Alerts
import Dispatching
package import Journal
import Logging
import Platform
import Samples

/// The dispatcher's state as rows of the journal.
extension DispatcherService {
    private static let threadPrefix = "thread/"

    /// Records an event of the agent itself in the history.
    package func recordEvent(_ subject: String, _ detail: String = "") {
        append([.history(HistoryEntry(at: platform.time.wall(), kind: .agent, subject: subject, detail: detail))])
    }

    /// The first message of each conversation under way, by key, as stored in the journal.
    package static func threads(in snapshot: JournalSnapshot) -> [String: String] {
        snapshot.states(under: threadPrefix).mapValues { String(decoding: $0, as: UTF8.self) }
    }

    static func changes(for threads: [String: String?]) -> [JournalChange] {
        threads.map { key, id in
            id.map { .state(key: threadPrefix + key, Array($0.utf8)) } ?? .forgetState(key: threadPrefix + key)
        }
    }

    /// Reads the journal's rows; those that can't be read are logged and skipped.
    func saved(_ snapshot: JournalSnapshot) -> Dispatcher.Saved {
        var saved = Dispatcher.Saved(alerts: snapshot.alerts)
        for (key, bytes) in snapshot.silences {
            read(key, "a silence in the journal could not be read and is left out") {
                saved.silences.append(try Silence(encoded: bytes))
            }
        }
        for (key, bytes) in snapshot.records {
            read(key, "an entry of the notification log could not be read; its group is notified again") {
                saved.logEntries.append(try NotificationLogEntry(encoded: bytes))
            }
        }
        for (key, bytes) in snapshot.states where key.hasPrefix(EscalationRecord.keyPrefix) {
            read(key, "an escalation in the journal could not be read; its response times start anew") {
                saved.escalations.append(try EscalationRecord(encoded: bytes))
            }
        }
        for (key, bytes) in snapshot.states where key.hasPrefix(Incident.keyPrefix) {
            read(key, "an incident in the journal could not be read; its alerts are notified separately") {
                saved.incidents.append(try Incident(encoded: bytes))
            }
        }
        for (key, bytes) in snapshot.states where key.hasPrefix(IncidentRecord.keyPrefix) {
            read(key, "a record of an incident in the journal could not be read and is left out") {
                saved.records.append(try IncidentRecord(encoded: bytes))
            }
        }
        for (key, bytes) in snapshot.states where key.hasPrefix(Drill.keyPrefix) {
            read(key, "a drill in the journal could not be read; its alerts are no longer marked") {
                saved.drills.append(try Drill(encoded: bytes))
            }
        }
        saved.outbox = snapshot.outbox.map { Outgoing(id: $0.id, notification: $0.notification) }
        return saved
    }

    private func read(_ key: String, _ failure: Logger.Message, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            platform.log.error(failure, metadata: ["key": "\(key)", "err": "\(error)"])
        }
    }

    /// All rows that belong to these decisions.
    func changes(for decisions: Decisions) -> [JournalChange] {
        var changes = decisions.send.map { JournalChange.outbox(id: $0.id, $0.notification) }
        changes += decisions.withdrawn.map { .forgetOutbox(id: $0) }
        changes += decisions.logEntries.map { .record(key: $0.destination.storageKey, $0.encoded()) }
        changes += decisions.escalations.map { key, record in
            change(for: key, "an escalation", record.map { record in { try record.encoded() } })
        }
        changes += decisions.incidents.map { key, incident in
            change(for: key, "an incident", incident.map { incident in { try incident.encoded() } })
        }
        changes += decisions.records.map { number, record in
            let key = IncidentRecord.storageKey(number)
            return record.map { .state(key: key, $0.encoded()) } ?? .forgetState(key: key)
        }
        changes += decisions.escalated.map { history(of: $0) }
        changes += changesOfEnded(decisions)
        changes += changesOfEndedDrills(decisions)
        changes += decisions.removedLogEntries.map { .forgetRecord(key: $0.storageKey) }
        changes += decisions.removedAlerts.map { .forgetAlert(id: $0) }
        changes += decisions.removedSilences.map { .forgetSilence(id: $0) }
        return changes
    }

    private func history(of escalated: EscalatedAlert) -> JournalChange {
        let alert = escalated.alert
        platform.log.error(
            "alert escalates to the fallback",
            metadata: [
                "alert": "\(alert.name)", "labels": "\(alert.labels)", "receiver": "\(escalated.receiver)",
                "fallback": "\(escalated.fallback)", "reason": "\(escalated.reason.rawValue)",
            ])
        let why =
            switch escalated.reason {
            case .refused: "\(escalated.receiver) refused it"
            case .unaccepted: "\(escalated.receiver) has not accepted it in time"
            case .unacknowledged: "not acknowledged in time at \(escalated.receiver)"
            }
        return .history(
            HistoryEntry(
                at: platform.time.wall(), kind: .escalated, subject: alert.labels.description,
                receiver: escalated.fallback, detail: why, incidents: dispatcher.incidentNumbers(of: [alert])))
    }

    /// - Parameter encode: nil for a state that is over.
    func change(for key: String, _ what: String, _ encode: (() throws -> [UInt8])?) -> JournalChange {
        guard let encode else { return .forgetState(key: key) }
        do {
            return .state(key: key, try encode())
        } catch {
            platform.log.error(
                "\(what) could not be encoded and will not outlive a restart",
                metadata: ["key": "\(key)", "err": "\(error)"])
            return .forgetState(key: key)
        }
    }

    /// Joins the non-empty details of a history entry.
    static func detail(_ texts: String...) -> String { texts.filter { !$0.isEmpty }.joined(separator: "; ") }

    /// A silence's row, and its history entry.
    /// - Parameter caller: the user or client that created or changed it, if known.
    func changes(for silence: Silence, _ now: Moment, by caller: String = "") -> [JournalChange] {
        let state = silence.state(at: now.wall).rawValue
        let said = "\(state) until \(silence.endsAt.rfc3339) by \(silence.createdBy): \(silence.comment)"
        let isSame = caller.isEmpty || caller == silence.createdBy
        let detail = DispatcherService.detail(
            said, isSame ? "" : "\(state == "expired" ? "ended" : "set") by \(caller)")
        let subject = silence.matchersText
        let history = JournalChange.history(
            HistoryEntry(
                at: now.wall, kind: .silence, subject: subject, detail: detail,
                incidents: dispatcher.incidentNumbers(silencedBy: silence)))
        do {
            return [history, .silence(id: silence.id, try silence.encoded())]
        } catch {
            platform.log.error(
                "a silence could not be encoded and will not survive a restart",
                metadata: ["id": "\(silence.id)", "err": "\(error)"])
            return [history]
        }
    }

    /// All rows of the dispatcher's state.
    func allChanges(threads: [String: String]) -> [JournalChange] {
        let now = platform.time.now()
        let saved = dispatcher.saved
        var decisions = Decisions()
        decisions.send = saved.outbox
        decisions.logEntries = saved.logEntries
        for record in saved.escalations { decisions.escalations[record.storageKey] = record }
        for incident in saved.incidents { decisions.incidents[incident.storageKey] = incident }
        for record in saved.records { decisions.records[record.number] = record }
        return saved.alerts.map { .alert($0) } + saved.silences.flatMap { changes(for: $0, now) }
            + saved.drills.map { row(of: $0) }
            + DispatcherService.changes(for: threads.mapValues { $0 }) + changes(for: decisions)
    }
}
