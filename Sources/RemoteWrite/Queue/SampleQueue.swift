import Platform
import Samples
import Synchronization

/// The samples of one endpoint on their way to its server: in memory until the disk has them, and on disk until the
/// server has them.
///
/// `append` only stores references under a lock. The disk has a thread of its own; while it hangs or is full, samples
/// wait in memory, up to a limit, beyond which new ones are dropped. What a full disk does not take is read from memory,
/// so that a server that answers still gets everything.
final class SampleQueue: Sendable {
    /// How many samples wait in memory for the disk: as many as the store has series by default, a few megabytes.
    static let memoryLimit = 200_000

    /// Samples to send.
    struct Batch: Sendable {
        var samples: [Sample]
        /// Where on disk they end; nil if they were never there.
        var end: QueuePosition?
    }

    /// What the metrics show.
    struct Status: Sendable, Hashable {
        /// On disk, in bytes.
        var bytes: Int64 = 0
        /// Samples on disk and in memory that no batch has.
        var waiting = 0
        /// Samples of the batch that was taken last and not forgotten.
        var underWay = 0
        /// Losses on disk since the queue was opened.
        var losses = DiskQueue.Losses()
        /// Samples that found no room in memory.
        var overflown = 0
        /// Why the disk did not take samples when it was last given some; nil if it did.
        var writeFailure: String?
        /// Why it did not give them back, or could not note what was sent.
        var readFailure: String?
        /// The time of the newest sample that came.
        var newest: Timestamp?

        /// Why the disk fails; nil while it works.
        var failure: String? { writeFailure ?? readFailure }
    }

    private struct Memory {
        var waiting: [[Sample]] = []
        /// Samples in `waiting`, and those that the disk's thread has taken from there and not written.
        var count = 0
        var status = Status()
        /// Since when the disk's thread has been at what it does.
        var busySince: Instant?
    }

    private let memory = Mutex(Memory())
    private let disk: Mutex<DiskQueue?>
    private let pool: any WorkPool
    private let name: String
    private let limits: DiskQueue.Limits
    private let files: any QueueFiles
    /// Signalled when samples have come.
    let arrival = Wake()

    /// A queue whose files are opened when they are first needed.
    /// - Parameter pool: one thread, for all queues.
    init(_ name: String, limits: DiskQueue.Limits, files: any QueueFiles, pool: any WorkPool) {
        (self.name, self.limits, self.files, self.pool) = (name, limits, files, pool)
        disk = Mutex(nil)
    }

    /// A disk that needs longer for one call hangs.
    private static let hangLimit = Duration.seconds(10)

    /// What the metrics show; of the disk, as of the last call that used it.
    func status(at now: Instant) -> Status {
        memory.withLock { memory in
            var status = memory.status
            status.waiting += memory.count
            if let since = memory.busySince, now - since > SampleQueue.hangLimit {
                status.writeFailure = "the disk or mount does not answer"
            }
            return status
        }
    }

    /// Takes samples. Never waits.
    func append(_ samples: [Sample]) {
        let isFirst = memory.withLock { memory in
            let room = SampleQueue.memoryLimit - memory.count
            guard samples.count <= room else {
                memory.status.overflown += samples.count
                return false
            }
            memory.count += samples.count
            memory.waiting.append(samples)
            if let newest = samples.lazy.map(\.timestamp).max() {
                memory.status.newest = max(memory.status.newest ?? newest, newest)
            }
            return memory.waiting.count == 1
        }
        if isFirst { arrival.signal() }
    }

    /// Writes to disk what waits in memory.
    /// - Returns: nil if there is no thread, or the task was cancelled first.
    func flush(time: any TimeSource) async -> Void? {
        await onDisk(time) { self.write(&$0) }
    }

    /// The next samples to send; empty if there are none.
    /// - Returns: nil if the disk can't be read now, or the task was cancelled first.
    func next(_ limit: Int, time: any TimeSource) async -> Batch? {
        await onDisk(time) { disk -> Batch? in
            self.write(&disk)
            do throws(FileError) {
                let found = try disk?.next(limit)
                self.note(disk) { $0.readFailure = nil }
                if let found, !found.samples.isEmpty {
                    return self.taken(Batch(samples: found.samples, end: found.end))
                }
            } catch {
                self.note(disk) { $0.readFailure = error.description }
                return nil
            }
            return self.taken(Batch(samples: self.takeFromMemory(limit), end: nil))
        } ?? nil
    }

