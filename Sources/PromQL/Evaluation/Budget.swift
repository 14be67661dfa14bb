/// What one evaluation may hold in memory at a time: points that are loaded, and values of tables.
final class Budget {
    private let most: Int
    private var used = 0

    init(_ most: Int) { self.most = most }

    func take(_ count: Int) throws(EvaluationError) {
        guard count <= most - used else {
            throw EvaluationError(.limit, "query processing would load too many samples into memory; at most \(most)")
        }
        used += count
    }

    func giveBack(_ count: Int) { used -= count }
}

/// A table's part of the budget, given back when the table goes.
final class Lease {
    private let budget: Budget
    private var count = 0

    init(_ budget: Budget) { self.budget = budget }

    deinit { budget.giveBack(count) }

    func extend(by more: Int) throws(EvaluationError) {
        try budget.take(more)
        count += more
    }

    func shrink(by less: Int) {
        budget.giveBack(less)
        count -= less
    }
}
