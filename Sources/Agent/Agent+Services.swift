import Alerts
import Config
import Delivery
import Dispatching
import Journal
import Logging
import Platform
import Probes
import RemoteWrite
import Samples
import Supervision
import Synchronization
import Web

extension Agent {
    /// The agent's services in the order of their start; they stop in the reverse order. The sum of their stop limits is
    /// below `TimeoutStopSec` of the unit, 30 s.
    ///
    /// Supervision is first, so that systemd gets messages from the start to the very end. The dispatcher outlives the
    /// notifier, whose deliveries it records, and the rules, whose state it writes.
    var services: [Service] {
        [
            Service("supervision", run: { await self.supervise() }),
            Service("journal", start: { await self.restore() }, stop: { await self.journal.close() }),
            Service(
                "dispatcher", run: { await self.dispatcher.run(.init(self.notifier)) },
                stop: {
                    await self.dispatcher.append([TargetHistory.watched(at: self.platform.time.wall())])
                    await self.dispatcher.recordEvent("stopped")
                }
            ),
            Service(
                "notifier", stopLimit: state.withLock(\.configuration.delivery.drainTimeout) + .seconds(1),
                stop: {
                    await self.notifier.drain()
                    // A reload waits for the notifier and the dispatcher.
                    await self.reloads.idle()
                }),
            // It outlives what stores samples.
            Service(
                "remote write", stopLimit: .milliseconds(500),
                start: { self.applyRemoteWrite(self.state.withLock(\.configuration)) },
                run: { await self.remoteWriter.run() }, stop: { await self.remoteWriter.stop() }),
            Service(
                "rules", stopLimit: .seconds(3),
                run: {
                    await self.rules.run()
                    // Saves the time of the stop, from which a restart computes the outage.
                    await self.rules.save()
                }),
            Service("journal rewriting", stopLimit: .seconds(1), run: { await self.rewriteJournal() }),
            Service("slack interactions", stopLimit: .seconds(1), run: { await self.slack.run() }),
            Service("change events", stopLimit: .seconds(1), run: { await self.changeEvents.run() }),
            Service("upkeep", stopLimit: .seconds(1), run: { await self.upkeep() }),
            Service(
                "probes", stopLimit: .seconds(1), start: { self.startProbes() }, stop: { await self.probes.stop() }),
            Service("web", stopLimit: .seconds(4), start: { try await self.listen() }, stop: { await self.stopWeb() }),
        ]
    }

    /// Continues where the last run ended.
    private func restore() async {
        do {
            let snapshot = try await journal.load()
            logUnreadable(snapshot)
            notifier.restore(threads: DispatcherService.threads(in: snapshot))
            await dispatcher.restore(snapshot)
            await rules.restore(snapshot.states)
            beginnings.restore(Agent.beginnings(in: snapshot))
            targetHistory.restore(snapshot)
            for rows in storedRows { Agent.restore(rows, snapshot) }
            await dispatcher.append(formKey.restore(snapshot))
            await dispatcher.endOrphaned(rules.orphaned(snapshot.alerts))
        } catch {
            platform.log.error(
                "the journal cannot be read; starting without its alerts, silences and undelivered messages until it can",
                metadata: ["err": "\(error)"])
            await dispatcher.beginWithoutPast()
            await dispatcher.recordEvent("started without the journal", error.description)
            state.withLock { $0.isJournalUnread = true }
        }
    }

    /// Writes everything again whenever the journal misses rows.
    private func rewriteJournal() async {
        for await _ in journalRewrites {
            await dispatcher.rewriteJournal()
            await rules.save()
            await dispatcher.append(beginnings.all.map { Agent.beginning(of: $0.key, $0.value) })
            await dispatcher.append(
                targetHistory.allChanges + storedRows.flatMap { Agent.allChanges(of: $0) } + formKey.change)
            await dispatcher.recordEvent(
                "journal begun anew", "everything is written again; a file that could not be used is kept next to it")
        }
    }

    private static let pressedSilence = Duration.seconds(3600)

