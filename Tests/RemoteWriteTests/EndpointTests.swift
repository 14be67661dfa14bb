import Exposition
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Testing

@testable import RemoteWrite

/// What is sent when, and what follows from each answer, in virtual time.
struct EndpointTests {
    private let time = VirtualTime(wall: Timestamp(milliseconds: 1_000_000))
    private let folder = MemoryFolder()
    private let server = ScriptedServer()
    private let registry = Registry()
    private let log = LogLines()

    private func writer(_ change: (inout RemoteWriteOptions) -> Void = { _ in }) -> RemoteWriter {
        var options = RemoteWriteOptions(name: "a")
        change(&options)
        let server = server
        let writer = RemoteWriter(
            files: folder,
            metadata: { $0 == "up" ? SeriesMetadata(kind: .gauge, help: "1 if it answers.", name: $0) : nil },
            platform: platform(time, log: log), registry: registry)
        writer.apply([.init(options) { await server.post($0) }], externalLabels: .empty)
        return writer
    }

    /// Runs the writer while the body moves time.
    private func running(_ writer: RemoteWriter, _ body: () async throws -> Void) async rethrows {
        let task = Task { await writer.run() }
        await time.pass(.milliseconds(1))
        try await body()
        let stop = Task {
            await writer.stop()
            task.cancel()
            await task.value
        }
        await time.pass(.seconds(3))
        await stop.value
    }

    private func metric(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let wanted = Labels(name: "vaultwatch_remote_write_" + name, labels.merging(["remote_name": "a"]) { $1 })
        return registry.families().flatMap(\.samples).first { $0.labels == wanted }?.value
    }

