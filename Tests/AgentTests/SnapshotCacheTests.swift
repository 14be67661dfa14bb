import Alerts
import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Web

@testable import Agent

/// Snapshots are made at most ten times a second, and never miss a change made just before.
struct SnapshotCacheTests {
    private final class Counted: Sendable {
        let count = Mutex(0)
        let texts = Mutex("a")
    }

    private static func cache(_ counted: Counted, _ time: VirtualTime) -> SnapshotCache {
        SnapshotCache(time: time, isSame: { $0.status.version == $1.status.version }) { () throws(QueryError) in
            let count = counted.count.withLock { count in
                count += 1
                return count
            }
            if count == 100 { throw QueryError(.unavailable, "no thread") }
            let text = counted.texts.withLock { $0 }
            let now = Timestamp(milliseconds: Int64(count))
            return EstateSnapshot(now: now, status: EstateStatus(version: text, startedAt: "", now: ""))
        }
    }

    @Test func whoAsksWithinATenthOfASecondGetsTheSame() async throws {
        let (counted, time) = (Counted(), VirtualTime())
        let cache = Self.cache(counted, time)
        for _ in 0..<50 { #expect(try await cache.snapshot().now.milliseconds == 1) }
        await time.run(for: .milliseconds(99))
        #expect(try await cache.snapshot().now.milliseconds == 1)
        await time.run(for: .milliseconds(1))
        #expect(try await cache.snapshot().now.milliseconds == 2)
    }

    @Test func manyAtOnceHaveOneMade() async throws {
        let (counted, time) = (Counted(), VirtualTime())
        let cache = Self.cache(counted, time)
        let times = await withTaskGroup(of: Int64?.self) { group in
            for _ in 0..<100 { group.addTask { try? await cache.snapshot().now.milliseconds } }
            return await group.reduce(into: Set<Int64?>()) { $0.insert($1) }
        }
        #expect(times == [1])
    }

    @Test func aChangeIsSeenAtOnceAndRaisesTheRevision() async throws {
        let (counted, time) = (Counted(), VirtualTime())
        let cache = Self.cache(counted, time)
        let first = try await cache.snapshot()
        cache.invalidate()
        #expect(try await cache.snapshot().now.milliseconds == 2)
        await time.run(for: .seconds(1))
        // Only the time has changed.
        let same = try await cache.snapshot()
        #expect(same.now.milliseconds == 3)
        counted.texts.withLock { $0 = "b" }
        await time.run(for: .seconds(1))
        let other = try await cache.snapshot()
        #expect(other.revision > same.revision && same.revision >= first.revision && other.status.version == "b")
    }

    @Test func aFailureIsNotKept() async throws {
        let (counted, time) = (Counted(), VirtualTime())
        let cache = Self.cache(counted, time)
        counted.count.withLock { $0 = 99 }
        await #expect(throws: QueryError.self) { try await cache.snapshot() }
        #expect(try await cache.snapshot().now.milliseconds == 101)
    }

    /// The time of the next step is recomputed each time and does not count as a change; the receivers do.
    @Test func aSnapshotSaysTheSameWhateverTheMillisecond() {
        func snapshot(_ milliseconds: Int64, _ receiver: String) -> EstateSnapshot {
            var snapshot = EstateSnapshot(now: Timestamp(milliseconds: milliseconds))
            let alert = Alert(
                labels: ["alertname": "A"], startsAt: Timestamp(milliseconds: 0), updatedAt: Timestamp(milliseconds: 0))
            snapshot.incidents = [
                IncidentView(
                    IncidentRecord(number: 1, IncidentMember(alert)),
                    next: [IncidentStep(at: snapshot.now, kind: .repeats, receiver: receiver)])
            ]
            return snapshot
        }
        #expect(Agent.isSame(snapshot(1, "ops"), snapshot(2, "ops")))
        #expect(!Agent.isSame(snapshot(1, "ops"), snapshot(1, "boss")))
    }
}
