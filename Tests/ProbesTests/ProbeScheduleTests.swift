import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Text

@testable import Probes

/// A target whose probes behave as scripted.
final class ScriptedProbe: RunnableProbe {
    enum Step: Sendable {
        case answer(String)
        case fail(String)
        /// Takes this long and ignores cancellation.
        case hang(Duration)
    }

    let target: ProbeTarget
    let interval: Duration
    let timeout: Duration
    private let time: any TimeSource
    private let script: Mutex<[Step]>
    let starts = Mutex<[Instant]>([])
    let confirm: [ProbeTarget]
    let derived: [DerivedReport]
    /// Where it runs; nil for Swift's pool.
    let queue = Mutex<BusyExecutor?>(nil)
    var executor: (any TaskExecutor)? { queue.withLock { $0 } }
    /// What glances find, one after the other; nil for no change.
    let glances = Mutex<[String?]>([])
    private let finished = Mutex(0)
    private let hanging = Mutex(0)
    var startCount: Int { starts.withLock { $0.count } }
    var finishedCount: Int { finished.withLock { $0 } }
    var hangingCount: Int { hanging.withLock { $0 } }

    init(
        _ kind: ProbeTarget.Kind, _ name: String, time: any TimeSource, interval: Duration = .seconds(5),
        timeout: Duration = .seconds(4), confirm: [ProbeTarget] = [], derived: [DerivedReport] = [],
        _ script: [Step] = [.answer("fine")]
    ) {
        target = ProbeTarget(kind, name)
        self.interval = interval
        self.timeout = timeout
        self.time = time
        self.confirm = confirm
        self.derived = derived
        self.script = Mutex(script)
    }

    func timedOut() -> ProbeReport { report(.fail("timeout")) }

    var canGlance: Bool { glances.withLock { !$0.isEmpty } }

    func glance() async -> ProbeReport? {
        let found = glances.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        return found.map { report(.answer($0)) }
    }

    func run() async -> ProbeReport {
        starts.withLock { $0.append(time.monotonic()) }
        let step = script.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? .answer("fine") }
        defer { finished.withLock { $0 += 1 } }
        if case .hang(let duration) = step {
            let time = self.time
            let deadline = time.monotonic() + duration
            hanging.withLock { $0 += 1 }
            await Task.detached { try? await time.sleep(until: deadline) }.value
            hanging.withLock { $0 -= 1 }
        }
        return report(step)
    }

    private func report(_ step: Step) -> ProbeReport {
        switch step {
        case .answer(let state):
            ProbeReport(samples: [], status: TargetStatus(.ok, state), derived: derived, confirm: confirm)
        case .fail(let reason):
            ProbeReport(samples: [], failure: ProbeFailure(reason, "scripted"), status: TargetStatus(.critical, "down"))
        case .hang: ProbeReport(samples: [], status: TargetStatus(.ok, "late"), derived: derived)
        }
    }
}

/// An executor whose jobs wait as long as a test says.
final class BusyExecutor: QueueingExecutor {
    private let waiting: Mutex<Duration>

    init(lag: Duration) { waiting = Mutex(lag) }

    var lag: Duration {
        get { waiting.withLock { $0 } }
        set { waiting.withLock { $0 = newValue } }
    }

    func enqueue(_ job: consuming ExecutorJob) { globalConcurrentExecutor.enqueue(UnownedJob(job)) }
}

struct ProbeScheduleTests {
    private final class Results: Sendable {
        let all = Mutex<[ProbeResult]>([])
        let rounds = Mutex(0)
        let beats = Mutex(0)

        var roundCount: Int { rounds.withLock { $0 } }
        var beatCount: Int { beats.withLock { $0 } }

        func of(_ target: ProbeTarget) -> [ProbeResult] { all.withLock { $0.filter { $0.target == target } } }

        var events: ProbeSchedule.Events {
            ProbeSchedule.Events(
                results: { results in self.all.withLock { $0 += results } },
                progress: { self.beats.withLock { $0 += 1 } },
                firstRoundEnded: { self.rounds.withLock { $0 += 1 } })
        }
    }

    private func run(
        _ probes: [ScriptedProbe], time: VirtualTime, for span: Duration, log: LogLines = LogLines(),
        during: (ProbeSchedule) -> Void = { _ in }
    ) async -> Results {
        let results = Results()
        let schedule = ProbeSchedule(
            ProbeSet(probes: probes), platform: testPlatform(time, log: log), events: results.events)
        let task = Task { await schedule.run() }
        await go(time, .milliseconds(500), probes, results)
        during(schedule)
        await go(time, span - .milliseconds(500), probes, results)
        task.cancel()
        await task.value
        return results
    }

