import Dispatch
import Logging
import Platform
import Samples
import Synchronization
import Testing

@testable import Agent

/// Names of users from a directory that may not answer.
@Suite(.timeLimit(.minutes(1))) struct PeerNamesTests {
    private let platform = Platform.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test func namesAreAskedForOnce() async {
        let asked = Mutex<[UInt32]>([])
        let names = PeerNames(platform) { user in
            asked.withLock { $0.append(user) }
            return user == 7 ? "ann" : nil
        }
        #expect(await names.name(7) == "ann")
        #expect(await names.name(7) == "ann")
        #expect(await names.name(8) == "uid 8")
        #expect(asked.withLock { $0 } == [7, 8])
    }

    /// A number is enough for the history; a request does not wait for the directory.
    @Test func aDirectoryThatDoesNotAnswer() async {
        let hangs = Mutex(true)
        let gate = DispatchSemaphore(value: 0)
        let names = PeerNames(platform) { user in
            if hangs.withLock({ $0 }) { gate.wait() }
            return "name \(user)"
        }
        for user in 0..<3 as Range<UInt32> { #expect(await names.name(user) == "uid \(user)") }
        hangs.withLock { $0 = false }
        gate.signal()
    }
}
