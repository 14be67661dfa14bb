import Logging
package import Platform
import Samples
import Synchronization
import Text

/// Probes every target at its interval, each in its own task, so that a target that hangs delays no other.
package final class ProbeSchedule: Sendable {
    /// Callbacks of the schedule. They may be called on any thread and must return quickly.
    package struct Events: Sendable {
        /// Called after each run with the target's result and, if it belongs to a cluster, the cluster's.
        package var results: @Sendable ([ProbeResult]) -> Void
        /// Called after each turn of any target, as a sign of progress.
        package var progress: @Sendable () -> Void
        /// Called once, when every target that `isAwaited` has been probed once, whatever the outcome.
        package var firstRoundEnded: @Sendable () -> Void

        /// - Parameters:
        ///   - results: receives all results of a run.
        ///   - progress: does nothing by default.
        ///   - firstRoundEnded: does nothing by default.
        package init(
            results: @escaping @Sendable ([ProbeResult]) -> Void, progress: @escaping @Sendable () -> Void = {},
            firstRoundEnded: @escaping @Sendable () -> Void = {}
        ) {
            self.results = results
            self.progress = progress
            self.firstRoundEnded = firstRoundEnded
        }
    }

    /// When and for how long a target is probed.
    package struct Timing: Sendable, Hashable {
        /// From one regular turn to the next.
        package let interval: Duration
        /// The limit for one run.
        package let timeout: Duration
        /// The next regular turn; nil before the schedule runs.
        package let next: Instant?
    }

    private struct State {
        var turns: ProbeTurns
        /// When `run` was called; nil before.
        var start: Instant?
        var tallies: [ProbeTarget: ProbeTally] = [:]
        /// The last result of each target, and how many of its samples are about the probe itself.
        var last: [ProbeTarget: (result: ProbeResult, ownCount: Int)] = [:]
        var awaitingFirst: Set<ProbeTarget>
        var awaitingFirstNodes: Set<ProbeTarget>

        /// Keeps a target's tally.
        /// - Returns: the samples about the probe itself.
        mutating func keep(
            _ tally: ProbeTally, of target: ProbeTarget, success: Bool, duration: Duration, at now: Timestamp
        ) -> [Sample] {
            var tally = tally
            var own = SampleSet(
                ["target_type": target.kind.rawValue, "target": target.name], at: now,
                previous: tally.series.labels)
            tally.add(to: &own, success: success, duration: duration, turns: turns, target: target)
            tallies[target] = tally
            return own.samples
        }
    }

    /// How long closing the targets may take.
    private static let closeLimit = Duration.seconds(2)

    private let probes: [any RunnableProbe]
    private let platform: Platform
    private let events: Events
    private let state: Mutex<State>
    /// The version of the last result of each derived target. Locked while results are delivered, so that they are
    /// delivered in order.
    private let published = Mutex<[ProbeTarget: UInt64]>([:])
    /// Opens when every Vault node has been probed once: canary and telemetry need to know the active node.
    private let nodesKnown = Gate()
    private let requests: AsyncStream<ProbeTarget>
    private let requesting: AsyncStream<ProbeTarget>.Continuation

    /// - Parameters:
    ///   - set: the probes to run.
    ///   - tokenPeriod: how often a target may have a confirming run, apart from a few at once. Default 1 s.
    package init(_ set: ProbeSet, platform: Platform, tokenPeriod: Duration = .seconds(1), events: Events) {
        probes = set.probes
        self.platform = platform
        self.events = events
        let targets = set.probes.map(\.target)
        let awaited = targets.filter(\.isAwaited)
        state = Mutex(
            State(
                turns: ProbeTurns(tokenPeriod: tokenPeriod), awaitingFirst: Set(awaited),
                awaitingFirstNodes: Set(targets.filter { $0.kind == .vaultNode })))
        (requests, requesting) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingNewest(max(16, 2 * set.probes.count)))
    }

    /// All targets, sorted.
    package var targets: [ProbeTarget] { probes.map(\.target).sorted() }

    /// The timing of each target as of now.
    package var timings: [ProbeTarget: Timing] {
        let (now, start) = (platform.time.monotonic(), state.withLock(\.start))
        let all = probes.map { probe in
            let next = start.map {
                ProbeTurns.next(after: now, of: probe.target, interval: probe.interval, since: $0)
            }
            return (probe.target, Timing(interval: probe.interval, timeout: probe.timeout, next: next))
        }
        return Dictionary(all, uniquingKeysWith: { first, _ in first })
    }

    /// Requests an immediate (confirming) probe of a target, subject to `tokenPeriod`; requests made until it starts are
    /// merged into one.
    package func probeNow(_ target: ProbeTarget) { requesting.yield(target) }

    /// Runs until its task is cancelled. Every target is probed at once at the start.
    package func run() async {
        let (noneAwaited, noNodes) = state.withLock { ($0.awaitingFirst.isEmpty, $0.awaitingFirstNodes.isEmpty) }
        if noneAwaited { events.firstRoundEnded() }
        if noNodes { nodesKnown.open() }
        let start = platform.time.monotonic()
        state.withLock { $0.start = start }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for probes in [probes.filter { !Self.needsNodes($0) }, probes.filter(Self.needsNodes)] {
                    for (index, probe) in probes.enumerated() {
                        let delay = ProbeTurns.startDelay(index, of: probes.count, interval: probe.interval)
                        group.addTask(executorPreference: probe.executor) {
                            await self.loop(probe, since: start, delay: delay)
                        }
                    }
                }
                if probes.isEmpty { group.addTask { await self.idle() } }
                for await target in requests {
                    if Task.isCancelled { break }
                    guard let probe = probes.first(where: { $0.target == target }) else { continue }
                    let now = platform.time.monotonic()
                    guard case .at(let time) = state.withLock({ $0.turns.request(target, now: now) }) else { continue }
                    group.addTask(executorPreference: probe.executor) {
                        guard (try? await self.platform.time.sleep(until: time)) != nil else { return }
                        await self.turn(probe, .confirming)
                    }
                }
                group.cancelAll()
            }
        } onCancel: {
            requesting.finish()
            nodesKnown.open()
        }
        await close()
    }

    /// This task is cancelled, which would also cancel its requests: so resources are released from a separate task.
    private func close() async {
        let (probes, time) = (probes, platform.time)
        await Task {
            _ = await Deadline.run(
                {
                    await withDiscardingTaskGroup { group in
                        for probe in probes { group.addTask { await probe.close() } }
                    }
                },
                until: time.monotonic() + ProbeSchedule.closeLimit, time: time)
        }.value
    }

    /// Probes every target once, for commands: Vault's nodes first, then the targets that depend on them. Backups are
    /// listed but their content is not verified, since that may take an hour.
    package func runOnce() async {
        // The backup probe compares the backups' names with the storage type that the nodes report.
        let isDependent = { (probe: any RunnableProbe) in
            ProbeSchedule.needsNodes(probe) || probe.target.kind == .backupSet
        }
        let dependent = probes.filter(isDependent)
        let independent = probes.filter { !isDependent($0) && ![.backupContent, .bucket].contains($0.target.kind) }
        for round in [independent, dependent] {
            await withDiscardingTaskGroup { group in
                for probe in round { group.addTask { await self.turn(probe, .regular) } }
            }
        }
    }

    private static func needsNodes(_ probe: any RunnableProbe) -> Bool {
        [.vaultCanary, .vaultTelemetry, .vaultFacts].contains(probe.target.kind)
    }

    private func loop(_ probe: any RunnableProbe, since start: Instant, delay: Duration) async {
        if ProbeSchedule.needsNodes(probe) { await nodesKnown.pass() }
        if delay > .zero { guard (try? await platform.time.sleep(for: delay)) != nil else { return } }
        let gap =
            probe.canGlance
            ? ProbeTurns.glanceGap(interval: probe.interval, count: probes.count(where: \.canGlance)) : nil
        while !Task.isCancelled {
            await turn(probe, .regular)
            let next = ProbeTurns.next(
                after: platform.time.monotonic(), of: probe.target, interval: probe.interval, since: start)
            // None so close to the turn that it would tell nothing before it.
            while let gap, platform.time.monotonic() + gap * 3 / 2 <= next {
                guard (try? await platform.time.sleep(for: gap)) != nil else { return }
                await turn(probe, .glance)
            }
            guard (try? await platform.time.sleep(until: next)) != nil else { return }
        }
    }

    /// Without targets there are no turns, but the schedule still reports progress.
    private func idle() async {
        repeat { events.progress() } while (try? await platform.time.sleep(for: .seconds(5))) != nil
    }

    private func turn(_ probe: any RunnableProbe, _ kind: ProbeTurns.Kind) async {
        let target = probe.target
        let began = platform.time.monotonic()
        switch state.withLock({ $0.turns.start(target, now: began, kind) }) {
        case .go:
            let answer = await Deadline.run(
                { kind == .glance ? await probe.glance() : await probe.run() }, until: began + probe.timeout,
                time: platform.time, on: probe.executor
            ) {
                if self.state.withLock({ $0.turns.ended(target) }) { self.probeNow(target) }
            }
            // After cancellation a failure only means that the request was interrupted.
            if Task.isCancelled { return }
            switch answer {
            case nil where isBusy(probe.executor): missed(target, kind, "its thread on this machine is busy")
            case nil: finish(probe, probe.timedOut(), began: began)
            case .some(let report?) where report.isNotBegun: missed(target, kind, report.failure?.message ?? "")
            case .some(let report?): finish(probe, report, began: began)
            case .some(nil): break
            }
        case .busy(let since):
            // A run within its timeout also serves this turn. One that has exceeded its timeout and not returned is
            // reported as a failure again.
            if kind == .regular, began - since >= probe.timeout, !isBusy(probe.executor) {
                finish(probe, probe.timedOut(), began: began)
            }
        }
        events.progress()
    }

    /// Longer waits of jobs for their thread are the thread's fault, and not a target's.
    private static let lagTolerance = Duration.milliseconds(100)

    private func isBusy(_ executor: (any TaskExecutor)?) -> Bool {
        (executor as? any QueueingExecutor).map { $0.lag > ProbeSchedule.lagTolerance } ?? false
    }

    /// A run that was too late to ask, or to read the answer, says nothing about the target: what is known of it stays. It
    /// is asked again in its turn, since a machine that is busy must not get more to do; at once only where something
    /// suggested that it has changed, or where nothing is known yet: the first round would not end before the next turn,
    /// which for a bucket is later than systemd waits.
    private func missed(_ target: ProbeTarget, _ kind: ProbeTurns.Kind, _ reason: String) {
        let now = platform.time.now()
        let (again, isFirst) = state.withLock { state -> (ProbeResult?, Bool) in
            state.turns.recordMissed(target)
            guard var last = state.last[target], let tally = state.tallies[target] else { return (nil, true) }
            let own = state.keep(
                tally, of: target, success: last.result.success, duration: last.result.duration, at: now.wall)
            // The samples of the last run keep their times.
            last.result.samples.removeLast(last.ownCount)
            last.result.samples += own
            last.ownCount = own.count
            state.last[target] = last
            return (last.result, false)
        }
        platform.log.warning("probe missed its turn", metadata: ["target": "\(target)", "err": "\(reason)"])
        if let again { published.withLock { _ in events.results([again]) } }
        if kind == .confirming || isFirst { probeNow(target) }
    }

    private func finish(_ probe: any RunnableProbe, _ report: ProbeReport, began: Instant) {
        let target = probe.target
        let now = platform.time.now()
        let duration = now.monotonic - began
        let (own, change) = state.withLock { state in
            var tally = state.tallies[target] ?? ProbeTally()
            let change = tally.record(report, at: now.wall)
            let own = state.keep(
                tally, of: target, success: report.failure == nil, duration: duration, at: now.wall)
            return (own, change)
        }
        log(change, target)
        let result = ProbeResult(
            target: target, samples: report.samples + own, failure: report.failure, duration: duration,
            status: report.status,
            timestamp: now.wall)
        state.withLock { $0.last[target] = (result, own.count) }
        platform.log.debug(
            "probed",
            metadata: [
                "target": "\(target)", "success": "\(result.success)", "state": "\(report.status.state)",
                "duration_ms": "\(duration.milliseconds)",
            ])
        published.withLock { published in
            // Two probes may finish in a different order than their observations were recorded.
            let derived = report.derived.filter { $0.version > published[$0.target] ?? 0 }
            for report in derived { published[report.target] = report.version }
            events.results(
                [result]
                    + derived.map {
                        ProbeResult(
                            target: $0.target, samples: $0.samples, isDerived: true, status: $0.status,
                            timestamp: now.wall)
                    })
        }
        // Only after delivery: the end of the first round promises that the results of all targets were delivered.
        let (firstRoundEnded, nodesKnown) = state.withLock { state in
            let last = state.awaitingFirst.remove(target) != nil && state.awaitingFirst.isEmpty
            let lastNode = state.awaitingFirstNodes.remove(target) != nil && state.awaitingFirstNodes.isEmpty
            return (last, lastNode)
        }
        if nodesKnown { self.nodesKnown.open() }
        if firstRoundEnded { events.firstRoundEnded() }
        for other in report.confirm { probeNow(other) }
    }

    private func log(_ change: ProbeTally.Change, _ target: ProbeTarget) {
        switch change {
        case .none: break
        case .failed(let failure):
            platform.log.warning(
                "probe failed",
                metadata: ["target": "\(target)", "reason": "\(failure.reason)", "err": "\(failure.message)"])
        case .recovered: platform.log.info("probe recovered", metadata: ["target": "\(target)"])
        case .state(let old, let new):
            platform.log.info(
                "target changed", metadata: ["target": "\(target)", "from": "\(old ?? "unknown")", "to": "\(new)"])
        }
    }
}
