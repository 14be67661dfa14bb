/// Where the journal lies and how much it may hold.
package struct JournalOptions: Sendable, Hashable {
    /// The database file; SQLite puts `-wal` beside it.
    package var path: String
    /// Most bytes of the database file. When it is reached, old history goes first. Default 256 MiB.
    package var maxBytes: Int
    /// How long history is kept. Default 90 days.
    package var historyAge: Duration
    /// Most entries of history. Default 100,000.
    package var historyCount: Int

    package init(
        path: String, maxBytes: Int = 256 << 20, historyAge: Duration = .seconds(90 * 86_400),
        historyCount: Int = 100_000
    ) {
        self.path = path
        self.maxBytes = maxBytes
        self.historyAge = historyAge
        self.historyCount = historyCount
    }
}
