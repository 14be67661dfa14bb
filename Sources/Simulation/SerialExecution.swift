package import Platform
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Runs tasks and actors on one thread, one job after the other, in an order that a seed decides: the production code
/// with all its concurrency, and a run that can be had again.
///
/// Every job that tasks make while `use` runs on this thread, or while `step` runs one of them, waits here instead of
/// going to Swift's pool. Other threads are left alone, so that several such executions may go on side by side.
///
/// The runtime has no public way to replace the global executor in 6.2; it has a hook, which swift-concurrency-extras
/// of Point-Free uses in the same way. This file can go when custom global executors are there (SE-0505).
/// Source: swift, stdlib/public/Concurrency/ConcurrencyHooks.cpp, `swift_task_enqueueGlobal_hook`.
package final class SerialExecution: @unchecked Sendable {
    // All below is touched by the thread that drives this alone.
    private var jobs: [UnownedJob] = []
    private var head = 0
    private let random: SeededRandom
    /// Jobs run since the start.
    package private(set) var count = 0

    /// Among so many of those that wait longest the seed chooses.
    private static let choice = 4

    /// - Returns: nil where the runtime has no such hook.
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

    /// Whether no job waits to be run.
    package var isIdle: Bool { head == jobs.count }

    /// Runs one job. False: there is none.
    package func step() -> Bool {
        guard !isIdle else { return false }
        let waiting = jobs.count - head
        let place = waiting > 1 ? head + random.below(min(waiting, SerialExecution.choice)) : head
        let job = jobs[place]
        // Those before it keep their order.
        if place > head { for index in stride(from: place, to: head, by: -1) { jobs[index] = jobs[index - 1] } }
        head += 1
        if head > 1024 {
            jobs.removeFirst(head)
            head = 0
        }
        count += 1
        use { job.runSynchronously(on: SerialExecution.generic) }
        return true
    }

    /// Runs everything that is due until a time, which it then is.
    /// - Parameter each: called after each job.
    package func run(_ time: VirtualTime, until end: Instant, each: () -> Void = {}) {
        // What wakes is to run on this thread as well.
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
