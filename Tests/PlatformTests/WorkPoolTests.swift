import Platform
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct WorkPoolTests {
    @Test func workIsDoneOnceEach() async {
        let pool = ThreadPool("test", threads: 3)
        let results = await withTaskGroup(of: Int?.self) { group in
            for number in 0..<500 { group.addTask { await pool.run { number } } }
            return await group.reduce(into: [Int]()) { if let number = $1 { $0.append(number) } }
        }
        #expect(results.sorted() == Array(0..<500))
    }

    /// Where the system gives a thread no more, the others go on; without any, the caller hears of it.
    @Test func threadsThatCannotBeStarted() async {
        final class Few: ThreadStarter {
            let left: Atomic<Int>
            init(_ count: Int) { left = Atomic(count) }
            func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
                guard left.subtract(1, ordering: .relaxed).oldValue > 0 else { throw ThreadError(name: name, code: 11) }
                try SystemThreads().start(name, stackBytes: stackBytes, body)
            }
        }
        let one = ThreadPool("test", threads: 4, starter: Few(1))
        for number in 0..<50 {
            let result = await one.run { number }
            #expect(result == number)
        }
        let none = ThreadPool("test", threads: 4, starter: Few(0))
        for number in 0..<3 {
            let result = await none.run { number }
            #expect(result == nil)
        }
    }
}