    private func taken(_ batch: Batch) -> Batch {
        memory.withLock { $0.status.underWay = batch.samples.count }
        return batch
    }

    /// Forgets a batch, which was sent or refused.
    func commit(_ batch: Batch, time: any TimeSource) async {
        memory.withLock { $0.status.underWay = 0 }
        guard let end = batch.end else { return }
        _ = await onDisk(time) { disk in
            do throws(FileError) {
                try disk?.commit(end)
                self.note(disk) { $0.readFailure = nil }
            } catch {
                self.note(disk) { $0.readFailure = error.description }
            }
        }
    }

    /// Takes a batch back that was not sent, before the queue is given up.
    func giveBack(_ batch: Batch) {
        memory.withLock { memory in
            memory.status.underWay = 0
            // One on disk is still there.
            guard batch.end == nil, !batch.samples.isEmpty else { return }
            memory.waiting.insert(batch.samples, at: 0)
            memory.count += batch.samples.count
        }
    }

    // MARK: On the disk's thread

    /// How long a caller waits for the disk unless it is cancelled; long enough that it never ends by itself.
    private static let patience = Duration.seconds(86400)

    private func onDisk<Value: Sendable>(
        _ time: any TimeSource, _ body: @escaping @Sendable (inout DiskQueue?) -> Value
    ) async -> Value? {
        let pool = pool
        let isWanted = Flag()
        // A hanging disk must not keep a task that is cancelled, and a call whose task is gone must take nothing out of the
        // queue once the disk answers.
        let value = await Deadline.run(
            {
                await pool.run { () -> Value? in
                    guard !isWanted.isLowered else { return nil }
                    self.memory.withLock { $0.busySince = time.monotonic() }
                    defer { self.memory.withLock { $0.busySince = nil } }
                    return self.disk.withLock { body(&$0) }
                }
            },
            until: time.monotonic() + SampleQueue.patience, time: time)
        isWanted.lower()
        return (value ?? nil) ?? nil
    }

    private func write(_ disk: inout DiskQueue?) {
        let taken = memory.withLock { memory in
            defer { memory.waiting = [] }
            return memory.waiting
        }
        let isTried = disk == nil || !taken.isEmpty
        var failure: FileError?
        var rest = taken[...]
        do throws(FileError) {
            if disk == nil { disk = try DiskQueue(name, limits: limits, files: files) }
        } catch {
            failure = error
        }
        var written = 0
        while failure == nil, let samples = rest.first {
            rest.removeFirst()
            let (done, error) = disk?.append(samples) ?? (0, nil)
            written += done
            failure = error
            if done < samples.count { rest = [Array(samples[done...])] + rest }
        }
        let (left, count) = (Array(rest), written)
        memory.withLock { memory in
            memory.waiting = left + memory.waiting
            memory.count -= count
        }
        let text = failure?.description
        note(disk) { if isTried { $0.writeFailure = text } }
    }

    private func takeFromMemory(_ limit: Int) -> [Sample] {
        memory.withLock { memory in
            var taken: [Sample] = []
            while taken.count < limit, let first = memory.waiting.first {
                let part = first.prefix(limit - taken.count)
                taken += part
                if part.count == first.count {
                    memory.waiting.removeFirst()
                } else {
                    memory.waiting[0] = Array(first[part.endIndex...])
                }
            }
            memory.count -= taken.count
            return taken
        }
    }

    private func note(_ disk: DiskQueue?, _ change: (inout Status) -> Void) {
        memory.withLock { memory in
            change(&memory.status)
            guard let disk else { return }
            memory.status.bytes = disk.bytes
            memory.status.waiting = disk.unread
            memory.status.losses = disk.losses
        }
    }
}

/// A flag that is up until it is lowered.
private final class Flag: Sendable {
    private let lowered = Mutex(false)

    var isLowered: Bool { lowered.withLock { $0 } }

    func lower() { lowered.withLock { $0 = true } }
}
