import Testing

@testable import Platform

struct TimerQueueTests {
    private func drain(_ queue: inout TimerQueue<String, Int>, by now: Int) -> [String] {
        var keys: [String] = []
        while let next = queue.popFirst(dueBy: now) { keys.append("\(next.key)@\(next.due)") }
        return keys
    }

    @Test func givesTheEarliestFirstAndEqualTimesInTheOrderOfTheirScheduling() {
        var queue = TimerQueue<String, Int>()
        for (key, due) in [("d", 4), ("b", 2), ("c", 2), ("a", 1)] { queue.schedule(key, at: due) }
        #expect(queue.firstDue == 1)
        #expect(drain(&queue, by: 3) == ["a@1", "b@2", "c@2"])
        #expect(queue.firstDue == 4)
        #expect(queue.count == 1)
    }

    @Test func aKeyHasTheTimeThatItWasGivenLast() {
        var queue = TimerQueue<String, Int>()
        queue.schedule("a", at: 1)
        queue.schedule("b", at: 2)
        queue.schedule("a", at: 3)
        #expect(queue.due("a") == 3)
        #expect(queue.firstDue == 2)
        queue.cancel("b")
        #expect(queue.firstDue == 3)
        #expect(drain(&queue, by: 10) == ["a@3"])
        #expect(queue.firstDue == nil)
    }

    /// Against a sorted list, and without keeping what was scheduled anew ten thousand times.
    @Test func agreesWithASortedList() {
        var queue = TimerQueue<Int, Int>()
        var model: [Int: Int] = [:]
        var state: UInt64 = 1
        func below(_ bound: UInt64) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % bound)
        }
        for now in 0..<20_000 {
            let key = below(50)
            switch below(4) {
            case 0:
                queue.cancel(key)
                model[key] = nil
            default:
                let due = now + below(100)
                queue.schedule(key, at: due)
                model[key] = due
            }
            #expect(queue.firstDue == model.values.min())
            #expect(queue.count == model.count)
            while let next = queue.popFirst(dueBy: now) {
                #expect(model.removeValue(forKey: next.key) == next.due)
                #expect(next.due <= now)
            }
            #expect(model.values.allSatisfy { $0 > now })
        }
    }
}
