import Platform
import Samples
import Store
import Telemetry
import Testing
import Web

@testable import Agent
@testable import Probes

/// What the page of targets says about the probes of the last hour.
struct ProbeCoursesTests {
    private static let target = ProbeTarget(.vaultNode, "prod/vault-1")
    private static let now = Moment(
        monotonic: Instant(nanoseconds: 1_000_000_000),
        wall: Timestamp(rfc3339: "2026-11-28T02:13:41Z") ?? Timestamp(milliseconds: 0))

    private static func sample(_ metric: String, _ value: Double, ago: Int64, reason: String? = nil) -> Sample {
        var labels = ["target_type": "vault_node", "target": "prod/vault-1"]
        labels["reason"] = reason
        return Sample(Labels(name: metric, labels), value, at: now.wall - .seconds(ago))
    }

    @Test func medianSlowestFailuresAndTheNextTurn() throws {
        let store = Store(options: StoreOptions(), registry: Registry())
        // The first is older than an hour.
        let durations: [(ago: Int64, seconds: Double)] = [
            (4000, 9), (3000, 0.004), (2000, 2.5), (10, 0.006), (5, 0.005), (1, 0.0055),
        ]
        store.append(durations.map { Self.sample("vaultwatch_probe_duration_seconds", $0.seconds, ago: $0.ago) })
        for (ago, count) in [(10, 1), (5, 2)] as [(Int64, Double)] {
            store.append([Self.sample("vaultwatch_probe_failures_total", count, ago: ago, reason: "timeout")])
        }
        let timing = ProbeSchedule.Timing(
            interval: .seconds(5), timeout: .seconds(4), next: Self.now.monotonic + .seconds(3))
        let courses = Agent.probeCourses(store, [Self.target: timing], Self.now)
        let course = try #require(courses["vault_node prod/vault-1"])
        #expect(course.median == 0.0055 && course.slowest == 2.5)
        #expect(course.failures == ["timeout": 2])
        #expect(course.next == Self.now.wall + .seconds(3) && course.interval == .seconds(5))
    }

    @Test func theMedianOfAnEvenNumberLiesBetweenTwo() {
        var course = ProbeCourse()
        course.add(durations: [])
        #expect(course.median == nil && course.slowest == nil)
        course.add(durations: [2, 1])
        #expect(course.median == 1.5 && course.slowest == 2)
    }

    /// A target that a reload took out is not listed, though its samples are still there.
    @Test func onlyTargetsThatAreProbed() {
        let store = Store(options: StoreOptions(), registry: Registry())
        store.append([Self.sample("vaultwatch_probe_duration_seconds", 1, ago: 1)])
        #expect(Agent.probeCourses(store, [:], Self.now).isEmpty)
        let timing = ProbeSchedule.Timing(interval: .seconds(5), timeout: .seconds(4), next: nil)
        let other = Agent.probeCourses(store, [ProbeTarget(.postgres, "prod/pg-1"): timing], Self.now)
        #expect(other["postgres prod/pg-1"]?.median == nil && other["postgres prod/pg-1"]?.interval == .seconds(5))
    }
}
