import Platform
import Synchronization
import Testing
@testable import Supervision

struct HeartbeatTests {
    @Test func aSilentLoopIsNamed() {
        let heartbeat = Heartbeat()
        let start = Instant(nanoseconds: 0)
        heartbeat.watch("poll", patience: .seconds(10), now: start)
        heartbeat.watch("dispatch", patience: .seconds(60), now: start)
        #expect(heartbeat.stalled(now: start + .seconds(10)).isEmpty)
        #expect(heartbeat.stalled(now: start + .seconds(11)) == ["poll"])
        heartbeat.beat("poll", now: start + .seconds(11))
        #expect(heartbeat.stalled(now: start + .seconds(20)).isEmpty)
        #expect(heartbeat.stalled(now: start + .seconds(100)) == ["dispatch", "poll"])
    }

    @Test func aBeatOfAnUnknownLoopIsIgnored() {
        let heartbeat = Heartbeat()
        heartbeat.beat("nobody", now: Instant(nanoseconds: 5))
        #expect(heartbeat.ages(now: Instant(nanoseconds: 6)).isEmpty)
    }
}

struct ServiceManagerTests {
    /// A line feed in a status would otherwise add a field of its own to the notification.
    @Test func aStatusIsOneLine() {
        let sent = Mutex<[String]>([])
        let manager = ServiceManager { message in sent.withLock { $0.append(message) } }
        manager.status("a node\nWATCHDOG=trigger")
        #expect(sent.withLock { $0 } == ["STATUS=a node WATCHDOG=trigger"])
    }

    @Test func aReloadCarriesTheMonotonicTime() {
        let sent = Mutex<[String]>([])
        let manager = ServiceManager { message in sent.withLock { $0.append(message) } }
        manager.reloading(monotonic: Instant(nanoseconds: 5_000_123))
        #expect(sent.withLock { $0 } == ["RELOADING=1\nMONOTONIC_USEC=5000"])
    }
}
