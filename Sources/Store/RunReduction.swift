import Samples

/// Reduces the number of runs without hiding a bad one.
enum RunReduction {
    /// - Parameters:
    ///   - runs: in chronological order, each beginning where the previous one ends.
    ///   - limit: maximum number of runs to keep; at least 1.
    /// - Returns: runs that cover the same time. The last one is unchanged if the limit is at least two.
    static func reduce(_ runs: [ValueRun], to limit: Int, isGood: (Double) -> Bool) -> [ValueRun] {
        var list = List(runs, limit: max(limit, 1))
        let isGoodRun = runs.map { $0.value.map(isGood) ?? false }
        let shortestFirst = runs.indices.dropLast().sorted {
            let (a, b) = (runs[$0].to - runs[$0].from, runs[$1].to - runs[$1].from)
            return a == b ? $0 < $1 : a < b
        }
        for index in shortestFirst where isGoodRun[index] && list.isOver { list.remove(index) }
        for index in shortestFirst where !isGoodRun[index] && list.isOver { list.remove(index) }
        return list.rest
    }

    /// A linked list of runs, so that removal takes constant time.
    private struct List {
        private var runs: [ValueRun?]
        private var before: [Int]
        private var after: [Int]
        private var count: Int
        private let limit: Int

        init(_ runs: [ValueRun], limit: Int) {
            self.runs = runs
            self.limit = limit
            before = runs.indices.map { $0 - 1 }
            after = runs.indices.map { $0 + 1 }
            count = runs.count
        }

        var isOver: Bool { count > limit }
        var rest: [ValueRun] { runs.compactMap { $0 } }

        /// Adds a run's time to the previous one, or to the next one if there is no previous one; neighbours that then
        /// have the same value are merged.
        mutating func remove(_ index: Int) {
            guard let run = runs[index] else { return }
            let (left, right) = (before[index], after[index])
            if left >= 0 {
                runs[left]?.to = run.to
                drop(index)
                if right < runs.count - 1, let a = runs[left], let b = runs[right],
                    a.value?.bitPattern == b.value?.bitPattern
                {
                    runs[left]?.to = b.to
                    drop(right)
                }
            } else if right < runs.count {
                runs[right]?.from = run.from
                drop(index)
            }
        }

        private mutating func drop(_ index: Int) {
            runs[index] = nil
            count -= 1
            let (left, right) = (before[index], after[index])
            if left >= 0 { after[left] = right }
            if right < before.count { before[right] = left }
        }
    }
}
