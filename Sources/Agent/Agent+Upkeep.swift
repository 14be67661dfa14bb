import Alerts
import Dispatching
import Exposition
import Journal
import Logging
import Platform
import RemoteWrite
import Samples
import Store
import Supervision
import Telemetry
import Text

extension Agent {
    /// Periodic maintenance: appends the agent's own metrics to the store, deletes old samples and old history, and
    /// retries pending journal writes.
    func upkeep() async {
        var truncated: Instant?
        var maintained: Instant?
        var known: [Labels] = []
        await restoreStates()
        await restoreReceiverTests()
        await restoreHolds()
        let pool = platform.workPool("history", threads: 1)
        while !Task.isCancelled {
            await refreshMetrics()
            // The agent is monitored by the same rules as everything else.
            let now = clock.check().now
            let samples = registry.families().flatMap { family in
                family.samples.map { Sample($0.labels, $0.value, at: now.wall) }
            }
            // Without stale markers, removed series would count as present for five more minutes: a receiver that works
            // again would still count as failing.
            let present = samples.map(\.labels)
            if present != known {
                store.append(StaleMarker.ending(known, except: present, at: now.wall))
                known = present
            }
            store.append(samples)
            if truncated.map({ $0 + .seconds(20) <= now.monotonic }) ?? true {
                truncated = now.monotonic
                store.truncate(now: now.wall)
            }
            let isTurn = maintained.map { $0 + .seconds(60) <= now.monotonic } ?? true
            if isTurn {
                maintained = now.monotonic
                await dispatcher.append([TargetHistory.watched(at: now.wall)])
            }
            await observeHolds(on: pool)
            await dispatcher.writeRiders()
            await maintainJournal(isTurn: isTurn)
            let pause = journal.health.isHealthy ? environment.upkeepInterval : .seconds(5)
            guard (try? await platform.time.sleep(for: pause)) != nil else { return }
        }
    }

    /// How many open incidents get series of their own.
    private static let incidentLimit = 100

    /// Updates the gauges that are not maintained where their values change.
    func refreshMetrics() async {
        let health = journal.health
        metrics.journalHealthy.set(health.isHealthy ? 1 : 0)
        metrics.journalBacklog.set(Double(health.backlog))
        metrics.journalLost.set(Double(health.lost))
        metrics.journalStalled.set(health.stalled?.seconds ?? 0)
        metrics.journalBytes.set(Double(health.bytes))
        if let available = health.availableBytes {
            metrics.journalAvailable.set(Double(available))
        } else {
            metrics.journalAvailable.removeAll()
        }
        let counts = await dispatcher.counts()
        metrics.alerts.set(Double(counts.active), "active")
        metrics.alerts.set(Double(counts.suppressed), "suppressed")
        metrics.alerts.set(Double(counts.unprocessed), "unprocessed")
        metrics.externalAlerts.set(Double(counts.external.count))
        metrics.externalAlertBytes.set(Double(counts.external.bytes))
        metrics.ownAlertBytes.set(Double(counts.ownBytes))
        metrics.groups.set(Double(counts.groups))
        metrics.pending.set(Double(counts.pendingMessages))
        metrics.pendingAge.removeAll()
        let now = platform.time.wall()
        for (integration, since) in counts.pendingSince {
            metrics.pendingAge.set(max(now - since, .zero).seconds, integration.kind.rawValue, integration.receiver)
        }
        metrics.incidentStart.removeAll()
        metrics.acknowledged.removeAll()
        for incident in counts.incidents.prefix(Agent.incidentLimit) {
            let (number, cause) = (String(incident.number), incident.cause?.alert)
            metrics.incidentStart.set(
                incident.startsAt.seconds, number, cause?.name ?? "", cause?.labels["cluster"] ?? "")
            guard let acknowledgement = incident.acknowledgement else { continue }
            metrics.acknowledged.set(acknowledgement.at.seconds, number, cause?.name ?? "", acknowledgement.by)
        }
        for state in ["active", "pending", "expired"] { metrics.silences.set(0, state) }
        for (state, count) in counts.silences { metrics.silences.set(Double(count), state.rawValue) }
        for (loop, seconds) in watchdog.ages(now: platform.time.monotonic()) { metrics.loopAge.set(seconds, loop) }
        metrics.set(environment.processUsage())
        remoteWriter.refreshMetrics()
    }
}