    /// Moves time in small steps, each only when every loop has done what there was to do: the machine's other work
    /// may hold any of our threads for as long as it likes.
    private func go(_ time: VirtualTime, _ span: Duration, _ probes: [ScriptedProbe], _ results: Results) async {
        let end = time.monotonic() + span
        while time.monotonic() < end {
            var calm = 0
            var patience = 20_000
            while calm < 3, patience > 0 {
                for _ in 0..<20 { await Task.yield() }
                patience -= 1
                let hanging = probes.reduce(0) { $0 + $1.hangingCount }
                let isIdle = probes.allSatisfy { $0.startCount == $0.finishedCount + $0.hangingCount }
                let isTold = results.all.withLock { $0.count } >= probes.reduce(0) { $0 + $1.finishedCount }
                // A canary that waits for the nodes sleeps nowhere.
                let loops = probes.count { $0.target.kind != .vaultCanary || $0.startCount > 0 }
                calm = isIdle && isTold && time.sleeperCount >= loops + hanging ? calm + 1 : 0
            }
            await time.advance(through: min(end, time.monotonic() + .milliseconds(100)), settle: 20)
        }
    }

    /// The next turn that is announced is when the target is probed next.
    @Test func theNextTurnIsKnown() async throws {
        let time = VirtualTime()
        let probes = [
            ScriptedProbe(.vaultNode, "c/n", time: time),
            ScriptedProbe(.backupSet, "s", time: time, interval: .seconds(60), timeout: .seconds(30)),
        ]
        let idle = ProbeSchedule(
            ProbeSet(probes: probes), platform: testPlatform(time), events: Results().events)
        #expect(idle.timings.values.allSatisfy { $0.next == nil })
        let announced = Mutex<[ProbeTarget: ProbeSchedule.Timing]>([:])
        _ = await run(probes, time: time, for: .seconds(61)) { schedule in
            announced.withLock { $0 = schedule.timings }
        }
        for probe in probes {
            let timing = announced.withLock { $0[probe.target] }
            #expect(timing?.interval == probe.interval && timing?.timeout == probe.timeout)
            let next = try #require(timing?.next)
            #expect(probe.starts.withLock { $0.contains(next) }, "\(probe.target)")
        }
    }

    /// The probe whose observation came first ends last: what it derived is out of date by then.
    @Test func anOlderDerivedResultDoesNotReplaceANewer() async {
        let time = VirtualTime()
        let cluster = ProbeTarget(.vaultCluster, "c")
        func derived(_ version: UInt64) -> [DerivedReport] {
            [DerivedReport(target: cluster, version: version, samples: [], status: TargetStatus(.ok, "\(version)"))]
        }
        let slow = ScriptedProbe(
            .vaultNode, "c/1", time: time, interval: .seconds(60), derived: derived(1), [.hang(.seconds(1))])
        let fast = ScriptedProbe(.vaultNode, "c/2", time: time, interval: .seconds(60), derived: derived(2))
        let results = await run([slow, fast], time: time, for: .seconds(3))
        #expect(results.of(slow.target).count == 1)
        #expect(results.of(cluster).map(\.status.state) == ["2"])
    }

    @Test func everyTargetHasItsTurnsWhateverHangs() async {
        let time = VirtualTime()
        let good = (0..<5).map { ScriptedProbe(.postgres, "s\($0)", time: time) }
        let hung = ScriptedProbe(.postgres, "hung", time: time, [.hang(.seconds(1000))])
        let results = await run(good + [hung], time: time, for: .seconds(60))
        for probe in good {
            // The first run at once, then one per interval.
            let starts = probe.starts.withLock { $0 }
            #expect((12...13).contains(starts.count))
            #expect(starts[0].nanoseconds == 0)
            for (earlier, later) in zip(starts.dropFirst(), starts.dropFirst(2)) {
                #expect(later - earlier == .seconds(5))
            }
            #expect(results.of(probe.target).allSatisfy { $0.success })
        }
        let failures = results.of(hung.target)
        #expect(hung.startCount == 1)
        #expect(failures.count > 5 && failures.allSatisfy { $0.failure?.reason == "timeout" })
        #expect((failures.last?.samples.value("vaultwatch_probe_missed_turns_total") ?? 0) > 5)
        #expect(results.roundCount == 1)
        #expect(results.beatCount > 60)
    }

