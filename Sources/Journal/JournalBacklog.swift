/// What could not be written yet: the latest change of each row, and history.
struct JournalBacklog {
    private var rows: [JournalChange.Row: JournalChange] = [:]
    private var history: [JournalChange] = []
    private(set) var lost = 0

    /// More rows than all stages together may hold (their own bounds), so that in practice none is lost.
    static let mostRows = 100_000
    static let mostHistory = 1000

    var count: Int { rows.count + history.count }
    var isEmpty: Bool { rows.isEmpty && history.isEmpty }

    mutating func add(_ change: JournalChange) {
        guard let row = change.row else {
            if history.count == JournalBacklog.mostHistory {
                history.removeFirst()
                lost += 1
            }
            history.append(change)
            return
        }
        if case .forgetOutbox(let id) = change { rows[.attempt(id)] = nil }
        guard rows[row] != nil || rows.count < JournalBacklog.mostRows else {
            lost += 1
            return
        }
        rows[row] = change
    }

    /// In an order in which they can be applied: a message before the mark that it was attempted.
    var changes: [JournalChange] {
        var marks: [JournalChange] = []
        var others: [JournalChange] = []
        for (row, change) in rows {
            if case .attempt = row { marks.append(change) } else { others.append(change) }
        }
        return others + marks + history
    }

    mutating func clear() {
        rows = [:]
        history = []
    }
}
