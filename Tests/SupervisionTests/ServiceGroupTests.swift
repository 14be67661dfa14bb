import Platform
import Simulation
import Synchronization
import Testing

@testable import Supervision

struct ServiceGroupTests {
    private final class Story: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private struct Failure: Error {}

    private let time = VirtualTime()
    private let story = Story()

    private func service(_ name: String, stop: @escaping @Sendable () async -> Void = {}) -> Service {
        let (story, time) = (story, time)
        return Service(
            name, stopLimit: .seconds(5), start: { story.add("\(name) starts") },
            run: {
                try? await time.sleep(for: .seconds(100_000))
                story.add("\(name) ends")
            },
            stop: {
                await stop()
                story.add("\(name) stops")
            })
    }

    private func group(_ services: [Service]) -> ServiceGroup {
        let story = story
        return ServiceGroup(services, time: time) { story.add("\($0.name) overran \($0.stopLimit)") }
    }

    /// Runs until nothing happens at this time any more.
    private func settle() async { for _ in 0..<200 { await Task.yield() } }

    /// Waits for what other tasks do, however busy the machine is.
    private func until(_ isTrue: () -> Bool) async { while !isTrue() { await Task.yield() } }

    @Test func startsInOrderAndStopsInReverse() async throws {
        let (gate, story) = (Gate(), story)
        let group = group([service("a"), service("b"), service("c")])
        #expect(group.stopLimit == .seconds(15))
        let running = Task {
            try await group.run(until: { await gate.pass() }, stopping: { story.add("stopping") })
        }
        await until { story.all.count == 3 }
        #expect(story.all == ["a starts", "b starts", "c starts"])
        gate.open()
        try await running.value
        #expect(
            story.all.dropFirst(3) == ["stopping", "c stops", "c ends", "b stops", "b ends", "a stops", "a ends"])
        #expect(time.sleeperCount == 0)
    }

    /// One that hangs is cancelled and named at its limit; the others stop as if nothing were.
    @Test func aServiceThatHangsDelaysTheStopByItsLimitAlone() async throws {
        let (gate, hangs) = (Gate(), OneShot<Void>())
        let group = group([service("a"), service("hangs", stop: { await hangs.value() }), service("c")])
        let running = Task { try await group.run(until: { await gate.pass() }) }
        await until { story.all.count == 3 }
        gate.open()
        // Two services sleep, and the deadline of the one that hangs waits.
        await until { story.all.last == "c ends" && time.sleeperCount == 3 }
        #expect(story.all.suffix(2) == ["c stops", "c ends"])
        await time.advance(through: time.monotonic() + .seconds(5))
        try await running.value
        #expect(story.all.contains("hangs overran 5.0 seconds"))
        // Its task, cancelled, ends by itself, at any moment.
        #expect(story.all.filter { $0 != "hangs ends" }.suffix(2) == ["a stops", "a ends"])
        hangs.fulfil(())
    }

    @Test func aStartThatFailsStopsWhatRan() async throws {
        let group = group([service("a"), Service("b", start: { throw Failure() }), service("c")])
        await #expect(throws: Failure.self) { try await group.run(until: {}) }
        #expect(story.all == ["a starts", "a stops", "a ends"])
    }

    @Test func aStartThatHangsIsGivenUp() async throws {
        let hangs = OneShot<Void>()
        let group = group([service("a"), Service("b", startLimit: .seconds(7), start: { await hangs.value() })])
        let running = Task { try await group.run(until: {}) }
        await settle()
        await time.advance(through: time.monotonic() + .seconds(7))
        let error = await #expect(throws: ServiceError.self) { try await running.value }
        #expect(error == .startTimedOut(service: "b", limit: .seconds(7)))
        #expect(story.all.last == "a ends")
        hangs.fulfil(())
    }

    @Test func aServiceThatEndsByItselfEndsAll() async throws {
        let gate = Gate()
        let group = group([service("a"), Service("b", run: { await gate.pass() }), service("c")])
        let running = Task { try await group.run(until: { try? await time.sleep(for: .seconds(1000)) }) }
        await settle()
        gate.open()
        let error = await #expect(throws: ServiceError.self) { try await running.value }
        #expect(error?.description == "b ended by itself")
        #expect(story.all.suffix(4) == ["c stops", "c ends", "a stops", "a ends"])
    }

    /// The cancellation of the whole is a request to stop, and shortens nothing.
    @Test func cancellationStopsInGoodOrder() async throws {
        let time = time
        let group = group([service("a", stop: { try? await time.sleep(for: .seconds(2)) }), service("b")])
        let running = Task { try await group.run(until: { try? await time.sleep(for: .seconds(1000)) }) }
        await settle()
        running.cancel()
        await settle()
        #expect(story.all.suffix(2) == ["b stops", "b ends"])
        await time.advance(through: time.monotonic() + .seconds(2))
        try await running.value
        #expect(story.all.suffix(2) == ["a stops", "a ends"])
    }
}
