import Platform
import Simulation
import Testing

@testable import Delivery

struct RetryPolicyTests {
    let policy = RetryPolicy()

    @Test func doublesUpToAMinute() {
        let longest = (1...9).map { policy.delay(afterAttempt: $0, retryAfter: nil, unit: 1) }
        #expect(longest == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        let shortest = (1...9).map { policy.delay(afterAttempt: $0, retryAfter: nil, unit: 0) }
        #expect(shortest == [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000].map { .milliseconds($0) })
    }

    @Test(arguments: [0, -1, Int.max]) func bearsAnyAttemptNumber(_ attempt: Int) {
        let delay = policy.delay(afterAttempt: attempt, retryAfter: nil, unit: 0.5)
        #expect(delay >= .milliseconds(500) && delay <= .seconds(60))
    }

    @Test func isNeverShorterThanTheReceiverAsked() {
        #expect(policy.delay(afterAttempt: 1, retryAfter: .seconds(120), unit: 0) == .seconds(120))
        #expect(policy.delay(afterAttempt: 7, retryAfter: .seconds(1), unit: 1) == .seconds(60))
    }

    @Test func spreadsThoseThatFailedTogether() {
        let random = SeededRandom(seed: 42)
        let delays = (0..<200).map { _ in policy.delay(afterAttempt: 5, retryAfter: nil, unit: random.unit()) }
        #expect(delays.allSatisfy { $0 >= .seconds(8) && $0 <= .seconds(16) })
        #expect(Set(delays).count > 150)
    }
}
