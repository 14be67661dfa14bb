import Logging
import Platform
import Samples
import Synchronization

/// Gives every target its turns, each in a loop of its own, so that one that hangs delays no other.
package final class ProbeSchedule: Sendable {
    /// What the schedule tells its owner. All closures are called from any thread, and must be quick.
    package struct Events: Sendable {
        /// After each run: the target's result and, where it belongs to a cluster, the cluster's.
        package var results: @Sendable ([ProbeResult]) -> Void
        /// After each turn of any target: the schedule goes forward.
        package var progress: @Sendable () -> Void
        /// Once, when every target has had its first run, whatever came of it. Reading backups whole is not waited for.
        package var firstRoundEnded: @Sendable () -> Void

        package init(
            results: @escaping @Sendable ([ProbeResult]) -> Void, progress: @escaping @Sendable () -> Void = {},
            firstRoundEnded: @escaping @Sendable () -> Void = {}
        ) {
            self.results = results
            self.progress = progress
            self.firstRoundEnded = firstRoundEnded
        }
    }

    private struct State {
        var turns: ProbeTurns
        var tallies: [ProbeTarget: ProbeTally] = [:]
        var awaitingFirst: Set<ProbeTarget>
        var awaitingFirstNodes: Set<ProbeTarget>
    }

    private let probes: [any RunnableProbe]
    private let platform: Platform
    private let events: Events
    private let state: Mutex<State>
    /// Opens when all Vault nodes were asked once: canary and telemetry need to know who is active.
    private let nodesKnown = Gate()
    private let wishes: AsyncStream<ProbeTarget>
    private let wishing: AsyncStream<ProbeTarget>.Continuation

    /// - Parameter confirmationGap: the least time between two confirming runs of a target. Default 1 s.
    package init(_ set: ProbeSet, platform: Platform, confirmationGap: Duration = .seconds(1), events: Events) {
        probes = set.probes
        self.platform = platform
        self.events = events
        let targets = set.probes.map(\.target)
        let awaited = targets.filter { $0.kind != .backupContent }
        state = Mutex(
            State(
                turns: ProbeTurns(confirmationGap: confirmationGap), awaitingFirst: Set(awaited),
                awaitingFirstNodes: Set(targets.filter { $0.kind == .vaultNode })))
        (wishes, wishing) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(max(16, 2 * set.probes.count)))
    }

    package var targets: [ProbeTarget] { probes.map(\.target).sorted() }

    /// Asks for a run of a target as soon as its limits allow; wishes that come meanwhile are one with it.
    package func probeNow(_ target: ProbeTarget) { wishing.yield(target) }

    /// Runs until its task is cancelled. The first turn of each target is at once.
    package func run() async {
        let (noneAwaited, noNodes) = state.withLock { ($0.awaitingFirst.isEmpty, $0.awaitingFirstNodes.isEmpty) }
        if noneAwaited { events.firstRoundEnded() }
        if noNodes { nodesKnown.open() }
        let start = platform.time.monotonic()
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for probe in probes { group.addTask { await self.loop(probe, since: start) } }
                if probes.isEmpty { group.addTask { await self.idle() } }
                for await target in wishes {
                    if Task.isCancelled { break }
                    guard let probe = probes.first(where: { $0.target == target }) else { continue }
                    let now = platform.time.monotonic()
                    guard case .at(let time) = state.withLock({ $0.turns.wish(target, now: now) }) else { continue }
                    group.addTask {
                        guard (try? await self.platform.time.sleep(until: time)) != nil else { return }
                        await self.turn(probe, confirming: true)
                    }
                }
                group.cancelAll()
            }
        } onCancel: {
            wishing.finish()
            nodesKnown.open()
        }
    }

    /// One run of every target, for a look from the command line: Vault's nodes first, then what needs them.
    /// Backups are listed and not read whole: that may take an hour.
    package func runOnce() async {
        // What backups claim is held against what the nodes say of their storage.
        let isDependent = { (probe: any RunnableProbe) in
            ProbeSchedule.needsNodes(probe) || probe.target.kind == .backupSet
        }
        let dependent = probes.filter(isDependent)
        let independent = probes.filter { !isDependent($0) && $0.target.kind != .backupContent }
        for round in [independent, dependent] {
            await withDiscardingTaskGroup { group in
                for probe in round { group.addTask { await self.turn(probe, confirming: false) } }
            }
        }
    }

    private static func needsNodes(_ probe: any RunnableProbe) -> Bool {
        probe.target.kind == .vaultCanary || probe.target.kind == .vaultTelemetry
    }

    private func loop(_ probe: any RunnableProbe, since start: Instant) async {
        if ProbeSchedule.needsNodes(probe) { await nodesKnown.pass() }
        while !Task.isCancelled {
            await turn(probe, confirming: false)
            let next = ProbeTurns.next(
                after: platform.time.monotonic(), of: probe.target, interval: probe.interval, since: start)
            guard (try? await platform.time.sleep(until: next)) != nil else { return }
        }
    }

    /// Without targets there are no turns, and the schedule is none the worse for it.
    private func idle() async {
        repeat { events.progress() } while (try? await platform.time.sleep(for: .seconds(5))) != nil
    }

    private func turn(_ probe: any RunnableProbe, confirming: Bool) async {
        let target = probe.target
        let began = platform.time.monotonic()
        switch state.withLock({ $0.turns.start(target, now: began, confirming: confirming) }) {
        case .go:
            let answer = await Deadline.run({ await probe.run() }, until: began + probe.timeout, time: platform.time) {
                if self.state.withLock({ $0.turns.ended(target) }) { self.probeNow(target) }
            }
            // A cancelled schedule says nothing: an answer that was cut off is no finding.
            if Task.isCancelled { return }
            finish(probe, answer ?? probe.timedOut(), began: began)
        case .busy(let since):
            // A run within its time will answer for this turn too; one that its deadline did not end is still a
            // failure.
            if !confirming, began - since >= probe.timeout { finish(probe, probe.timedOut(), began: began) }
        }
        events.progress()
    }

    private func finish(_ probe: any RunnableProbe, _ report: ProbeReport, began: Instant) {
        let target = probe.target
        let now = platform.time.now()
        let duration = now.monotonic - began
        var own = SampleSet(["target_type": target.kind.rawValue, "target": target.name], at: now.wall)
        let (change, firstRoundEnded, nodesKnown) = state.withLock { state in
            let change = state.tallies[target, default: ProbeTally()].record(report, at: now.wall)
            state.tallies[target]?.add(
                to: &own, success: report.failure == nil, duration: duration, turns: state.turns, target: target)
            let last = state.awaitingFirst.remove(target) != nil && state.awaitingFirst.isEmpty
            let lastNode = state.awaitingFirstNodes.remove(target) != nil && state.awaitingFirstNodes.isEmpty
            return (change, last, lastNode)
        }
        log(change, target)
        let result = ProbeResult(
            target: target, samples: report.samples + own.samples, failure: report.failure, duration: duration,
            status: report.status,
            timestamp: now.wall)
        let derived = report.derived.map {
            ProbeResult(target: $0.target, samples: $0.samples, isDerived: true, status: $0.status, timestamp: now.wall)
        }
        platform.log.debug(
            "probed",
            metadata: [
                "target": "\(target)", "success": "\(result.success)", "state": "\(report.status.state)",
                "duration_ms": "\(duration.milliseconds)",
            ])
        events.results([result] + derived)
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
        case .recovered: platform.log.info("probe works again", metadata: ["target": "\(target)"])
        case .state(let old, let new):
            platform.log.info(
                "target changed", metadata: ["target": "\(target)", "from": "\(old ?? "unknown")", "to": "\(new)"])
        }
    }
}
