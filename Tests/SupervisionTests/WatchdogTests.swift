import Platform
import Testing

@testable import Supervision

struct WatchdogTests {
    @Test func aLoopThatStandsStillIsNamed() {
        let watchdog = Watchdog()
        let start = Instant(nanoseconds: 0)
        watchdog.watch("poll", limit: .seconds(10), now: start)
        watchdog.watch("dispatch", limit: .seconds(60), now: start)
        #expect(watchdog.stalled(now: start + .seconds(10)).isEmpty)
        #expect(watchdog.stalled(now: start + .seconds(11)) == ["poll"])
        watchdog.advanced("poll", now: start + .seconds(11))
        #expect(watchdog.stalled(now: start + .seconds(20)).isEmpty)
        #expect(watchdog.stalled(now: start + .seconds(100)) == ["dispatch", "poll"])
    }

    @Test func anUnknownLoopIsIgnored() {
        let watchdog = Watchdog()
        watchdog.advanced("unknown", now: Instant(nanoseconds: 5))
        #expect(watchdog.ages(now: Instant(nanoseconds: 6)).isEmpty)
    }
}
