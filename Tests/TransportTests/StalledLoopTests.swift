import Dispatch
import Lab
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import TestServers
import Testing
import Text

@testable import Transport

/// A process that was stopped, or a machine without CPU for it, says nothing about a peer.
struct StalledLoopTests {
    /// A transport whose clock the test moves, and a server that holds the answers to `/held` until it is told to give
    /// one.
    private final class Held: Sendable {
        let time = VirtualTime()
        let transport: CurlTransport
        private let asked = Mutex(0)
        private let gate = DispatchSemaphore(value: 0)
        private let server = Mutex<RawServer?>(nil)
        private let address = Mutex("")

        init() throws {
            transport = CurlTransport(
                options: CurlTransportOptions(),
                platform: Platform(
                    time: time, random: SeededRandom(seed: 1), files: SystemFiles(), log: Logger(label: "test")))
            let server = try RawServer.http { [weak self] request in
                guard request.contains("/held"), let self else { return RawServer.ok("quick") }
                self.asked.withLock { $0 += 1 }
                self.gate.wait()
                return RawServer.ok("held")
            }
            address.withLock { $0 = server.url }
            self.server.withLock { $0 = server }
        }

        func send(_ path: String) async -> Result<String, TransportError> {
            var request = HTTPRequest(url: address.withLock { $0 } + path)
            request.timeout = .seconds(2)
            do { return .success(try await transport.send(request).text) } catch { return .failure(error) }
        }

        /// A held request has reached the server.
        func isAsked() async -> Bool { await waitUntil { self.asked.withLock { $0 } > 0 } }

        func answer() { gate.signal() }

        func close() {
            gate.signal()
            transport.close()
            server.withLock { $0?.stop() }
        }
    }

    @Test func onlyWhatIsMuchTooLateIsAStall() {
        #expect(LoopStall.duration(busy: .milliseconds(90), polled: .milliseconds(1090), wait: 1000) == .zero)
        #expect(LoopStall.duration(busy: .zero, polled: .seconds(5), wait: 1000) == .seconds(4))
        #expect(LoopStall.duration(busy: .seconds(3), polled: .zero, wait: 0) == .seconds(3))
        #expect(LoopStall.duration(busy: .seconds(3), polled: .seconds(2), wait: 1000) == .seconds(4))
        // Without a limit the poll may take any time: there is nothing to be late for.
        #expect(LoopStall.duration(busy: .zero, polled: .seconds(100), wait: -1) == .zero)
        // Woken early.
        #expect(LoopStall.duration(busy: .zero, polled: .zero, wait: 1000) == .zero)
    }

    /// What has come is read before a deadline is looked at.
    @Test func anAnswerThatHasComeCounts() async throws {
        let held = try Held()
        let request = Task { await held.send("/held") }
        #expect(await held.isAsked())
        held.time.move(to: held.time.monotonic() + .seconds(10))
        held.answer()
        #expect(await request.value == .success("held"))
        held.close()
    }

    /// After a stop a peer has the time that it had left.
    @Test func aStopIsNotCounted() async throws {
        let held = try Held()
        let request = Task { await held.send("/held") }
        #expect(await held.isAsked())
        held.time.move(to: held.time.monotonic() + .seconds(10))
        // The loop has run after the stop.
        #expect(await held.send("/quick") == .success("quick"))
        held.answer()
        #expect(await request.value == .success("held"))
        held.close()
    }

    /// Time in which the loop did run is counted.
    @Test func aPeerThatIsSilentTimesOut() async throws {
        let held = try Held()
        let request = Task { await held.send("/held") }
        #expect(await held.isAsked())
        for _ in 0..<30 {
            held.time.move(to: held.time.monotonic() + .milliseconds(90))
            #expect(await held.send("/quick") == .success("quick"))
        }
        guard case .failure(let error) = await request.value else {
            Issue.record("it did not time out")
            return
        }
        #expect(error.reason == .timeout)
        // The server's kernel has taken the request.
        #expect(error.isTaken)
        #expect(error.message.hasSuffix("Operation timed out after 2000 milliseconds with 0 bytes received"))
        held.close()
    }

    /// A request that waits for others' connections until its time is nearly over is not sent, and not held against the
    /// peer.
    @Test func whatIsBegunTooLateIsNotSent() async throws {
        let silent = try RawServer { connection in while !connection.read().isEmpty {} }
        var options = CurlTransportOptions()
        options.concurrentConnects = 1
        let transport = CurlTransport.test(options)
        // Accepted, and no TLS: the connection is being established until its time is over.
        var blocking = HTTPRequest(url: silent.url.replacing("http:", with: "https:"))
        blocking.timeout = .seconds(2)
        var waiting = HTTPRequest(url: "http://127.0.0.1:\(silent.port)/")
        waiting.timeout = .milliseconds(500)
        let first = Task { [blocking] in
            await reason { () async throws(TransportError) in try await transport.send(blocking) }
        }
        #expect(await waitUntil { silent.connections == 1 })
        let second = await reason { () async throws(TransportError) in try await transport.send(waiting) }
        #expect(second == .notBegun)
        #expect(silent.connections == 1)
        #expect(await first.value == .timeout)
        transport.close()
        silent.stop()
    }
}
