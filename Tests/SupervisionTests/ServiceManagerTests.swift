import Platform
import Synchronization
import Testing

@testable import Supervision

struct ServiceManagerTests {
    private final class Sent: Sendable {
        let messages = Mutex<[String]>([])
        var manager: ServiceManager { ServiceManager { message in self.messages.withLock { $0.append(message) } } }
        var all: [String] { messages.withLock { $0 } }
    }

    /// A status with a line feed would otherwise add a field of its own.
    @Test func aStatusIsOneLine() {
        let sent = Sent()
        sent.manager.status("a node\nWATCHDOG=trigger")
        #expect(sent.all == ["STATUS=a node WATCHDOG=trigger"])
    }

    @Test func aReloadCarriesTheMonotonicTime() {
        let sent = Sent()
        sent.manager.reloading(monotonic: Instant(nanoseconds: 5_000_123))
        #expect(sent.all == ["RELOADING=1\nMONOTONIC_USEC=5000"])
    }
}
