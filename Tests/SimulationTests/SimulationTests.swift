import Foundation
import Synchronization
import Testing

/// The whole pipeline, from scripted samples to scripted receivers, in virtual time: days of failing receivers,
/// crashes, full and broken disks, steps of the clock, silences and reloads, each run from its seed.
///
/// `VAULTWATCH_SEED=n` runs that one again and tells its story, `VAULTWATCH_SEEDS=n` runs so many of them instead of
/// 1,000. For a run to be the same to the last job the process needs `SWIFT_DETERMINISTIC_HASHING=1`, since sets are
/// otherwise walked in an order of their own; `make test` sets it.
@Suite(.serialized) struct SimulationTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    @Test func nothingIsLostWhateverGoesWrong() throws {
        if let seed = SimulationTests.number("VAULTWATCH_SEED") {
            let outcome = try #require(World.run(seed, span: .seconds(2 * 3600), isTold: true))
            print(
                "seed \(seed): \(outcome.problems), \(outcome.arrivals) messages, \(outcome.lives) lives, \(outcome.jobs) jobs"
            )
            if !outcome.problems.isEmpty { print(outcome.story.joined(separator: "\n")) }
            #expect(outcome.problems.isEmpty, "seed \(seed)")
            return
        }
        let outcomes = Mutex<[(seed: UInt64, outcome: World.Outcome?)]>([])
        DispatchQueue.concurrentPerform(iterations: SimulationTests.number("VAULTWATCH_SEEDS").map(Int.init) ?? 1000) {
            index in
            // One failure is enough to look at.
            if outcomes.withLock({ $0.contains { $0.outcome?.problems.isEmpty != true } }) { return }
            let seed = UInt64(index + 1)
            let outcome = World.run(seed, span: .seconds(2 * 3600))
            outcomes.withLock { $0.append((seed, outcome)) }
        }
        let all = outcomes.withLock { $0 }
        for (seed, outcome) in all {
            #expect(outcome?.problems == [], "seed \(seed)")
            if let outcome, !outcome.problems.isEmpty { print(outcome.story.suffix(400).joined(separator: "\n")) }
        }
        let arrivals = all.reduce(0) { $0 + ($1.outcome?.arrivals ?? 0) }
        print(
            "\(all.count) runs, \(arrivals) messages, \(all.reduce(0) { $0 + ($1.outcome?.lives ?? 0) }) lives, \(all.reduce(0) { $0 + ($1.outcome?.jobs ?? 0) }) jobs"
        )
        #expect(arrivals > 20 * all.count)
    }

    /// A whole day goes by in a second or two, so that it can be had again and again.
    @Test func aDayOfChaos() throws {
        let began = ContinuousClock.now
        let outcome = try #require(World.run(20261124, span: .seconds(86_400)))
        #expect(outcome.problems == [])
        #expect(outcome.arrivals > 200)
        print("a day with \(outcome.lives) lives and \(outcome.arrivals) messages in \(ContinuousClock.now - began)")
    }

    /// The same seed is the same run, job by job.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["SWIFT_DETERMINISTIC_HASHING"] != nil,
            "needs SWIFT_DETERMINISTIC_HASHING=1, as make test sets it"))
    func aSeedReplays() throws {
        let first = try #require(World.run(7, span: .seconds(3600)))
        let again = try #require(World.run(7, span: .seconds(3600)))
        #expect(first.jobs == again.jobs)
        #expect(first.arrivals == again.arrivals)
        #expect(first.requests == again.requests)
    }
}
