import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// The timers of the process: one thread that sleeps until the earliest deadline and runs the callbacks that are due.
///
/// Swift's `Task.sleep` creates a libdispatch timer for each call, with a system call to arm it, and two threads take
/// part in each wake-up. This agent mostly waits: that took a sixth of its time. Here a timer that is not the next one
/// costs no system call, and neither does one that is cancelled.
package final class SystemTimers: Sendable {
    /// The process's shared timers.
    package static let shared = SystemTimers(threads: SystemThreads())

    private struct State {
        var queue = TimerQueue<TimerID, Instant>()
        var bodies: [TimerID: @Sendable () -> Void] = [:]
        var next: TimerID = 1
        var isRunning = false
    }

    private let state = Mutex(State())
    private let bell = Bell()
    private let threads: any ThreadStarter

    /// Timers without a thread: it starts with the first of them.
    package init(threads: any ThreadStarter) { self.threads = threads }

    /// See `TimeSource.schedule`.
    package func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
        let (timer, isFirst, isRunning) = state.withLock { state -> (TimerID, Bool, Bool) in
            let timer = state.next
            state.next += 1
            let isFirst = state.queue.firstDue.map { deadline < $0 } ?? true
            state.queue.schedule(timer, at: deadline)
            state.bodies[timer] = body
            if !state.isRunning { state.isRunning = (try? threads.start("timers", stackBytes: 256 << 10, run)) != nil }
            return (timer, isFirst, state.isRunning)
        }
        if isRunning {
            if isFirst { bell.ring() }
        } else {
            // At the thread limit timers still work, at a higher cost; the next one tries again to start the thread.
            Task {
                let wait = deadline - SystemTime().monotonic()
                if wait > .zero { try? await Task.sleep(for: wait, clock: .suspending) }
                self.take(timer)?()
            }
        }
        return timer
    }

    /// See `TimeSource.cancel`.
    package func cancel(_ timer: TimerID) { _ = take(timer) }

    /// How many timers are pending.
    package var count: Int { state.withLock { $0.queue.count } }

    private func take(_ timer: TimerID) -> (@Sendable () -> Void)? {
        state.withLock { state in
            state.queue.cancel(timer)
            return state.bodies.removeValue(forKey: timer)
        }
    }

    @Sendable private func run() {
        let time = SystemTime()
        while true {
            let now = time.monotonic()
            let (due, next) = state.withLock { state -> ([@Sendable () -> Void], Instant?) in
                var due: [@Sendable () -> Void] = []
                while let (timer, _) = state.queue.popFirst(dueBy: now) {
                    if let body = state.bodies.removeValue(forKey: timer) { due.append(body) }
                }
                return (due, state.queue.firstDue)
            }
            for body in due { body() }
            // Timers scheduled meanwhile have rung the bell, or are later than `next`.
            bell.wait(until: next)
        }
    }
}

/// Wakes the timer thread early. Source: pthread_cond_timedwait(3).
private final class Bell: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Guarded by `mutex`.
    private var isRung = false

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // The wall clock may step.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func ring() {
        pthread_mutex_lock(mutex)
        isRung = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// - Parameter deadline: on the monotonic clock; nil waits for the bell only.
    func wait(until deadline: Instant?) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isRung {
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            let nanoseconds = max(deadline.nanoseconds, 0)
            var end = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &end) != 0 { break }
        }
        isRung = false
    }
}
