/// Bounds the samples that one evaluation holds in memory at a time: loaded points and values of tables.
final class Budget {
    private let limit: Int
    private var used = 0

    init(limit: Int) { self.limit = limit }

    /// - Throws: `EvaluationError` of kind `limit` where the budget is exceeded. The message begins as Prometheus'.
    func acquire(_ count: Int) throws(EvaluationError) {
        guard count <= limit - used else {
            throw EvaluationError(.limit, "query processing would load too many samples into memory; at most \(limit)")
        }
        used += count
    }

    func release(_ count: Int) { used -= count }
}

/// A table's share of the budget, released when the table is freed.
final class Lease {
    private let budget: Budget
    private var count = 0

    init(_ budget: Budget) { self.budget = budget }

    deinit { budget.release(count) }

    func extend(by more: Int) throws(EvaluationError) {
        try budget.acquire(more)
        count += more
    }

    func shrink(by less: Int) {
        budget.release(less)
        count -= less
    }
}
