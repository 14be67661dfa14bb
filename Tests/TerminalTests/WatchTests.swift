import Platform
import Samples
import Testing
import TimeZones
import Web

@testable import vaultwatch

/// The pictures of `vaultwatch watch`.
struct WatchTests {
    private static func display(_ width: Int, _ height: Int) -> Display {
        var display = Display.plain
        display.width = width
        display.height = height
        display.isTerminal = true
        return display
    }

    private static func moment(_ seconds: Int64) -> Moment {
        Moment(
            monotonic: Instant(nanoseconds: seconds * 1_000_000_000), wall: Timestamp(milliseconds: seconds * 1000))
    }

    private static let report = EstateReport(
        status: EstateStatus(
            version: "1", startedAt: "2026-11-28T02:00:00Z", now: "2026-11-28T02:13:41Z",
            sections: [
                .init(
                    title: "Vault cluster prod", summary: "active vault-1",
                    targets: (1...30).map { .init(name: "vault-\($0)", health: .ok, state: "standby") })
            ]), incidents: [])

    @Test func beforeTheFirstAnswerItSaysSo() {
        let lines = WatchState().frame(WatchTests.display(80, 24), zone: .utc, now: WatchTests.moment(0))
        #expect(lines == ["Asking the agent…"])
    }

    @Test func aPictureIsNoHigherThanTheTerminal() {
        let state = WatchState()
        state.answered(WatchTests.report, WatchTests.moment(0))
        for height in [1, 2, 10, 24] {
            let lines = state.frame(WatchTests.display(80, height), zone: .utc, now: WatchTests.moment(1))
            #expect(lines.count == height)
        }
        let lines = state.frame(WatchTests.display(80, 10), zone: .utc, now: WatchTests.moment(1))
        let all = state.frame(WatchTests.display(80, 500), zone: .utc, now: WatchTests.moment(1)).count
        #expect(lines.last == "… \(all - 9) lines more; vaultwatch status prints all")
        #expect(all > 30)
    }

    @Test func anOldStateSaysHowOldItIs() {
        let state = WatchState()
        state.failed("unix:/run/x: nothing listens there")
        let first = state.frame(WatchTests.display(80, 24), zone: .utc, now: WatchTests.moment(0))
        #expect(first.first == "NO ANSWER: unix:/run/x: nothing listens there")
        state.answered(WatchTests.report, WatchTests.moment(10))
        let fresh = state.frame(WatchTests.display(80, 24), zone: .utc, now: WatchTests.moment(11))
        #expect(fresh.first?.hasPrefix("NO ANSWER") == false)
        state.failed("HTTP 503")
        let stale = state.frame(WatchTests.display(100, 24), zone: .utc, now: WatchTests.moment(163))
        #expect(stale.first == "NO ANSWER: HTTP 503; below is what it said 2 min 33 s ago", "\(stale)")
        #expect(stale.contains { $0.hasPrefix("Vault cluster prod") })
    }
}
