import Alerts
package import Delivery
import Dispatching
import Journal
import Platform
import Samples

/// What the notifier asks and reports. Nothing here waits for the disk: an acceptance is written with the next batch.
extension DispatcherService {
    /// The dispatcher's side of a notifier.
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
        // What repeats every minute is for machines.
        if notification.integration.kind.expectsResends { return notification }
        notification.incidents = dispatcher.incidents(in: notification, platform.time.now())
        if notification.status == .resolved {
            notification.stillFiring = dispatcher.stillFiring(beside: notification, platform.time.now())
        }
        return notification
    }

    private func recordAccepted(_ message: Outgoing, detail: String, threads: [String: String?]) {
        let now = platform.time.now()
        var changes = DispatcherService.changes(for: threads)
        if !message.notification.isRoutine { changes.append(historyEntry(.sent, message, now, detail)) }
        apply(dispatcher.recordAccepted(message, now: now), changes)
    }

    private func recordFailed(_ message: Outgoing, _ error: DeliveryError, attempt: Int) {
        let now = platform.time.now()
        // The first failure alone: those of a receiver that is down for a day would fill the history.
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
