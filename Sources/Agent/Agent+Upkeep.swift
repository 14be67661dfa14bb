import Alerts
import Dispatching
import Exposition
import Journal
import Logging
import Platform
import Probes
import Samples
import Store
import Supervision
import Synchronization
import Telemetry

extension Agent {
    /// What must be done now and then: old points and old history go, gauges are read, the journal is mended.
    func keepHouse() async {
        var turn = 0
        while !Task.isCancelled {
            await refreshMetrics()
            // The agent watches itself with the same rules as everything else.
            let now = clock.look().now.wall
            store.append(
                registry.families().flatMap { family in family.samples.map { Sample($0.labels, $0.value, at: now) } })
            if turn % 4 == 0 { store.truncate(now: now) }
            await maintainJournal(isTurn: turn % 12 == 0)
            turn += 1
            guard (try? await platform.time.sleep(for: .seconds(5))) != nil else { return }
        }
    }

    func refreshMetrics() async {
        let health = journal.health
        metrics.journalHealthy.set(health.isHealthy ? 1 : 0)
        metrics.journalBacklog.set(Double(health.backlog))
        metrics.journalLost.set(Double(health.lost))
        metrics.journalStalled.set(health.stalled?.seconds ?? 0)
        metrics.journalBytes.set(Double(health.bytes))
        let counts = await desk.counts()
        metrics.alerts.set(Double(counts.active), "active")
        metrics.alerts.set(Double(counts.suppressed), "suppressed")
        metrics.alerts.set(Double(counts.unprocessed), "unprocessed")
        metrics.groups.set(Double(counts.groups))
        metrics.pending.set(Double(counts.pendingMessages))
        for state in ["active", "pending", "expired"] { metrics.silences.set(0, state) }
        for (state, count) in counts.silences { metrics.silences.set(Double(count), state.rawValue) }
        for (loop, seconds) in heartbeat.ages(now: platform.time.monotonic()) { metrics.loopAge.set(seconds, loop) }
        metrics.measureProcess()
    }

    /// Tells systemd that the agent lives, as long as all of its loops advance.
    func feedWatchdog() async {
        let interval = ServiceManager.watchdogInterval()
        let time = platform.time
        heartbeat.watch("evaluate", patience: .seconds(60), now: time.monotonic())
        heartbeat.watch("dispatch", patience: .seconds(60), now: time.monotonic())
        var warned: [String] = []
        var lastStatus = ""
        while !Task.isCancelled {
            let stalled = heartbeat.stalled(now: time.monotonic())
            if stalled.isEmpty { manager.alive() }
            if stalled != warned {
                if stalled.isEmpty {
                    platform.log.notice("all loops advance again")
                } else {
                    platform.log.critical(
                        "loops stand still; the watchdog is not fed",
                        metadata: ["loops": "\(stalled.joined(separator: ","))"])
                }
                warned = stalled
            }
            let status = statusLine()
            if status != lastStatus, state.withLock({ $0.isReady && !$0.isStopping }) {
                manager.status(status)
                lastStatus = status
            }
            guard (try? await time.sleep(for: min(interval ?? .seconds(5), .seconds(5)))) != nil else { return }
        }
    }

    /// One line for `systemctl status`: `3 of 3 nodes fine, PostgreSQL 2 of 2, backups 2 of 2`.
    func statusLine() -> String {
        let results = observatory.results
        func share(_ kind: ProbeTarget.Kind, _ what: String) -> String? {
            let all = results.filter { $0.target.kind == kind }
            return all.isEmpty ? nil : "\(what) \(all.count { $0.status.health == .ok }) of \(all.count)"
        }
        let parts = [
            share(.vaultNode, "Vault nodes"), share(.postgres, "PostgreSQL"), share(.backupSet, "backup sets"),
        ].compactMap { $0 }
        return parts.isEmpty ? "Starting" : "Fine: " + parts.joined(separator: ", ")
    }
}
