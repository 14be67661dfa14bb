import Samples

/// Makes many runs fewer without hiding a bad one.
enum RunReduction {
    /// - Parameters:
    ///   - runs: in order of time, each beginning where the one before ends.
    ///   - limit: the most runs to keep; at least 1.
    /// - Returns: runs that cover the same time. The last one is kept as it is where the limit allows for two.
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

    /// Runs linked to their neighbours, so that taking one out takes no time.
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

        /// Gives a run's time to the one before it, or to the one after it where there is none before; neighbours of one
        /// value become one run then.
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
