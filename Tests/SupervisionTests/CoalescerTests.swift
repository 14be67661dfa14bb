import Platform
import Synchronization
import Testing

@testable import Supervision

struct CoalescerTests {
    /// A hundred who ask while one run is under way share the next one.
    @Test func manyAtOnceBecomeOne() async {
        let coalescer = Coalescer<Int>()
        let runs = Mutex(0)
        let (began, gate) = (Gate(), Gate())
        let work: @Sendable () async -> Int = {
            let number = runs.withLock { runs in
                runs += 1
                return runs
            }
            began.open()
            if number == 1 { await gate.pass() }
            return number
        }
        async let first = coalescer.run(work)
        await began.pass()
        let rest = (0..<100).map { _ in Task { await coalescer.run(work) } }
        for _ in 0..<1000 { await Task.yield() }
        gate.open()
        #expect(await first == 1)
        for one in rest { #expect(await one.value == 2) }
        await coalescer.idle()
        #expect(runs.withLock { $0 } == 2)
        #expect(await coalescer.run(work) == 3)
    }
}
