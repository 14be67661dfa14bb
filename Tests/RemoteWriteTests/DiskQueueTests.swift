import Platform
import Samples
import Synchronization
import Testing

@testable import RemoteWrite

/// The queue on disk: order, restarts, damage, limits.
struct DiskQueueTests {
    private let folder = MemoryFolder()

    private func queue(_ folder: MemoryFolder? = nil, total: Int64 = 64 << 20) throws -> DiskQueue {
        try DiskQueue("a", limits: .init(total: total), files: folder ?? self.folder)
    }

    /// The seconds of everything that the queue still has.
    private func drain(_ queue: inout DiskQueue, by limit: Int = 1000) throws -> [Int64] {
        var seconds: [Int64] = []
        while true {
            let batch = try queue.next(limit)
            if batch.samples.isEmpty { return seconds }
            seconds += batch.samples.map { $0.timestamp.milliseconds / 1000 }
            try queue.commit(batch.end)
        }
    }

    /// Samples with values that Snappy can't compress.
    private func noise(_ seconds: Range<Int64>) -> [Sample] {
        seconds.map { second in
            let bits = UInt64(bitPattern: second) &* 0x9e37_79b9_7f4a_7c15
            return Sample(
                Labels(name: "up"), Double(bits >> 11), at: Timestamp(milliseconds: second * 1000))
        }
    }

    @Test func itGivesInOrderWhatItTook() throws {
        var queue = try queue()
        #expect(try queue.next(10).samples.isEmpty)
        for start in stride(from: Int64(0), to: 5000, by: 500) {
            #expect(queue.append(samples("up", start..<(start + 500))) == (500, nil))
        }
        #expect(queue.unread == 5000)
        let batch = try queue.next(300)
        #expect(batch.samples == samples("up", 0..<300) && queue.unread == 4700)
        try queue.commit(batch.end)
        #expect(try drain(&queue, by: 777) == Array(300..<5000))
        #expect(queue.unread == 0 && queue.losses == .init())
        // What comes later is found by the same reader.
        _ = queue.append(samples("up", 5000..<5010))
        #expect(try drain(&queue) == Array(5000..<5010))
    }

    @Test func aRestartGoesOnWhereItWas() throws {
        var first = try queue()
        _ = first.append(samples("up", 0..<1000))
        let batch = try first.next(250)
        try first.commit(batch.end)
        var second = try queue(folder.copy())
        #expect(second.unread == 750)
        _ = second.append(samples("up", 1000..<1100))
        #expect(try drain(&second) == Array(250..<1100))
    }

    /// A server may have what was sent without an answer; then it refuses it whole, and must not refuse others with it.
    @Test func whatMayHaveArrivedIsSentAgainByItself() throws {
        var first = try queue()
        _ = first.append(samples("up", 0..<100))
        let sent = try first.next(30)
        try first.commit(sent.end)
        let uncertain = try first.next(40)
        #expect(uncertain.samples.count == 40)
        var second = try queue(folder.copy())
        let again = try second.next(1000)
        #expect(again.samples == uncertain.samples)
        try second.commit(again.end)
        #expect(try drain(&second) == Array(70..<100))
        // The limit may be smaller after the restart.
        var third = try queue(folder.copy())
        #expect(try third.next(5).samples == uncertain.samples)
    }

    /// A batch may end at the end of a segment, and reach over several.
    @Test func batchesReachOverSegments() throws {
        var queue = try queue(total: 1 << 20)
        var next: Int64 = 0
        while folder.segments.count < 4 {
            _ = queue.append(noise(next..<(next + 500)))
            next += 500
        }
        let half = try queue.next(9000)
        #expect(half.samples.count == 9000 && half.end.segment > 1)
        var other = try self.queue(folder.copy(), total: 1 << 20)
        #expect(try other.next(1).samples == half.samples)
        try queue.commit(half.end)
        #expect(folder.segments.count < 4)
        #expect(try drain(&queue) == Array(9000..<next))
        #expect(folder.segments.count == 1)
    }

    /// A kill, or a crash of the machine, leaves a record half-written.
    @Test func aTornEndIsCut() throws {
        var first = try queue()
        _ = first.append(samples("up", 0..<100))
        let intact = folder.files[folder.segments[0]]?.count ?? 0
        _ = first.append(samples("up", 100..<200))
        let whole = folder.files[folder.segments[0]]?.count ?? 0
        for cut in [1, QueueRecord.headerBytes - 1, QueueRecord.headerBytes, whole - intact - 1] {
            let copy = folder.copy()
            copy.change(copy.segments[0]) { $0.removeLast($0.count - intact - cut) }
            var second = try queue(copy)
            #expect(second.losses.corruptions == 1)
            _ = second.append(samples("up", 200..<210))
            #expect(try drain(&second) == Array(0..<100) + Array(200..<210), "\(cut) bytes of a record")
        }
    }

    @Test func aWrongRecordEndsItsSegmentAlone() throws {
        var first = try queue()
        _ = first.append(samples("up", 0..<10))
        _ = first.append(samples("up", 10..<20))
        var second = try queue()
        _ = second.append(samples("up", 20..<30))
        for offset in stride(from: 0, to: folder.files[folder.segments[0]]?.count ?? 0, by: 3) {
            let copy = folder.copy()
            copy.change(copy.segments[0]) { $0[offset] ^= 0xff }
            var third = try queue(copy)
            let left = try drain(&third)
            #expect(left.suffix(10) == Array(20..<30) && left.count < 30 && third.losses.corruptions == 1, "\(offset)")
        }
    }

