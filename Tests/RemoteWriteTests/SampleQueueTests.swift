import Foundation
import Platform
import Samples
import Synchronization
import Testing

@testable import RemoteWrite

/// The way from memory to disk, on a thread that the disk holds.
struct SampleQueueTests {
    private let folder = MemoryFolder()
    private let time = SystemTime()

    private func queue() -> SampleQueue {
        SampleQueue(
            "a", limits: .init(total: 1 << 20), files: folder, pool: ThreadPool("test", threads: 1))
    }

    /// Neither those who append nor a sender that is stopped wait for it, and nothing that found room is lost.
    @Test func aHangingDiskHoldsNobodyUp() async throws {
        let queue = queue()
        let (isHeld, hold) = (OneShot<Void>(), DispatchSemaphore(value: 0))
        let holds = Mutex(true)
        folder.state.withLock {
            $0.hold = {
                guard holds.withLock({ $0 }) else { return }
                isHeld.fulfil(())
                hold.wait()
            }
        }
        queue.append(samples("up", 1...2))
        let flush = Task { await queue.flush(time: time) }
        await isHeld.value()
        queue.append(samples("up", 3...4))
        let sender = Task { await queue.next(10, time: time) }
        sender.cancel()
        #expect(await sender.value == nil)
        flush.cancel()
        #expect(await flush.value == nil)
        // 200,000 are kept, those included that the disk's thread has.
        queue.append(samples("up", 5...199_999))
        queue.append(samples("up", 200_000...200_010))
        let status = queue.status(at: time.monotonic() + .seconds(11))
        #expect(status.overflown == 11 && status.waiting == 199_999)
        #expect(status.failure == "the disk or mount does not answer")
        queue.append(samples("up", 200_011...200_011))
        #expect(queue.status(at: time.monotonic()).newest == Timestamp(milliseconds: 200_011_000))
        holds.withLock { $0 = false }
        hold.signal()
        #expect(await queue.flush(time: time) != nil)
        var seconds: [Int64] = []
        while let batch = await queue.next(10_000, time: time), !batch.samples.isEmpty {
            seconds += batch.samples.map { $0.timestamp.milliseconds / 1000 }
            await queue.commit(batch, time: time)
        }
        let isWhole = seconds == Array(1...199_999) + [200_011]
        #expect(isWhole, "\(seconds.count) samples, beginning with \(seconds.prefix(3))")
        #expect(queue.status(at: time.monotonic()).waiting == 0 && queue.status(at: time.monotonic()).failure == nil)
    }

    @Test func whatADiskDoesNotTakeIsReadFromMemoryInOrder() async throws {
        let queue = queue()
        queue.append(samples("up", 1...10))
        _ = await queue.flush(time: time)
        folder.state.withLock { $0.room = $0.size }
        queue.append(samples("up", 11...15))
        queue.append(samples("up", 16...20))
        let first = try #require(await queue.next(8, time: time))
        #expect(first.samples == samples("up", 1...8))
        await queue.commit(first, time: time)
        #expect(try #require(await queue.next(8, time: time)).samples == samples("up", 9...10))
        let third = try #require(await queue.next(7, time: time))
        #expect(third.samples == samples("up", 11...17) && third.end == nil)
        #expect(
            queue.status(at: time.monotonic()).failure?.contains("No space left") == true
                && queue.status(at: time.monotonic()).waiting == 3)
        // A stop in the middle of a request.
        queue.giveBack(third)
        folder.state.withLock { $0.room = .max }
        #expect(try #require(await queue.next(100, time: time)).samples == samples("up", 11...20))
        #expect(queue.status(at: time.monotonic()).failure == nil)
    }
}
