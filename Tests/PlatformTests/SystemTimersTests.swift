import Platform
import Synchronization
import Testing

struct SystemTimersTests {
    private final class Order: Sendable {
        let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var list: [String] { names.withLock { $0 } }
    }

    private struct NoThreads: ThreadStarter {
        func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
            throw ThreadError(name: name, code: 11)
        }
    }

    @Test(.timeLimit(.minutes(1))) func timersAreCalledInTheOrderOfTheirDeadlines() async {
        let timers = SystemTimers(threads: SystemThreads())
        let start = SystemTime().monotonic()
        let order = Order()
        await withCheckedContinuation { continuation in
            let last = start + .milliseconds(60)
            _ = timers.schedule(at: last) { continuation.resume() }
            _ = timers.schedule(at: start + .milliseconds(40)) { order.add("second") }
            _ = timers.schedule(at: start + .milliseconds(20)) { order.add("first") }
            timers.cancel(timers.schedule(at: start + .milliseconds(30)) { order.add("cancelled") })
        }
        #expect(order.list == ["first", "second"])
        #expect(SystemTime().monotonic() - start >= .milliseconds(60))
        #expect(timers.count == 0)
    }

    @Test(.timeLimit(.minutes(1))) func aTimerThatIsDueIsCalledSoon() async {
        let timers = SystemTimers(threads: SystemThreads())
        // Waits for the far one before the other is scheduled.
        _ = timers.schedule(at: SystemTime().monotonic() + .seconds(3600)) {}
        for deadline in [SystemTime().monotonic() - .seconds(1), Instant(nanoseconds: -5), SystemTime().monotonic()] {
            await withCheckedContinuation { continuation in
                _ = timers.schedule(at: deadline) { continuation.resume() }
            }
        }
        #expect(timers.count == 1)
    }

    @Test(.timeLimit(.minutes(1))) func withoutAThreadTimersGoOn() async {
        let timers = SystemTimers(threads: NoThreads())
        let order = Order()
        timers.cancel(timers.schedule(at: SystemTime().monotonic()) { order.add("cancelled") })
        await withCheckedContinuation { continuation in
            _ = timers.schedule(at: SystemTime().monotonic() + .milliseconds(20)) { continuation.resume() }
        }
        #expect(timers.count == 0)
        #expect(order.list.isEmpty || order.list == ["cancelled"])
    }

    @Test(.timeLimit(.minutes(1))) func thousandsOfSleepersAreCancelledAndNoTimerStays() async {
        let time = SystemTime()
        let before = SystemTimers.shared.count
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<4000 {
                group.addTask {
                    do {
                        try await time.sleep(for: index.isMultiple(of: 2) ? .seconds(3600) : .milliseconds(index % 7))
                        return true
                    } catch {
                        return false
                    }
                }
                if index == 2000 { group.cancelAll() }
            }
            for await _ in group {}
        }
        // Other suites' timers come and go meanwhile; two thousand of an hour would not.
        #expect(SystemTimers.shared.count < before + 1000)
    }
}

struct WakeTests {
    @Test(.timeLimit(.minutes(1))) func aLateTimerEndsNoLaterWait() async {
        let time = SystemTime()
        let wake = Wake()
        for _ in 0..<2000 {
            // The signal and the deadline race; the next wait must still wait for its own.
            let signaller = Task { wake.signal() }
            await wake.wait(until: time.monotonic() + .microseconds(50), time: time)
            await signaller.value
        }
        wake.signal()
        await wake.wait(until: nil, time: time)
        let start = time.monotonic()
        await wake.wait(until: start + .milliseconds(30), time: time)
        #expect(time.monotonic() - start >= .milliseconds(30))
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledWaitEnds() async {
        let wake = Wake()
        let waiter = Task { await wake.wait(until: nil, time: SystemTime()) }
        waiter.cancel()
        await waiter.value
        let late = Task { await wake.wait(until: SystemTime().monotonic() + .seconds(3600), time: SystemTime()) }
        late.cancel()
        await late.value
    }
}