    /// Carries out the action of a button pressed below a message.
    static func carryOut(
        _ press: SlackInteractions.Press, _ dispatcher: DispatcherService, _ time: any TimeSource
    ) async -> String {
        let admits: @Sendable (String) -> Bool = { GroupDigest.of($0) == press.group }
        switch press.action {
        case .acknowledge:
            let done = await dispatcher.acknowledge(
                .groups(at: time.wall(), admits), comment: "in Slack", by: press.user)
            return done.isEmpty
                ? "Nothing left to acknowledge: it is over, or already acknowledged."
                : "Acknowledged: \(done.map { $0.cause.annotations["summary"] ?? $0.cause.name }.joined(separator: "; "))"
        case .silence:
            return await dispatcher.silenceGroup(where: admits, for: Agent.pressedSilence, by: press.user)
        }
    }

    /// Probes the targets of the running configuration.
    private func startProbes() {
        watchPolls()
        let configuration = state.withLock(\.configuration)
        probes.start(schedule(configuration, environment.probes?(configuration)))
    }

    /// The poll loop counts as stalled when no target was probed for three intervals, at least a minute.
    func watchPolls() {
        let interval = state.withLock(\.configuration.global.pollInterval)
        watchdog.watch("poll", limit: max(.seconds(60), interval * 3), now: platform.time.monotonic())
    }

    /// The probes of a configuration, with their results connected to the pipeline.
    /// - Parameter set: nil creates the probes for the network.
    func schedule(_ configuration: Configuration, _ set: ProbeSet? = nil) -> ProbeSchedule {
        let (appender, rules, watchdog, suspects, time) = (appender, rules, watchdog, suspects, platform.time)
        let (changeEvents, estateChanges, targetHistory) = (changeEvents, estateChanges, targetHistory)
        let round = supervisor.targetsChanged()
        return ProbeSchedule(
            set
                ?? configuration.probes(
                    network, verdicts: verdicts, beginnings: beginnings, auditPositions: auditPositions,
                    platform: platform),
            platform: platform,
            events: .init(
                results: { results in
                    let changed = appender.append(results)
                    targetHistory.observe(results)
                    if !changed.isEmpty {
                        rules.consider(changed)
                        let events = estateChanges.observe(results)
                        if !events.isEmpty { changeEvents.report(events) }
                    }
                    for result in results where !result.isDerived { suspects.note(result.target) }
                },
                progress: { watchdog.advanced("poll", now: time.monotonic()) },
                firstRoundEnded: { [weak self] in
                    guard let self else { return }
                    notify { $0.roundEnded(round, status: self.statusLine()) }
                }))
    }

    /// Binds the addresses and starts to serve requests.
    private func listen() async throws {
        var settings = state.withLock(\.web)
        settings.formKey = formKey.bytes
        let listener = environment.listener(settings, sources(), platform, registry)
        let addresses = try await listener.start()
        let path = state.withLock { state in
            state.listener = listener
            state.addresses = addresses
            return state.configuration.path
        }
        platform.log.notice(
            "started",
            metadata: [
                "version": "\(options.version)", "config": "\(path)",
                "listen": "\(addresses.joined(separator: ","))",
            ])
        await dispatcher.recordEvent("started", "version \(options.version), \(path)")
    }

    private func stopWeb() async {
        let listener = state.withLock { state in
            defer { state.listener = nil }
            return state.listener
        }
        await listener?.stop()
    }

    /// Sends systemd the status, and watchdog pings as long as all of the agent's loops advance.
    private func supervise() async {
        let time = platform.time
        for loop in ["evaluate"] + DispatcherService.Loop.allCases.map(\.rawValue) {
            watchdog.watch(loop, limit: .seconds(60), now: time.monotonic())
        }
        let interval = min(
            environment.manager.watchdogInterval ?? environment.statusInterval, environment.statusInterval)
        while !Task.isCancelled {
            let now = time.monotonic()
            notify { $0.turn(stalled: watchdog.stalled(now: now), status: statusLine(), now: now) }
            guard (try? await time.sleep(for: interval)) != nil else { return }
        }
    }
}
