import Alerts
package import Delivery
import Dispatching
import Journal
import Platform
import Samples

/// The dispatcher's side of the notifier. Nothing here waits for the disk: an acceptance is written with the next
/// batch.
extension DispatcherService {
    /// The callbacks for a notifier.
    package nonisolated var notifierEvents: NotifierEvents {
        NotifierEvents(
            beginAttempt: { await self.beginAttempt($0) },
            accepted: { await self.recordAccepted($0, detail: $1, threads: $2) },
            failed: { await self.recordFailed($0, $1, attempt: $2) },
            refused: { await self.recordRefused($0, detail: $1) },
            pending: { await self.pending($0, $1) })
    }

    private func beginAttempt(_ message: Outgoing) -> Notification? {
        guard var notification = dispatcher.beginAttempt(message) else { return nil }
        if notification.integration.kind == .heartbeat { return notification }
        let now = platform.time.now()
        if notification.integration.kind == .alertmanager {
            notification.incidents = dispatcher.incidents(in: notification, now)
            return notification
        }
        notification.attemptedAt = now.wall
        notification.incidents = dispatcher.incidents(in: notification, now)
        if !notification.integration.kind.isMachine { addCourse(to: &notification, now) }
        if notification.status == .resolved {
            notification.stillFiring = dispatcher.stillFiring(beside: notification, now)
            notification.silencedUntil = dispatcher.silencedUntil(notification.stillFiring)
        }
        return notification
    }

    /// A message to people describes this many incidents one by one.
    private static let describedLimit = 5

    /// Adds to the incidents of a message who else was notified of them, and what happens next.
    private func addCourse(to notification: inout Notification, _ now: Moment) {
        for index in notification.incidents.indices.prefix(DispatcherService.describedLimit) {
            guard let number = notification.incidents[index].number,
                let record = dispatcher.incidentRecord(number)
            else { continue }
            notification.incidents[index].toldAt = record.toldAt
            guard record.isOpen else { continue }
            notification.incidents[index].told = dispatcher.told(of: record, now)
            notification.incidents[index].next = dispatcher.nextSteps(of: record, now)
        }
    }

    private func recordAccepted(_ message: Outgoing, detail: String, threads: [String: String?]) {
        let now = platform.time.now()
        var changes = DispatcherService.changes(for: threads)
        if !message.notification.isRoutine { changes.append(historyEntry(.sent, message, now, detail)) }
        apply(dispatcher.recordAccepted(message, now: now), changes)
    }

    private func recordFailed(_ message: Outgoing, _ error: DeliveryError, attempt: Int) {
        let now = platform.time.now()
        // Only the first failure: those of a receiver that is down for a day would fill the history.
        let history = attempt == 1 ? [historyEntry(.failed, message, now, error.description)] : []
        apply(dispatcher.recordFailed(message, uncertain: error.isUncertain, now: now), history)
    }

    private func recordRefused(_ message: Outgoing, detail: String) {
        let now = platform.time.now()
        apply(dispatcher.recordRefused(message, now: now), [historyEntry(.dropped, message, now, detail)])
    }

    private func pending(_ receiver: String, _ integration: IntegrationID) -> [Outgoing] {
        dispatcher.pending.filter { $0.notification.receiver == receiver && $0.notification.integration == integration }
    }

    private func historyEntry(_ kind: HistoryEntry.Kind, _ message: Outgoing, _ now: Moment, _ detail: String)
        -> JournalChange
    {
        let notification = message.notification
        let counts = "\(notification.firing.count) firing, \(notification.resolved.count) resolved"
        return .history(
            HistoryEntry(
                at: now.wall, kind: kind, subject: notification.groupKey, receiver: notification.receiver,
                integration: notification.integration.description,
                detail: "\(notification.reason.rawValue), \(counts): \(detail)",
                incidents: dispatcher.incidentNumbers(of: notification.alerts)))
    }
}
