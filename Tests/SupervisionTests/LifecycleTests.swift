import Platform
import Testing

@testable import Supervision

struct LifecycleTests {
    private let start = Instant(nanoseconds: 0)

    /// A lifecycle that has sent its first READY.
    private func running() -> Lifecycle {
        var lifecycle = Lifecycle()
        let round = lifecycle.targetsChanged()
        _ = lifecycle.servicesStarted(status: "s")
        #expect(lifecycle.roundEnded(round, status: "s") == [.ready(status: "s"), .becameReady])
        return lifecycle
    }

    @Test func readyNeedsAllServicesAndTheFirstRound() {
        var lifecycle = Lifecycle()
        #expect(lifecycle.notReady == "starting")
        let round = lifecycle.targetsChanged()
        #expect(lifecycle.roundEnded(round, status: "s") == [])
        #expect(lifecycle.servicesStarted(status: "s") == [.ready(status: "s"), .becameReady])
        #expect(lifecycle.notReady == nil)

        lifecycle = Lifecycle()
        let other = lifecycle.targetsChanged()
        #expect(lifecycle.servicesStarted(status: "s") == [])
        #expect(lifecycle.notReady == "waiting for the first answer or failure of each target")
        #expect(lifecycle.roundEnded(other, status: "s") == [.ready(status: "s"), .becameReady])
        #expect(lifecycle.roundEnded(other, status: "s") == [])
    }

    /// The round of targets that a reload has replaced neither makes ready nor is waited for.
    @Test func aReloadBeforeTheFirstRound() {
        var lifecycle = Lifecycle()
        let first = lifecycle.targetsChanged()
        _ = lifecycle.servicesStarted(status: "s")
        #expect(lifecycle.reloadBegan() == [])
        let second = lifecycle.targetsChanged()
        #expect(lifecycle.reloadEnded(refusal: nil, status: "s") == [])
        #expect(lifecycle.roundEnded(first, status: "s") == [])
        #expect(lifecycle.roundEnded(second, status: "s") == [.ready(status: "s"), .becameReady])
    }

    /// The first round ends while a reload is under way, which may yet bring other targets.
    @Test func readyWaitsForTheReload() {
        var lifecycle = Lifecycle()
        let first = lifecycle.targetsChanged()
        _ = lifecycle.servicesStarted(status: "s")
        _ = lifecycle.reloadBegan()
        #expect(lifecycle.roundEnded(first, status: "s") == [])
        #expect(lifecycle.reloadEnded(refusal: nil, status: "s") == [.ready(status: "s"), .becameReady])
    }

    @Test func aReloadIsFollowedByOneReady() {
        var lifecycle = running()
        // Targets stay as they are.
        #expect(lifecycle.reloadBegan() == [.reloading])
        #expect(lifecycle.notReady == nil)
        #expect(lifecycle.reloadEnded(refusal: nil, status: "t") == [.ready(status: "t")])
        // Others, and a second reload before their first round has ended.
        #expect(lifecycle.reloadBegan() == [.reloading])
        let second = lifecycle.targetsChanged()
        #expect(lifecycle.reloadEnded(refusal: nil, status: "t") == [])
        #expect(lifecycle.reloadBegan() == [.reloading])
        let third = lifecycle.targetsChanged()
        #expect(lifecycle.reloadEnded(refusal: nil, status: "t") == [])
        #expect(lifecycle.roundEnded(second, status: "t") == [])
        #expect(lifecycle.roundEnded(third, status: "u") == [.ready(status: "u")])
    }

    @Test func aRefusedReloadIsInTheStatusUntilOneSucceeds() {
        var lifecycle = running()
        _ = lifecycle.reloadBegan()
        let status = "s. The last reload was refused, the configuration before it is in force: a.yml:1:1: no"
        #expect(lifecycle.reloadEnded(refusal: "a.yml:1:1: no\nb", status: "s") == [.ready(status: status)])
        #expect(lifecycle.turn(stalled: [], status: "s", now: start) == [.alive])
        _ = lifecycle.reloadBegan()
        #expect(lifecycle.reloadEnded(refusal: nil, status: "s") == [.ready(status: "s")])
    }

    @Test func nothingButTheWatchdogFollowsTheStop() {
        for begins in [false, true] {
            var lifecycle = begins ? Lifecycle() : running()
            _ = lifecycle.reloadBegan()
            let round = lifecycle.targetsChanged()
            let stopping = Lifecycle.Action.stopping(status: "Stopping: delivering what is in flight")
            #expect(lifecycle.stopBegan(now: start, limit: .seconds(20)) == [stopping])
            #expect(lifecycle.notReady == "stopping")
            #expect(lifecycle.stopBegan(now: start, limit: .seconds(20)) == [])
            #expect(lifecycle.servicesStarted(status: "s") == [])
            #expect(lifecycle.roundEnded(round, status: "s") == [])
            #expect(lifecycle.reloadEnded(refusal: nil, status: "s") == [])
            #expect(lifecycle.reloadBegan() == [])
            #expect(lifecycle.turn(stalled: ["poll"], status: "x", now: start + .seconds(19)) == [.alive])
            #expect(lifecycle.turn(stalled: [], status: "x", now: start + .seconds(20)) == [])
        }
    }

    @Test func theWatchdogIsFedWhileAllLoopsAdvance() {
        var lifecycle = running()
        #expect(lifecycle.turn(stalled: [], status: "s", now: start) == [.alive])
        #expect(lifecycle.turn(stalled: ["poll"], status: "s", now: start) == [.stalled(["poll"])])
        #expect(lifecycle.turn(stalled: ["poll"], status: "s", now: start) == [])
        #expect(lifecycle.turn(stalled: [], status: "t", now: start) == [.alive, .stalled([]), .status("t")])
    }
}
