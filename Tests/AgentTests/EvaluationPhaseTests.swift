import Platform
import Testing

@testable import Agent

struct EvaluationPhaseTests {
    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test func aGroupIsDueOnceAnInterval() {
        for key in ["/rules/vault.yml;nodes", "/rules/vault.yml;quorum", ""] {
            let phase = EvaluationPhase(key: key, interval: .seconds(60))
            let first = phase.next(after: at(1000))
            #expect(first > at(1000) && first <= at(1060))
            #expect(phase.next(after: first) == first + .seconds(60))
            #expect(phase.count(after: at(1000), through: at(1600)) == 10)
            #expect(phase.count(after: first, through: first) == 0)
            #expect(phase.count(after: at(1000), through: at(900)) == 0)
        }
    }

    @Test(arguments: [Duration.zero, .milliseconds(-5), .milliseconds(1), .seconds(Int64.max)])
    func everyIntervalHasANextMoment(interval: Duration) {
        let phase = EvaluationPhase(key: "k", interval: interval)
        #expect(phase.next(after: at(0)) > at(0))
        #expect(phase.next(after: at(9_000_000)) > at(9_000_000))
    }
}
