import Alerts
import Platform
import Samples
import Testing

@testable import Delivery

struct NotifierQueueTests {
    private func message(_ id: UInt64) -> Outgoing {
        Outgoing(id: id, notification: .test(.init(.webhook, 0), groupKey: "\(id)"))
    }

    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    private let limited = DeliveryError(.rateLimited, retryable: true, "HTTP 429", retryAfter: .seconds(30))
    private let failed = DeliveryError(.serverError, retryable: true, "HTTP 503")

    @Test func peopleGetSixteenMessagesAtOnceAndProgramsMore() {
        for kind in IntegrationKind.allCases {
            var queue = NotifierQueue(kind, limit: 1000)
            for id: UInt64 in 1...300 { queue.add(message(id), at(0)) }
            let expected = [.webhook, .alertmanager].contains(kind) ? 256 : 16
            #expect(queue.startAttempts(at(0)).map(\.message.id) == Array(1...UInt64(expected)))
            #expect(queue.startAttempts(at(0)).isEmpty)
            #expect(queue.nextAttempt == nil)
            queue.remove(1)
            #expect(queue.nextAttempt == at(0))
            #expect(queue.startAttempts(at(0)).count == 1)
        }
    }

    /// From the moment of the answer on, before its message is scheduled again.
    @Test func aRateLimitHoldsAtOnce() {
        var queue = NotifierQueue(.slack, limit: 10)
        queue.add(message(1), at(0))
        #expect(queue.startAttempts(at(0)).count == 1)
        queue.add(message(2), at(0))
        #expect(queue.recordFailed(1, limited, at(1), unit: 0) == true)
        #expect(queue.startAttempts(at(1)).isEmpty)
        queue.retry(1)
        #expect(queue.nextAttempt == at(31))
        #expect(queue.startAttempts(at(30)).isEmpty)
        let attempts = queue.startAttempts(at(31))
        #expect(attempts.map(\.message.id) == [2, 1])
        #expect(attempts.map(\.number) == [1, 2])
    }

    @Test func whatWasWithdrawnInFlightIsNotRepeated() {
        var queue = NotifierQueue(.email, limit: 10)
        queue.add(message(1), at(0))
        #expect(queue.startAttempts(at(0)).count == 1)
        #expect(queue.withdraw(1) == true)
        #expect(queue.count == 1)
        #expect(queue.recordFailed(1, failed, at(1), unit: 0) == true)
        queue.retry(1)
        #expect(queue.count == 0)
        #expect(queue.nextAttempt == nil)
        #expect(queue.withdraw(1) == false)
    }

    @Test func theSameFailureIsNoNews() {
        var queue = NotifierQueue(.email, limit: 10)
        #expect(queue.recordFailed(1, failed, at(1), unit: 0) == true)
        #expect(queue.recordFailed(1, failed, at(2), unit: 0) == false)
        #expect(queue.recordFailed(1, limited, at(3), unit: 0) == true)
        #expect(queue.recordAccepted(Timestamp(milliseconds: 0)) == true)
        #expect(queue.recordAccepted(Timestamp(milliseconds: 0)) == false)
    }

    /// A reload with other settings need not wait for what the old address asked for.
    @Test func aReloadTriesAtOnceButKeepsARateLimitOfTheSameAddress() {
        for isChanged in [false, true] {
            var queue = NotifierQueue(.slack, limit: 10)
            queue.add(message(1), at(0))
            _ = queue.startAttempts(at(0))
            _ = queue.recordFailed(1, limited, at(0), unit: 0)
            queue.retry(1)
            queue.reload(limit: 10, isChanged: isChanged, at(5))
            #expect(queue.nextAttempt == (isChanged ? at(5) : at(30)))
        }
    }
}

struct ThreadsTests {
    @Test func aConversationBeginsAndEnds() {
        var threads = Threads()
        #expect(threads.apply(.began(id: "17.1"), to: "a") == ["a": "17.1"])
        #expect(threads.apply(.began(id: "17.1"), to: "a").isEmpty)
        #expect(threads.apply(.ended, to: "a") == ["a": nil])
        #expect(threads.apply(.ended, to: "a").isEmpty)
    }

    @Test func theOldestIsForgottenBeyondTheLimit() {
        var threads = Threads()
        for number in 0..<Threads.limit {
            _ = threads.apply(.began(id: "\(1_700_000_000 + number).000100"), to: "\(number)")
        }
        let changes = threads.apply(.began(id: "1800000000.000100"), to: "new")
        #expect(changes == ["0": nil, "new": "1800000000.000100"])
        #expect(threads.all.count == Threads.limit)
        #expect(threads.all["0"] == nil)
    }

    /// Mails share the limit with Slack's messages.
    @Test func anOldMailIsForgottenBeforeANewerMessage() {
        var threads = Threads()
        _ = threads.apply(.began(id: "<1700000000000.abc@example.org>"), to: "mail")
        for number in 1..<Threads.limit {
            _ = threads.apply(.began(id: "\(1_700_000_000 + number).000100"), to: "\(number)")
        }
        #expect(threads.apply(.began(id: "1800000000.000100"), to: "new") == ["mail": nil, "new": "1800000000.000100"])
    }
}