    @Test func aRequestWaitsForOthersUntilItsDeadline() async throws {
        let writer = writer()
        await running(writer) {
            writer.observe(samples("up", 1...2))
            await time.pass(.milliseconds(900))
            writer.observe(samples("up", 3...3))
            await time.pass(.seconds(4))
            #expect(server.calls.isEmpty)
            await time.pass(.seconds(3))
        }
        #expect(try server.received == ["v1: up 1000=1.0 2000=2.0 3000=3.0"])
        let call = try #require(server.calls.first)
        #expect(
            call.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Encoding: snappy", "Content-Type: application/x-protobuf",
                "X-Prometheus-Remote-Write-Version: 0.1.0",
            ])
        #expect(call.timeout == .seconds(30))
        #expect(metric("samples_total") == 3 && metric("samples_pending") == 0)
        #expect(metric("bytes_total") == Double(call.body.count))
        #expect(metric("highest_sent_timestamp_seconds") == 3 && metric("highest_timestamp_seconds") == 3)
    }

    @Test func aFullRequestLeavesAtOnceAndLaterOnesFollowInOrder() async throws {
        let writer = writer { $0.maxSamplesPerSend = 4 }
        await running(writer) {
            writer.observe(samples("up", 1...10))
            await time.pass(.seconds(2))
            #expect(server.calls.count == 2)
            await time.pass(.seconds(6))
        }
        #expect(
            try server.received == [
                "v1: up 1000=1.0 2000=2.0 3000=3.0 4000=4.0", "v1: up 5000=5.0 6000=6.0 7000=7.0 8000=8.0",
                "v1: up 9000=9.0 10000=10.0",
            ])
    }

    @Test func withoutSamplesNothingIsSent() async {
        let writer = writer()
        await running(writer) { await time.pass(.seconds(600)) }
        #expect(server.calls.isEmpty && folder.segments.isEmpty)
    }

    /// 5xx, 429 and no answer at all: the same request again, after waits that double up to their limit.
    @Test(arguments: [
        WriteAnswer.status(500), .status(503, said: "busy"), .status(429), .status(307), .none(message: "refused"),
    ])
    func whatMayPassIsTriedAgain(_ failure: WriteAnswer) async throws {
        let times = Mutex<[Int64]>([])
        let time = time
        server.answer { _, turn in
            times.withLock { $0.append(time.monotonic().nanoseconds / 1_000_000_000) }
            return turn < 7 ? failure : .status(200)
        }
        let writer = writer { $0.batchSendDeadline = .seconds(1) }
        await running(writer) {
            writer.observe(samples("up", 1...3))
            await time.pass(.seconds(30))
            writer.observe(samples("up", 4...4))
            await time.pass(.seconds(200))
        }
        let received = try server.received
        #expect(received == Array(repeating: received[0], count: 8) + ["v1: up 4000=4.0"])
        let at = times.withLock { $0 }
        #expect(zip(at, at.dropFirst()).map { $1 - $0 }.prefix(7) == [1, 2, 4, 8, 16, 30, 30])
        #expect(metric("samples_retried_total") == 21 && metric("samples_total") == 4)
        #expect(metric("samples_failed_total", ["reason": "400"]) == 0)
        // Once a minute, not seven times.
        #expect(log.all.count { $0.contains("tried again") } == 2)
    }

    @Test func theServersWaitIsKept() async throws {
        let times = Mutex<[Int64]>([])
        let time = time
        server.answer { _, turn in
            times.withLock { $0.append(time.monotonic().nanoseconds / 1_000_000_000) }
            return turn == 0 ? .status(429, retryAfter: .seconds(120)) : .status(200)
        }
        let writer = writer()
        await running(writer) {
            writer.observe(samples("up", 1...1))
            await time.pass(.seconds(300))
        }
        let at = times.withLock { $0 }
        #expect(at.count == 2 && at[1] - at[0] == 120)
    }

    /// What a server has refused for good is never sent again, and does not hold up what follows.
    @Test(arguments: [400, 401, 404, 408, 413, 422])
    func whatIsRefusedIsDroppedAndCounted(_ status: Int) async throws {
        server.answer { _, turn in turn == 0 ? .status(status, said: "out of order sample") : .status(204) }
        let writer = writer { $0.batchSendDeadline = .seconds(1) }
        await running(writer) {
            writer.observe(samples("up", 1...3))
            await time.pass(.seconds(10))
            writer.observe(samples("up", 4...4))
            await time.pass(.seconds(10))
        }
        #expect(try server.received == ["v1: up 1000=1.0 2000=2.0 3000=3.0", "v1: up 4000=4.0"])
        #expect(metric("samples_failed_total", ["reason": String(status)]) == 3 && metric("samples_total") == 1)
        #expect(metric("samples_pending") == 0)
        let line = log.all.first { $0.contains("refused samples") }
        #expect(line?.contains("HTTP \(status): out of order sample") == true)
    }

    @Test func version2HasItsHeadersAndItsAnswerIsRead() async throws {
        server.answer { _, turn in .status(204, written: turn == 0 ? 3 : 1) }
        let writer = writer { ($0.message, $0.batchSendDeadline) = (.version2, .seconds(1)) }
        await running(writer) {
            writer.observe(samples("up", 1...3))
            await time.pass(.seconds(10))
            writer.observe(samples("up", 4...6))
            await time.pass(.seconds(10))
        }
        #expect(
            try server.received == ["v2: up 1000=1.0 2000=2.0 3000=3.0", "v2: up 4000=4.0 5000=5.0 6000=6.0"])
        #expect(
            server.calls.first?.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Encoding: snappy", "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request",
                "X-Prometheus-Remote-Write-Version: 2.0.0",
            ])
        let body = try #require(server.calls.first.flatMap { Snappy.uncompress($0.body, limit: 1 << 20) })
        #expect(try WriteDecoder.version2(body).series.first?.help == "1 if it answers.")
        #expect(metric("samples_total") == 4 && metric("samples_failed_total", ["reason": "not_written"]) == 2)
    }

    /// 415 by the specification; 400, and 2xx without the header, are what servers of version 1 really answer.
    @Test(arguments: [WriteAnswer.status(415), .status(400, said: "unexpected field"), .status(204)])
    func aServerThatDoesNotKnowVersion2GetsTheSameSamplesInVersion1(_ answer: WriteAnswer) async throws {
        server.answer { call, _ in call.headers.contains { $0.value.contains("v2") } ? answer : .status(204) }
        let writer = writer { ($0.message, $0.batchSendDeadline) = (.version2, .seconds(1)) }
        await running(writer) {
            writer.observe(samples("up", 1...1))
            await time.pass(.seconds(10))
            writer.observe(samples("up", 2...2))
            await time.pass(.seconds(10))
        }
        #expect(try server.received == ["v2: up 1000=1.0", "v1: up 1000=1.0", "v1: up 2000=2.0"])
        #expect(metric("samples_total") == 2 && log.all.contains { $0.contains("does not take") })
    }

    /// A server that has taken version 2 before means the samples by 400.
    @Test func aConfirmedServersRefusalIsNoFallBack() async throws {
        server.answer { _, turn in turn == 1 ? .status(400) : .status(204, written: 1) }
        let writer = writer { ($0.message, $0.batchSendDeadline) = (.version2, .seconds(1)) }
        await running(writer) {
            for second in Int64(1)...3 {
                writer.observe(samples("up", second...second))
                await time.pass(.seconds(10))
            }
        }
        #expect(try server.received == ["v2: up 1000=1.0", "v2: up 2000=2.0", "v2: up 3000=3.0"])
        #expect(metric("samples_failed_total", ["reason": "400"]) == 1)
    }

    /// The server is away for a day; the queue has room for all of it.
    @Test func aLongOutageLosesNothing() async throws {
        let isAway = Mutex(true)
        server.answer { _, _ in isAway.withLock { $0 } ? .none(message: "Connection refused") : .status(204) }
        let writer = writer { $0.maxBackoff = .seconds(600) }
        var tries = 0
        await running(writer) {
            for hour in Int64(0)..<24 {
                writer.observe(samples("up", (hour * 3600)..<(hour * 3600 + 3600)))
                await time.pass(.seconds(3600))
            }
            #expect(metric("samples_pending") == 86_400)
            isAway.withLock { $0 = false }
            tries = server.calls.count
            for _ in 0..<10_000 where metric("samples_total") ?? 0 < 86_400 { await time.pass(.seconds(20)) }
        }
        let taken = try server.received(from: tries).joined(separator: " ")
        let seconds = taken.split(separator: " ").filter { $0.contains("=") }.compactMap {
            Double($0.split(separator: "=")[1])
        }
        #expect(Set(seconds).count == 86_400)
        #expect(metric("samples_total") == 86_400)
        #expect(metric("samples_dropped_total", ["reason": "queue_full"]) == 0)
    }

    /// kill -9 while the server is away: what was on disk is sent by the next process.
    @Test func aKilledProcesssSamplesAreSentByTheNext() async throws {
        server.answer { _, _ in .status(503) }
        let first = writer()
        let task = Task { await first.run() }
        await time.pass(.milliseconds(1))
        first.observe(samples("up", 1...5))
        await time.pass(.seconds(20))
        let left = folder.copy()
        task.cancel()
        await time.pass(.seconds(3))
        await task.value

        let (second, registry) = (ScriptedServer(), Registry())
        let writer = RemoteWriter(
            files: left, metadata: { _ in nil }, platform: platform(time, log: log), registry: registry)
        writer.apply([.init(RemoteWriteOptions(name: "a")) { await second.post($0) }], externalLabels: .empty)
        await running(writer) { await time.pass(.seconds(10)) }
        #expect(try second.received == ["v1: up 1000=1.0 2000=2.0 3000=3.0 4000=4.0 5000=5.0"])
        #expect(registry.gauge("vaultwatch_remote_write_highest_sent_timestamp_seconds", help: "").value("a") == 5)
    }

    /// Samples that the disk has not taken are sent all the same.
    @Test func aFullDiskDoesNotKeepSamplesFromTheServer() async throws {
        folder.state.withLock { $0.room = 0 }
        let writer = writer { $0.batchSendDeadline = .seconds(1) }
        await running(writer) {
            writer.observe(samples("up", 1...3))
            await time.pass(.seconds(10))
            #expect(metric("queue_healthy") == 0)
            folder.state.withLock { $0.room = .max }
            writer.observe(samples("up", 4...5))
            await time.pass(.seconds(10))
            #expect(metric("queue_healthy") == 1)
        }
        #expect(try server.received == ["v1: up 1000=1.0 2000=2.0 3000=3.0", "v1: up 4000=4.0 5000=5.0"])
        #expect(log.all.contains { $0.contains("No space left on device") } && !folder.segments.isEmpty)
    }

    /// A server that has taken nothing yet is behind by what waits for it, whoever left that there.
    @Test func howFarAServerIsBehindIsKnownBeforeItsFirstAnswer() async throws {
        var left = try DiskQueue("a", limits: .init(total: 1 << 20), files: folder)
        _ = left.append(samples("up", 1...10))
        server.answer { _, _ in .status(503) }
        let writer = writer()
        await running(writer) {
            writer.observe(samples("up", 900...900))
            await time.pass(.seconds(20))
            #expect(metric("highest_timestamp_seconds") == 900 && metric("highest_sent_timestamp_seconds") == 1)
            server.answer { _, _ in .status(204) }
            await time.pass(.seconds(60))
            #expect(metric("highest_sent_timestamp_seconds") == 900)
        }
    }

    @Test func memoryHasALimitWhileNothingTakesSamples() async throws {
        folder.state.withLock { $0.room = 0 }
        server.answer { _, _ in .status(503) }
        let writer = writer()
        await running(writer) {
            for start in 0..<3 {
                writer.observe(samples("up", Int64(start * 90_000)..<Int64(start * 90_000 + 90_000)))
            }
            await time.pass(.seconds(10))
            #expect(metric("samples_dropped_total", ["reason": "disk"]) == 90_000)
        }
    }

    @Test func whatWasNotSentIsOnDiskAfterAStop() async throws {
        let writer = writer { $0.batchSendDeadline = .seconds(60) }
        await running(writer) { writer.observe(samples("up", 1...4)) }
        var queue = try DiskQueue("a", limits: .init(total: 1 << 20), files: folder)
        #expect(server.calls.isEmpty)
        #expect(try queue.next(10).samples == samples("up", 1...4))
    }
}
