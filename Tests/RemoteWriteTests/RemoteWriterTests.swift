import Exposition
import Platform
import Samples
import Simulation
import Telemetry
import Testing

@testable import RemoteWrite

/// Several endpoints, and reloads.
struct RemoteWriterTests {
    private let time = VirtualTime(wall: Timestamp(milliseconds: 1_000_000))
    private let folder = MemoryFolder()
    private let log = LogLines()

    private func target(_ name: String, _ server: ScriptedServer) -> RemoteWriter.Target {
        var options = RemoteWriteOptions(name: name)
        options.batchSendDeadline = .seconds(1)
        return .init(options) { await server.post($0) }
    }

    private func labels(_ server: ScriptedServer) throws -> [String] {
        try server.calls.flatMap { call in
            try WriteDecoder.version1(Snappy.uncompress(call.body, limit: 1 << 20) ?? []).map(\.text)
        }
    }

    @Test func eachEndpointHasEverySampleAndAQueueOfItsOwn() async throws {
        let (one, two) = (ScriptedServer(), ScriptedServer { _, _ in .status(503) })
        let registry = Registry()
        let writer = RemoteWriter(
            files: folder, metadata: { _ in nil }, platform: platform(time, log: log), registry: registry)
        #expect(!writer.isActive)
        writer.observe(samples("up", 0...0))
        writer.apply([target("one", one), target("two", two)], externalLabels: ["region": "eu"])
        #expect(writer.isActive)
        let task = Task { await writer.run() }
        writer.observe(samples("up", 1...1))
        await time.pass(.seconds(10))
        #expect(try one.received == ["v1: up 1000=1.0"] && two.calls.count > 1)
        #expect(try labels(one) == ["__name__=up,region=eu"])

        // The second one is gone; the first has other labels; a third is new.
        let three = ScriptedServer()
        writer.apply([target("one", one), target("three", three)], externalLabels: ["region": "us"])
        writer.observe(samples("up", 2...2))
        await time.pass(.seconds(10))
        #expect(try labels(one) == ["__name__=up,region=eu", "__name__=up,region=us"])
        #expect(try three.received == ["v1: up 2000=2.0"])
        let calls = two.calls.count
        await time.pass(.seconds(300))
        #expect(two.calls.count == calls && !folder.files.keys.contains { $0.hasPrefix("two.") })
        #expect(log.all.contains { $0.contains("not configured any more") })
        let pending = registry.families().first { $0.name == "vaultwatch_remote_write_samples_pending" }
        #expect(pending?.samples.compactMap { $0.labels["remote_name"] }.sorted() == ["one", "three"])
        task.cancel()
        await time.pass(.seconds(3))
        await task.value
    }

    /// What waits for a server goes to the address that a reload gives it.
    @Test func aChangedEndpointGoesOnWithItsQueue() async throws {
        let (old, new) = (ScriptedServer { _, _ in .none(message: "no route") }, ScriptedServer())
        let writer = RemoteWriter(
            files: folder, metadata: { _ in nil }, platform: platform(time, log: log), registry: Registry())
        writer.apply([target("one", old)], externalLabels: .empty)
        let task = Task { await writer.run() }
        writer.observe(samples("up", 1...3))
        await time.pass(.seconds(10))
        writer.observe(samples("up", 4...4))
        writer.apply([target("one", new)], externalLabels: .empty)
        writer.observe(samples("up", 5...5))
        await time.pass(.seconds(10))
        #expect(
            try new.received.joined(separator: " ").replacing("v1: up ", with: "")
                == "1000=1.0 2000=2.0 3000=3.0 4000=4.0 5000=5.0")
        task.cancel()
        await time.pass(.seconds(3))
        await task.value
    }

    /// Two reloads, the second before the first has taken effect: the queue never has two owners.
    @Test func reloadsMayFollowEachOtherAtOnce() async throws {
        let away = ScriptedServer { _, _ in .none(message: "no route") }
        let server = ScriptedServer()
        let writer = RemoteWriter(
            files: folder, metadata: { _ in nil }, platform: platform(time, log: log), registry: Registry())
        writer.apply([target("one", away)], externalLabels: .empty)
        let task = Task { await writer.run() }
        writer.observe(samples("up", 1...1))
        await time.pass(.seconds(10))
        for second in Int64(2)...6 {
            writer.observe(samples("up", second...second))
            writer.apply([target("one", second == 6 ? server : away)], externalLabels: .empty)
            if second.isMultiple(of: 2) { await Task.yield() }
        }
        writer.observe(samples("up", 7...7))
        await time.pass(.seconds(10))
        let taken = try server.received.joined(separator: " ").replacing("v1: up ", with: "")
        #expect(taken == (1...7).map { "\($0)000=\($0).0" }.joined(separator: " "))
        task.cancel()
        await time.pass(.seconds(3))
        await task.value
    }

    @Test func anUnchangedEndpointIsNotDisturbed() async throws {
        let server = ScriptedServer { _, turn in turn == 0 ? .status(503, retryAfter: .seconds(100)) : .status(204) }
        let writer = RemoteWriter(
            files: folder, metadata: { _ in nil }, platform: platform(time, log: log), registry: Registry())
        writer.apply([target("one", server)], externalLabels: .empty)
        let task = Task { await writer.run() }
        writer.observe(samples("up", 1...1))
        await time.pass(.seconds(10))
        writer.apply([target("one", server)], externalLabels: .empty, unchanged: ["one"])
        await time.pass(.seconds(60))
        #expect(server.calls.count == 1)
        await time.pass(.seconds(60))
        #expect(server.calls.count == 2)
        task.cancel()
        await time.pass(.seconds(3))
        await task.value
    }

    @Test func aNumberOfTwentyDigitsAndTheNameMakeAFile() {
        #expect(QueueName.segment(7, of: "mimir") == "mimir.00000000000000000007.segment")
        #expect(QueueName.segment("mimir.00000000000000000007.segment", of: "mimir") == 7)
        #expect(QueueName.segment(1 << 61, of: "m") == "m.02305843009213693952.segment")
        #expect(QueueName.segment("m.18446744073709551615.segment", of: "m") == nil)
        #expect(QueueName.segment("m.99999999999999999999.segment", of: "m") == nil)
    }
}