    @Test func turnsAreSpreadOverTheInterval() {
        let start = Instant(nanoseconds: 0)
        var buckets = [Int](repeating: 0, count: 10)
        for index in 0..<1000 {
            let next = ProbeTurns.next(
                after: start, of: ProbeTarget(.vaultNode, "main/vault-\(index)"), interval: .seconds(5), since: start)
            #expect(next >= start && next <= start + .seconds(5))
            buckets[min(9, Int(next.nanoseconds / 500_000_000))] += 1
        }
        for count in buckets { #expect((60...140).contains(count)) }
    }

    /// A few first turns are at once; a thousand take two seconds, and never longer than an interval.
    @Test func firstTurnsAreSpread() async {
        func delay(_ index: Int, _ count: Int) -> Duration {
            ProbeTurns.startDelay(index, of: count, interval: .seconds(5))
        }
        #expect(delay(0, 1) == .zero && delay(64, 1000) == .zero && delay(65, 1000) == .milliseconds(2))
        #expect(delay(999, 1000) < .seconds(2) && delay(99_999, 100_000) < .seconds(5))
        let time = VirtualTime()
        func probes() -> [ScriptedProbe] {
            (0..<400).map { ScriptedProbe(.postgres, "\($0)", time: time, interval: .seconds(600)) }
        }
        let half = probes()
        _ = await run(half, time: time, for: .milliseconds(500))
        #expect((65...330).contains(half.count { $0.startCount > 0 }) && half[399].startCount == 0)
        let all = probes()
        _ = await run(all, time: time, for: .seconds(1))
        #expect(all.allSatisfy { $0.startCount == 1 })
    }

    @Test func turnsDoNotDrift() {
        let target = ProbeTarget(.vaultNode, "main/a")
        let start = Instant(nanoseconds: 7)
        let first = ProbeTurns.next(after: start, of: target, interval: .seconds(5), since: start)
        // A slow run and a skipped one do not shift the grid.
        for late in [Duration.zero, .milliseconds(1), .milliseconds(4999)] {
            #expect(
                ProbeTurns.next(after: first + late, of: target, interval: .seconds(5), since: start) == first
                    + .seconds(5))
        }
        #expect(
            ProbeTurns.next(after: first + .seconds(17), of: target, interval: .seconds(5), since: start) == first
                + .seconds(20))
    }

    @Test func confirmingProbesAreOutOfTurnAndLimited() async {
        let time = VirtualTime()
        let calm = ScriptedProbe(.postgres, "calm", time: time, interval: .seconds(600))
        let results = await run([calm], time: time, for: .seconds(10)) { schedule in
            for _ in 0..<100 { schedule.probeNow(calm.target) }
        }
        // One at the start, up to three at once (the wishes and their runs are on different threads), and one a second
        // later for all wishes that were left.
        let starts = calm.starts.withLock { $0 }
        #expect((2...5).contains(starts.count), "\(starts)")
        #expect(starts[1] - starts[0] < .seconds(1))
        #expect(
            results.of(calm.target).last?.samples.value("vaultwatch_probe_confirmations_total")
                == Double(starts.count - 1))
    }

    /// What a run saw that began before the change proves nothing: the wish waits for its end.
    @Test func aWishDuringARunIsKept() async {
        let time = VirtualTime()
        let slow = ScriptedProbe(
            .postgres, "slow", time: time, interval: .seconds(600), [.hang(.milliseconds(900)), .answer("fine")])
        _ = await run([slow], time: time, for: .seconds(10)) { $0.probeNow(slow.target) }
        #expect(slow.startCount == 2)
    }

    /// Two targets that each want the other looked at again must not run each other in circles.
    @Test func aStormIsBoundedByTheGap() async {
        let time = VirtualTime()
        let (a, b) = (ProbeTarget(.postgres, "a"), ProbeTarget(.postgres, "b"))
        let probes = [
            ScriptedProbe(.postgres, "a", time: time, interval: .seconds(600), confirm: [b]),
            ScriptedProbe(.postgres, "b", time: time, interval: .seconds(600), confirm: [a]),
        ]
        _ = await run(probes, time: time, for: .seconds(20))
        for probe in probes { #expect((10...25).contains(probe.startCount)) }
    }

    /// A single change is confirmed at once, whatever ran just before; a storm gets one run a second.
    @Test func aFewConfirmingRunsAreAtOnce() {
        var turns = ProbeTurns(tokenPeriod: .seconds(1))
        let target = ProbeTarget(.vaultNode, "main/a")
        let start = Instant(nanoseconds: 0)
        func confirm(_ now: Instant) -> Instant? {
            guard case .at(let time) = turns.request(target, now: now),
                turns.start(target, now: time, .confirming) == .go
            else { return nil }
            _ = turns.ended(target)
            return time
        }
        #expect((0..<5).map { _ in confirm(start) } == [0, 0, 0, 1, 2].map { start + .seconds($0) })
        // After a while all are back, and no more than all.
        #expect(
            (0..<4).map { _ in confirm(start + .seconds(100)) } == [100, 100, 100, 101].map { start + .seconds($0) })
        // Regular turns and glances spend none.
        for kind in [ProbeTurns.Kind.regular, .glance] {
            #expect(turns.start(target, now: start + .seconds(200), kind) == .go)
            _ = turns.ended(target)
        }
        #expect((0..<3).allSatisfy { _ in confirm(start + .seconds(200)) == start + .seconds(200) })
        #expect(turns.confirmations(target) == 12)
    }

    /// Two wishes are one until it runs.
    @Test func wishesBeforeARunAreOne() {
        var turns = ProbeTurns(tokenPeriod: .seconds(1))
        let (target, now) = (ProbeTarget(.vaultNode, "main/a"), Instant(nanoseconds: 0))
        #expect(turns.request(target, now: now) == .at(now))
        #expect(turns.request(target, now: now) == .alreadyPlanned)
    }

    /// A run that came too late to ask is none: what is known of the target stays, and its first round waits for another.
    @Test func tooLateToAskIsNoFailure() async {
        let time = VirtualTime()
        let log = LogLines()
        let probe = ScriptedProbe(
            .vaultNode, "c/n", time: time, interval: .seconds(5), [.fail("not_begun"), .answer("active")])
        let results = await run([probe], time: time, for: .seconds(14), log: log)
        // The first turn, the one that makes up for it, and two or three regular ones.
        #expect((3...5).contains(probe.startCount))
        #expect(results.roundCount == 1)
        let all = results.of(probe.target)
        #expect(all.count == probe.startCount - 1 && all.allSatisfy { $0.status.state == "active" })
        #expect(all.last?.samples.value("vaultwatch_probe_missed_turns_total") == 1)
        #expect(all.last?.samples.has("vaultwatch_probe_failures_total") == false)
        #expect(log.all.contains { $0.contains("probe missed its turn") })
    }

    /// Until something is known of a target, the first round has not ended: it is not left to the next turn.
    @Test func aMissedFirstTurnIsMadeUpFor() async {
        let time = VirtualTime()
        let probe = ScriptedProbe(
            .backupSet, "s", time: time, interval: .seconds(86_400),
            [.fail("not_begun"), .fail("not_begun"), .answer("fine")])
        let results = await run([probe], time: time, for: .seconds(5))
        #expect(probe.startCount == 3 && results.roundCount == 1)
        #expect(results.of(probe.target).map(\.status.state) == ["fine"])
    }

    /// A run whose thread had no time for it in time is none either.
    @Test(arguments: [Duration.milliseconds(5), .seconds(2)]) func aBusyThreadIsNoFailure(_ lag: Duration) async {
        let time = VirtualTime()
        let probe = ScriptedProbe(
            .vaultNode, "c/n", time: time, interval: .seconds(60), timeout: .seconds(4),
            [.answer("active"), .hang(.seconds(6)), .answer("active")])
        probe.queue.withLock { $0 = BusyExecutor(lag: lag) }
        let results = await run([probe], time: time, for: .seconds(100))
        let all = results.of(probe.target)
        let isBusy = lag > .seconds(1)
        #expect(all.contains { $0.status.state == "down" } == !isBusy)
        #expect((all.last?.samples.value("vaultwatch_probe_missed_turns_total") ?? 0) >= (isBusy ? 1 : 0))
        #expect(all.allSatisfy { $0.samples.filter { $0.labels.name == "vaultwatch_probe_success" }.count == 1 })
    }

    @Test func glancesFitBetweenTurns() {
        func gap(_ interval: Int, _ count: Int) -> Duration? {
            ProbeTurns.glanceGap(interval: .seconds(interval), count: count)
        }
        #expect(gap(5, 3) == .seconds(1))
        #expect(gap(30, 3) == .seconds(6))
        #expect(gap(2, 3) == .seconds(1))
        #expect(gap(1, 3) == nil)
        // Together not more than 50 a second.
        #expect(gap(5, 100) == .seconds(2))
        #expect(gap(5, 1000) == nil)
    }

    /// Between two turns a target is glanced at, and reported only if it has changed.
    @Test func aChangeIsSeenBetweenTwoTurns() async {
        let time = VirtualTime()
        let probe = ScriptedProbe(.vaultNode, "c/n", time: time, interval: .seconds(600), timeout: .seconds(300))
        probe.glances.withLock { $0 = [nil, nil, "sealed", nil] }
        let results = await run([probe], time: time, for: .seconds(1190))
        #expect(probe.glances.withLock { $0.isEmpty })
        #expect(results.of(probe.target).filter { $0.status.state == "sealed" }.count == 1)
        #expect(results.of(probe.target).count == probe.startCount + 1)
        #expect(
            results.of(probe.target).last?.samples.value("vaultwatch_probe_missed_turns_total") == 0)
    }

    @Test func unknownTargetsAreNoWishes() async {
        let time = VirtualTime()
        let probe = ScriptedProbe(.postgres, "a", time: time)
        let results = await run([probe], time: time, for: .seconds(1)) { $0.probeNow(ProbeTarget(.postgres, "zzz")) }
        #expect(results.of(probe.target).count == 1)
    }

    @Test func whatNeedsTheNodesComesAfterThem() async {
        let time = VirtualTime()
        let node = ScriptedProbe(.vaultNode, "main/a", time: time, [.hang(.seconds(2)), .answer("active")])
        let canary = ScriptedProbe(.vaultCanary, "main/active_node", time: time)
        _ = await run([canary, node], time: time, for: .seconds(4))
        let first = canary.starts.withLock { $0.first }
        #expect(first == Instant(nanoseconds: 2_000_000_000))
    }

    @Test func failuresAreLoggedWhenTheyChange() async {
        let time = VirtualTime()
        let log = LogLines()
        let probe = ScriptedProbe(
            .postgres, "a", time: time,
            [
                .answer("primary"), .fail("timeout"), .fail("timeout"), .fail("connect"), .answer("primary"),
                .answer("primary"), .answer("replica"), .answer("replica"),
            ])
        let results = await run([probe], time: time, for: .seconds(45), log: log)
        let lines = log.all
        #expect(lines.count { $0.contains("probe failed") } == 2)
        #expect(lines.count { $0.contains("probe recovered") } == 1)
        #expect(lines.count { $0.contains("target changed") && $0.contains("to=replica") } == 1)
        let last = results.of(probe.target).last?.samples ?? []
        #expect(last.value("vaultwatch_probe_failures_total", ["reason": "timeout"]) == 2)
        #expect(last.value("vaultwatch_probe_failures_total", ["reason": "connect"]) == 1)
        #expect(last.value("vaultwatch_probe_success", ["target_type": "postgres", "target": "a"]) == 1)
    }

    @Test func lastSuccessStaysWhileItFails() async {
        let time = VirtualTime()
        let probe = ScriptedProbe(.postgres, "a", time: time, [.answer("primary"), .fail("reset")])
        let results = await run([probe], time: time, for: .seconds(30)).of(probe.target)
        let first = results.first?.timestamp.seconds
        #expect(results.last?.samples.value("vaultwatch_probe_success") == 0)
        #expect(results.last?.samples.value("vaultwatch_probe_last_success_timestamp_seconds") == first)
    }

    @Test func onceAsksEverythingOnce() async {
        let time = VirtualTime()
        let probes = [
            ScriptedProbe(.vaultCanary, "c", time: time), ScriptedProbe(.vaultNode, "n", time: time),
            ScriptedProbe(.backupSet, "b", time: time),
        ]
        let results = Results()
        await ProbeSchedule(ProbeSet(probes: probes), platform: testPlatform(time), events: results.events).runOnce()
        let order = results.all.withLock { $0.map(\.target) }
        // Nodes first, since the other probes need their states.
        #expect(order.first == probes[1].target)
        #expect(probes.allSatisfy { $0.startCount == 1 })
    }
}
