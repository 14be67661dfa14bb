/// Changes waiting to be written: the latest one of each row, in order of arrival, and history.
///
/// Bounded in number and in bytes. Beyond a limit a new change is dropped and counted, so that its owner can write
/// everything again once the disk accepts it; deletions are small and always kept.
struct JournalBacklog: Sendable {
    /// The limits of the backlog.
    struct Limits: Sendable, Hashable {
        /// Rows, without deletions. More than all parts of the agent together hold within their own limits.
        var rows = 100_000
        /// Entries of history; the oldest one is dropped first.
        var history = 1000
        /// Bytes of all changes, as `JournalChange.size` estimates them. 64 MiB.
        var bytes = 64 << 20
    }

    private let limits: Limits
    /// Nil: replaced by a later change of the same row.
    private var rows: [JournalChange?] = []
    private var positions: [JournalChange.Row: Int] = [:]
    private var history: [JournalChange] = []
    private var bytes = 0
    /// Changes dropped because of the limits.
    private(set) var lost = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Rows and entries of history.
    var count: Int { positions.count + history.count }
    var isEmpty: Bool { positions.isEmpty && history.isEmpty }

    /// Appends a change; it replaces an earlier one of the same row.
    mutating func add(_ change: JournalChange) {
        guard let row = change.row else { return addHistory(change) }
        let size = change.size
        let replaced = positions[row].flatMap { rows[$0]?.size } ?? 0
        let isOver = (positions[row] == nil && positions.count >= limits.rows) || bytes - replaced + size > limits.bytes
        if isOver, !change.isDeletion {
            lost += 1
            return
        }
        remove(row)
        positions[row] = rows.count
        rows.append(change)
        bytes += size
        if rows.count > 2 * positions.count + 64 { compact() }
    }

    /// Puts older changes, whose write has failed, before those that came since.
    mutating func putBack(_ older: JournalBacklog) {
        var merged = older
        for change in changes { merged.add(change) }
        merged.lost += lost
        self = merged
    }

    /// All of them, in the order in which they are to be applied.
    var changes: [JournalChange] { rows.compactMap { $0 } + history }

    /// Whether a change of this row is waiting.
    func contains(_ row: JournalChange.Row) -> Bool { positions[row] != nil }

    /// The waiting change of this row, if any.
    func change(of row: JournalChange.Row) -> JournalChange? { positions[row].flatMap { rows[$0] } }

    /// Removes and returns all changes.
    mutating func take() -> JournalBacklog {
        defer { clear() }
        var taken = self
        taken.lost = 0
        return taken
    }

    mutating func clear() {
        rows = []
        positions = [:]
        history = []
        bytes = 0
    }

    private mutating func addHistory(_ change: JournalChange) {
        if history.count >= limits.history {
            bytes -= history.removeFirst().size
            lost += 1
        }
        guard bytes + change.size <= limits.bytes else {
            lost += 1
            return
        }
        history.append(change)
        bytes += change.size
    }

    private mutating func remove(_ row: JournalChange.Row) {
        guard let position = positions.removeValue(forKey: row) else { return }
        bytes -= rows[position]?.size ?? 0
        rows[position] = nil
    }

    private mutating func compact() {
        rows.removeAll { $0 == nil }
        for (position, change) in rows.enumerated() {
            if let row = change?.row { positions[row] = position }
        }
    }
}
