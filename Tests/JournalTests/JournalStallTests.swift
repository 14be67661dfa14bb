import Alerts
import Foundation
import Platform
import Samples
import Simulation
import Synchronization
import Testing

@testable import Journal

/// A disk that does not answer: nobody waits for it longer than the limit, and what waits is written when it answers.
@Suite(.timeLimit(.minutes(1))) struct JournalStallTests {
    /// A point that the journal's thread does not pass while it is armed.
    private final class Hang: Sendable {
        private struct State {
            var isArmed = false
            var isReached = false
            var waiter: CheckedContinuation<Void, Never>?
        }
        private let state = Mutex(State())
        private let released = DispatchSemaphore(value: 0)

        func arm() { state.withLock { $0 = State(isArmed: true) } }
        func release() { released.signal() }

        /// Called on the journal's thread.
        func pass() {
            let (isArmed, waiter) = state.withLock { state in
                defer { (state.isArmed, state.isReached, state.waiter) = (false, true, nil) }
                return (state.isArmed, state.waiter)
            }
            waiter?.resume()
            if isArmed { released.wait() }
        }

        func reached() async {
            await withCheckedContinuation { continuation in
                let isReached = state.withLock { state in
                    if !state.isReached { state.waiter = continuation }
                    return state.isReached
                }
                if isReached { continuation.resume() }
            }
        }
    }

    /// Time that a test moves. The journal looks at the wall clock in `maintain`, on its thread: there it may hang.
    private final class HandTime: TimeSource {
        let hang: Hang
        private let time = VirtualTime()

        init(_ hang: Hang) { self.hang = hang }

        func monotonic() -> Instant { time.monotonic() }
        func wall() -> Timestamp {
            hang.pass()
            return Timestamp(milliseconds: 1_800_000_000_000)
        }
        func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
            time.schedule(at: deadline, body)
        }
        func cancel(_ timer: TimerID) { time.cancel(timer) }

        func advance(by duration: Duration) { time.move(to: time.monotonic() + duration) }
    }

    /// The real file system, on which making the journal's folder may hang.
    private struct HangingFiles: FileAccess {
        let hang: Hang
        private let real = SystemFiles()
        init(_ hang: Hang) { self.hang = hang }
        func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] { try real.read(path, limit: limit) }
        func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
            try real.readDated(path, limit: limit)
        }
        func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
            try real.tail(path, limit: limit)
        }
        func glob(_ pattern: String) -> [String] { real.glob(pattern) }
        func makeFolder(_ path: String, mode: UInt32) throws(FileError) {
            hang.pass()
            try real.makeFolder(path, mode: mode)
        }
        func makePrivate(_ path: String) throws(FileError) { try real.makePrivate(path) }
        func rename(_ path: String, to new: String) throws(FileError) { try real.rename(path, to: new) }
        func remove(_ path: String) throws(FileError) { try real.remove(path) }
    }

    private func error(_ body: () async throws(JournalError) -> Void) async -> JournalError? {
        do throws(JournalError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    /// Returns once the thread has left the place where it hung, and everything is written.
    private func maintained(_ journal: Journal) async {
        while await error({ () throws(JournalError) in try await journal.maintain() }) != nil { await Task.yield() }
    }

    @Test func aDiskThatHangs() async throws {
        let folder = JournalTests.Folder(), events = JournalTests.Events(), hang = Hang()
        let time = HandTime(hang)
        let journal = Journal(JournalOptions(path: folder.file), time: time) { events.add($0) }
        try await journal.write([.state(key: "before", [1])])
        hang.arm()
        let maintenance = Task { await error { () throws(JournalError) in try await journal.maintain() } }
        await hang.reached()
        let write = Task { await error { () throws(JournalError) in try await journal.write([.state(key: "a", [1])]) } }
        while journal.health.backlog == 0 { await Task.yield() }
        #expect(journal.health.isHealthy)
        time.advance(by: .seconds(2))
        #expect(await maintenance.value == .stalled(.seconds(2)))
        #expect(await write.value == .stalled(.seconds(2)))
        #expect(!journal.health.isHealthy)
        #expect(journal.health.stalled == .seconds(2))
        // From now on nobody waits at all, and the latest state of each row waits.
        #expect(
            await error { () throws(JournalError) in try await journal.write([.state(key: "a", [2])]) }
                == .stalled(.seconds(2)))
        time.advance(by: .seconds(35))
        #expect(
            await error { () throws(JournalError) in try await journal.write([.forgetState(key: "before")]) }
                == .stalled(.seconds(37)))
        #expect(await error { () throws(JournalError) in try await journal.maintain() } == .stalled(.seconds(37)))
        #expect(journal.health.failure == "journal: the disk has not answered for 37 s")
        #expect(journal.health.backlog == 2)
        // Reads have a connection of their own.
        #expect(try await journal.history(limit: 5).isEmpty)
        #expect(events.list == [.failing("journal: the disk has not answered for 2 s")])

        hang.release()
        await maintained(journal)
        #expect(journal.health.isHealthy && journal.health.backlog == 0 && journal.health.stalled == nil)
        #expect(events.list.last == .recovered && events.list.count == 2)
        #expect(try await journal.load().states == ["a": [2]])
        await journal.close()
    }

    /// What the file holds is read before anything is written to it, whenever that may be.
    @Test func aStartOnADiskThatHangs() async throws {
        let folder = JournalTests.Folder()
        let first = JournalTests.open(folder)
        try await first.write([
            .alert(JournalTests.alert(1)), .alert(JournalTests.alert(2)), .silence(id: "s", [1]),
            .silence(id: "t", [1]),
            .record(key: "r", [1]), .outbox(id: 7, JournalTests.message(1)),
        ])
        await first.close()
        let hang = Hang(), events = JournalTests.Events()
        let time = HandTime(hang)
        let journal = Journal(JournalOptions(path: folder.file), files: HangingFiles(hang), time: time) {
            events.add($0)
        }
        hang.arm()
        let load = Task { await error { () throws(JournalError) in _ = try await journal.load() } }
        await hang.reached()
        time.advance(by: .seconds(2))
        #expect(await load.value == .stalled(.seconds(2)))
        #expect(
            await error { () throws(JournalError) in
                try await journal.write([
                    .forgetAlert(id: JournalTests.alert(1).fingerprint), .silence(id: "s", [2]),
                    .record(key: "r", [2]),
                    .outbox(id: 9, JournalTests.message(2)),
                ])
            } == .unread)
        #expect(!journal.health.isHealthy && journal.health.backlog == 4)
        hang.release()
        var late = await error { () throws(JournalError) in _ = try await journal.load() }
        while late != nil { late = await error { () throws(JournalError) in _ = try await journal.load() } }
        // Read, but not merged: nothing is written yet.
        #expect(await error { () throws(JournalError) in try await journal.maintain() } == .unread)
        #expect(await error { () throws(JournalError) in try await journal.write([.record(key: "r", [3])]) } == .unread)
        let old = try await journal.load()
        #expect(old.records == ["r": [1]] && old.outbox.map(\.id) == [7])
        // Of these there is a newer state in memory.
        #expect(old.alerts == [JournalTests.alert(2)] && old.silences == ["t": [1]])
        journal.resume()
        try await journal.maintain()
        #expect(journal.health.isHealthy && journal.health.backlog == 0)
        #expect(events.list.last == .recovered)
        let all = try await journal.load()
        #expect(all.records == ["r": [3]] && all.outbox.map(\.id) == [7, 9])
        #expect(all.alerts == [JournalTests.alert(2)] && all.silences == ["s": [2], "t": [1]])
        await journal.close()
    }

    /// More than may wait is counted, and its owner is told to write everything again.
    @Test func moreThanMayWait() async throws {
        let folder = JournalTests.Folder(), events = JournalTests.Events(), hang = Hang()
        var options = JournalOptions(path: folder.file)
        options.backlog.rows = 3
        let time = HandTime(hang)
        let journal = Journal(options, time: time) { events.add($0) }
        try await journal.write([.state(key: "old", [1])])
        hang.arm()
        let maintenance = Task { await error { () throws(JournalError) in try await journal.maintain() } }
        await hang.reached()
        time.advance(by: .seconds(2))
        _ = await maintenance.value
        for key in 0..<5 {
            #expect(
                await error { () throws(JournalError) in try await journal.write([.state(key: "\(key)", [1])]) } != nil)
        }
        #expect(await error { () throws(JournalError) in try await journal.write([.forgetState(key: "old")]) } != nil)
        #expect(journal.health.backlog == 4 && journal.health.lost == 2)
        hang.release()
        await maintained(journal)
        #expect(events.list.contains(.rowsLost(2)))
        #expect(try await journal.load().states.keys.sorted() == ["0", "1", "2"])
        await journal.close()
    }

    /// A stop on a disk that hangs waits no longer than anything else.
    @Test func aStop() async throws {
        let folder = JournalTests.Folder(), hang = Hang()
        let time = HandTime(hang)
        let journal = Journal(JournalOptions(path: folder.file), time: time)
        try await journal.write([.state(key: "a", [1])])
        hang.arm()
        let maintenance = Task { await error { () throws(JournalError) in try await journal.maintain() } }
        await hang.reached()
        let isClosed = Mutex(false)
        let close = Task {
            await journal.close()
            isClosed.withLock { $0 = true }
        }
        while !isClosed.withLock({ $0 }) {
            time.advance(by: .seconds(1))
            await Task.yield()
        }
        await close.value
        #expect(await maintenance.value == .stalled(.seconds(2)))
        #expect(await error { () throws(JournalError) in try await journal.write([.state(key: "a", [2])]) } == .closed)
        hang.release()
    }

    /// The system has no thread left: changes wait, the health says why, and the next use tries again.
    @Test func noThread() async throws {
        final class Refusing: ThreadStarter {
            let count = Mutex(3)
            func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
                let isRefused = count.withLock { count in
                    count -= 1
                    return count >= 0
                }
                if isRefused { throw ThreadError(name: name, code: EAGAIN) }
                try SystemThreads().start(name, stackBytes: stackBytes, body)
            }
        }
        let folder = JournalTests.Folder(), events = JournalTests.Events()
        let journal = Journal(JournalOptions(path: folder.file), time: SystemTime(), threads: Refusing()) {
            events.add($0)
        }
        let refusal = "the thread \"journal\" cannot be started: Resource temporarily unavailable"
        #expect(await error { () throws(JournalError) in _ = try await journal.load() } == .unavailable(refusal))
        #expect(await error { () throws(JournalError) in try await journal.write([.state(key: "a", [1])]) } == .unread)
        #expect(journal.health.failure == "journal: unavailable: " + refusal)
        #expect(await error { () throws(JournalError) in _ = try await journal.load() } == .unavailable(refusal))
        #expect(events.list == [.failing("journal: unavailable: " + refusal)])
        _ = try await journal.load()
        journal.resume()
        try await journal.maintain()
        #expect(journal.health.isHealthy)
        #expect(try await journal.load().states == ["a": [1]])
        await journal.close()
    }

    @Test func theLatestChangeOfEachRowWaitsInOrder() {
        var backlog = JournalBacklog(limits: .init(rows: 10, history: 2, bytes: 2000))
        backlog.add(.state(key: "a", [1]))
        backlog.add(.outbox(id: 1, JournalTests.message(1)))
        backlog.add(.state(key: "b", [1]))
        backlog.add(.state(key: "a", [2]))
        backlog.add(.forgetOutbox(id: 1))
        #expect(backlog.changes == [.state(key: "b", [1]), .state(key: "a", [2]), .forgetOutbox(id: 1)])
        for subject in ["x", "y", "z"] {
            backlog.add(.history(HistoryEntry(at: Timestamp(milliseconds: 0), kind: .agent, subject: subject)))
        }
        #expect(backlog.count == 5 && backlog.lost == 1)
        // Over the bytes: dropped and counted; a deletion is taken.
        backlog.add(.state(key: "big", Array(repeating: 0, count: 3000)))
        #expect(!backlog.contains(.state("big")) && backlog.lost == 2)
        backlog.add(.forgetState(key: "b"))
        #expect(backlog.changes.prefix(3) == [.state(key: "a", [2]), .forgetOutbox(id: 1), .forgetState(key: "b")])
        // A batch that failed goes before what came since.
        var taken = backlog.take()
        #expect(backlog.isEmpty && taken.count == 5)
        taken.clear()
        taken.add(.state(key: "a", [3]))
        taken.add(.state(key: "c", [3]))
        backlog.add(.state(key: "a", [4]))
        backlog.putBack(taken)
        #expect(backlog.changes == [.state(key: "c", [3]), .state(key: "a", [4])])
        // Ten thousand changes of one row take the room of one.
        for number in 0..<10_000 { backlog.add(.state(key: "a", [UInt8(number % 256)])) }
        #expect(backlog.changes == [.state(key: "c", [3]), .state(key: "a", [UInt8(9999 % 256)])])
    }

    @Test func progress() {
        func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
        var progress = JournalProgress(limit: .seconds(2))
        progress.began(at(0))
        #expect(progress.stall(at(1)) == nil && progress.stall(at(2)) == .seconds(2))
        #expect(progress.waitEnded(at(2)) == .failing("journal: the disk has not answered for 2 s"))
        #expect(progress.waitEnded(at(3)) == nil)
        // Too late to be called well, and what follows is not all written.
        #expect(progress.ended(at(40), failure: nil, isComplete: true) == nil)
        progress.began(at(40))
        #expect(progress.ended(at(40), failure: nil, isComplete: false) == nil)
        progress.began(at(40))
        #expect(progress.ended(at(41), failure: nil, isComplete: true) == .recovered)
        #expect(progress.failure == nil)
        progress.began(at(50))
        #expect(
            progress.ended(at(50), failure: .unavailable("x"), isComplete: false) == .failing("journal: unavailable: x")
        )
        progress.began(at(51))
        #expect(progress.ended(at(51), failure: .unavailable("x"), isComplete: false) == nil)
    }
}
