package import Platform
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Runs tasks and actors on one thread, one job after the other, in an order determined by a seed: the production code
/// with all its concurrency, in a reproducible run.
///
/// Every job that tasks create while `use` runs on this thread, or while `step` runs one of them, waits here instead of
/// going to Swift's pool. Other threads are not affected, so that several such executions may run in parallel.
///
/// The runtime has no public way to replace the global executor in 6.2; it has a hook, which Point-Free's
/// swift-concurrency-extras uses in the same way. This file can be removed once custom global executors exist
/// (SE-0505).
/// Source: swift, stdlib/public/Concurrency/ConcurrencyHooks.cpp, `swift_task_enqueueGlobal_hook`.
package final class SerialExecution: @unchecked Sendable {
    // Everything below is only used by the thread that drives this executor.
    private var jobs: [UnownedJob] = []
    private var head = 0
    private let random: SeededRandom
    /// Jobs run since the start.
    package private(set) var count = 0

    /// The seed chooses among this many of the longest waiting jobs.
    private static let choice = 4

    /// - Returns: nil if the runtime has no such hook.
    package init?(random: SeededRandom) {
        guard SerialExecution.isHooked else { return nil }
        self.random = random
    }

    /// Runs the body; tasks that it starts wait for `step`.
    package func use<T>(_ body: () throws -> T) rethrows -> T {
        let before = pthread_getspecific(SerialExecution.key)
        pthread_setspecific(SerialExecution.key, Unmanaged.passUnretained(self).toOpaque())
        defer { pthread_setspecific(SerialExecution.key, before) }
        return try body()
    }

    /// Whether no job is waiting.
    package var isIdle: Bool { head == jobs.count }

    /// Runs one job. Returns false if there is none.
    package func step() -> Bool {
        guard !isIdle else { return false }
        let waiting = jobs.count - head
        let chosen = waiting > 1 ? head + random.below(min(waiting, SerialExecution.choice)) : head
        let job = jobs[chosen]
        // The jobs before it keep their order.
        if chosen > head { for index in stride(from: chosen, to: head, by: -1) { jobs[index] = jobs[index - 1] } }
        head += 1
        if head > 1024 {
            jobs.removeFirst(head)
            head = 0
        }
        count += 1
        use { job.runSynchronously(on: SerialExecution.generic) }
        return true
    }

    /// Runs everything that is due until a time, to which the clock is moved.
    /// - Parameter each: called after each job.
    package func run(_ time: VirtualTime, until end: Instant, each: () -> Void = {}) {
        // Jobs that timers wake must run on this thread as well.
        use {
            while true {
                while step() { each() }
                guard let next = time.nextDeadline, next <= end else { break }
                time.move(to: next)
            }
            time.move(to: end)
        }
    }

    private func add(_ job: UnownedJob) { jobs.append(job) }

    // MARK: The runtime

    /// "No actor": what the pool's own threads run jobs under. The type has no public value for it; in the runtime's
    /// ABI it is two zero words.
    private static let generic = unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    private static let isHooked: Bool = {
        guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "swift_task_enqueueGlobal_hook") else { return false }
        _ = key
        symbol.assumingMemoryBound(to: Hook?.self).pointee = { job, original in
            guard let current = pthread_getspecific(SerialExecution.key) else { return original(job) }
            Unmanaged<SerialExecution>.fromOpaque(current).takeUnretainedValue().add(job)
        }
        return true
    }()
}