    /// Damage that comes while the queue is open: the disk itself.
    @Test func damageWhileRunningIsSkipped() throws {
        var queue = try queue()
        _ = queue.append(samples("up", 0..<10))
        let segment = folder.segments[0]
        let file = try folder.open(segment)
        try file.write([0xff, 0xff], at: Int64(QueueRecord.magic.count + QueueRecord.headerBytes + 2))
        #expect(try queue.next(100).samples.isEmpty)
        #expect(queue.losses.corruptions == 1)
        _ = queue.append(samples("up", 10..<20))
        #expect(try drain(&queue) == Array(10..<20))
    }

    @Test func progressThatCannotBeReadBeginsAtTheOldest() throws {
        var first = try queue()
        _ = first.append(samples("up", 0..<10))
        try first.commit(try first.next(5).end)
        for bytes in [[], [1, 2, 3], [UInt8](repeating: 0xff, count: QueueProgress.bytes)] as [[UInt8]] {
            let copy = folder.copy()
            copy.put("a.progress", bytes)
            var second = try queue(copy)
            #expect(try drain(&second) == Array(0..<10))
        }
        var progress = QueueProgress()
        progress.sent = QueuePosition(segment: 7, offset: 9, sample: 11)
        progress.tried = QueuePosition(segment: 1 << 61, offset: .max, sample: .max)
        #expect(QueueProgress(progress.encoded) == progress)
        // A place behind everything, as after a segment was lost with the machine.
        folder.put("a.progress", progress.encoded)
        var third = try queue()
        _ = third.append(samples("up", 20..<30))
        #expect(try drain(&third) == Array(20..<30))
    }

    @Test func theOldestAreDroppedWhenItIsFull() throws {
        var queue = try queue(total: 1 << 20)
        var next: Int64 = 0
        while queue.losses.full == 0 {
            let more = noise(next..<(next + 500))
            #expect(queue.append(more) == (500, nil))
            next += 500
        }
        #expect(queue.bytes <= 1 << 20 && folder.files.values.reduce(0) { $0 + $1.count } <= 1 << 20 + 100)
        let lost = queue.losses.full
        #expect(queue.unread == Int(next) - lost)
        #expect(try drain(&queue) == Array(Int64(lost)..<next))
    }

    /// What is being sent while its segment is dropped is not counted as lost, and its commit changes nothing.
    @Test func aBatchUnderWayOutlivesItsSegment() throws {
        var queue = try queue(total: 1 << 20)
        _ = queue.append(samples("up", 0..<100))
        let batch = try queue.next(100)
        var next: Int64 = 100
        while queue.losses.full == 0 {
            let more = noise(next..<(next + 500))
            _ = queue.append(more)
            next += 500
        }
        let lost = queue.losses.full
        try queue.commit(batch.end)
        let rest = try drain(&queue)
        #expect(rest == Array((100 + Int64(lost))..<next))
    }

    /// A full disk takes a part of a record and then nothing; with room again nothing is missing, and no empty files lie
    /// about.
    @Test func aFullDiskLosesNothingThatItTook() throws {
        var queue = try queue()
        _ = queue.append(samples("up", 0..<100))
        folder.state.withLock { $0.room = $0.size + 20 }
        for _ in 0..<5 {
            let (done, error) = queue.append(samples("up", 100..<200))
            #expect(done == 0 && error?.reason == "No space left on device")
        }
        #expect(folder.segments.count == 1)
        #expect(try queue.next(40).samples == samples("up", 0..<40))
        folder.state.withLock { $0.room = .max }
        #expect(queue.append(samples("up", 100..<200)) == (100, nil))
        #expect(try drain(&queue) == Array(40..<200))
    }

    @Test func aSegmentThatSomebodyDeletedIsSkipped() throws {
        var first = try queue()
        _ = first.append(samples("up", 0..<10))
        var second = try queue()
        _ = second.append(samples("up", 10..<20))
        try folder.remove(folder.segments[0])
        #expect(throws: FileError.self) { try second.next(100) }
        #expect(try drain(&second) == Array(10..<20) && second.losses.corruptions == 1)
    }

    /// What was read before a disk failed is not passed over.
    @Test func anErrorInTheMiddleOfABatchLosesNothingOfIt() throws {
        var first = try queue()
        _ = first.append(samples("up", 0..<10))
        var second = try queue()
        _ = second.append(samples("up", 10..<20))
        var third = try queue()
        _ = third.append(samples("up", 20..<30))
        try folder.remove(folder.segments[1])
        let batch = try third.next(100)
        #expect(batch.samples == samples("up", 0..<10))
        try third.commit(batch.end)
        #expect(try drain(&third) == Array(20..<30) && third.losses.corruptions == 1)
    }

    @Test func filesOfOthersAreLeftAlone() throws {
        folder.put("a.b.00000000000000000001.segment", [1])
        folder.put("a.1.segment", [1])
        var queue = try queue()
        _ = queue.append(samples("up", 0..<10))
        try queue.commit(try queue.next(10).end)
        #expect(folder.files["a.b.00000000000000000001.segment"] == [1] && folder.files["a.1.segment"] == [1])
        #expect(QueueName.isFile("a.progress", of: "a") && !QueueName.isFile("a.b.progress", of: "a"))
    }
}
