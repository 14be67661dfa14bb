import Exposition
import Logging
import Platform
import Samples
import Simulation
import Store
import Telemetry
import Testing
import Text

@testable import Agent
@testable import Probes

/// What a step of the wall clock must not do to samples, and what is news.
struct ClockStepDetectorTests {
    private let time = VirtualTime(wall: Timestamp(milliseconds: 1_000_000_000))
    private let registry = Registry()
    private let store: Store
    private let clock: ClockStepDetector
    private let appender: Appender

    init() {
        let platform = Platform(
            time: time, random: SeededRandom(seed: 1), files: MemoryFiles(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        store = Store(options: StoreOptions(), registry: registry)
        clock = ClockStepDetector(store: store, platform: platform, registry: registry)
        appender = Appender(store: store, clock: clock)
    }

    private func result(_ value: Double) -> ProbeResult {
        let now = time.wall()
        return ProbeResult(
            target: ProbeTarget(.vaultNode, "c/n"),
            samples: [Sample(Labels(name: "vault_node_sealed"), value, at: now)],
            status: TargetStatus(.ok, ""), timestamp: now)
    }

    /// How old each sample is, seconds.
    private var ages: [Double] {
        let points =
            store.select([Matcher("__name__", equals: "vault_node_sealed")], start: .min, end: .max).first?.points ?? []
        return points.map { Double(time.wall().milliseconds - $0.t) / 1000 }
    }

    @Test(arguments: [-3600, 3600] as [Int64]) func samplesAreAsOldAfterAStepAsBefore(step: Int64) {
        for value in [0.0, 1, 1] {
            _ = appender.append([result(value)])
            time.move(to: time.monotonic() + .seconds(10))
        }
        #expect(ages == [30, 20, 10])
        time.stepWall(by: .seconds(step))
        time.move(to: time.monotonic() + .seconds(5))
        #expect(clock.check().steps == .seconds(step))
        #expect(ages == [35, 25, 15])
        #expect(clock.check().steps == .seconds(step))
        #expect(registry.counter("vaultwatch_clock_steps_total", help: "").value() == 1)
    }

    @Test func slewingIsNoStep() {
        _ = appender.append([result(0)])
        for _ in 0..<20 {
            time.stepWall(by: .milliseconds(900))
            clock.check()
        }
        #expect(clock.check().steps == .zero)
    }

    /// A probe began before the clock stepped back and ended after it: its result must not refuse what comes.
    @Test func aResultOfATimeToComeIsOfNow() {
        let late = result(1)
        time.stepWall(by: .seconds(-3600))
        _ = appender.append([late])
        time.move(to: time.monotonic() + .seconds(10))
        _ = appender.append([result(0)])
        #expect(ages == [10, 0])
    }

    /// Whatever its name ends in: the catalogue says that it is a state.
    @Test func aStateIsNewsWhateverItsName() {
        func contradiction(_ value: Double) -> ProbeResult {
            ProbeResult(
                target: ProbeTarget(.vaultNode, "c/n"),
                samples: [Sample(Labels(name: "vault_node_inconsistent"), value, at: time.wall())],
                status: TargetStatus(.ok, ""), timestamp: time.wall())
        }
        _ = appender.append([contradiction(0)])
        time.move(to: time.monotonic() + .seconds(10))
        #expect(appender.append([contradiction(1)]) == ["vault_node_inconsistent"])
    }

    /// Rules may have been evaluated before a target's first samples; a measurement's later changes are no news.
    @Test func aMetricThatATargetHasForTheFirstTimeIsNews() {
        func measured(_ value: Double) -> ProbeResult {
            ProbeResult(
                target: ProbeTarget(.vaultNode, "c/n"),
                samples: [Sample(Labels(name: "vault_node_clock_skew_seconds"), value, at: time.wall())],
                status: TargetStatus(.ok, ""), timestamp: time.wall())
        }
        #expect(appender.append([measured(0)]) == ["vault_node_clock_skew_seconds"])
        time.move(to: time.monotonic() + .seconds(10))
        #expect(appender.append([measured(1)]) == [])
    }

    @Test func firstWordsAndChangesAreNews() {
        #expect(appender.append([result(0)]) == ["vault_node_sealed"])
        time.move(to: time.monotonic() + .seconds(10))
        #expect(appender.append([result(0)]) == [])
        time.move(to: time.monotonic() + .seconds(10))
        #expect(appender.append([result(1)]) == ["vault_node_sealed"])
    }
}
