/// The journal's path, limits and timeouts.
package struct JournalOptions: Sendable, Hashable {
    /// The database file. SQLite creates `-wal` and `-shm` next to it, the journal `-lock`.
    package var path: String
    /// Maximum size of the database file in bytes. When it is reached, old history is deleted first. Default 256 MiB.
    package var maxBytes: Int
    /// How long history is kept. Default 90 days.
    package var historyAge: Duration
    /// How many entries of history are kept. Default 100,000.
    package var historyCount: Int
    /// How long a caller waits for the disk. Default 2 s.
    package var waitLimit: Duration = .seconds(2)
    /// How long after a failure the disk is retried. Default 1 s.
    package var retryInterval: Duration = .seconds(1)
    /// How much may wait in memory for the disk.
    var backlog = JournalBacklog.Limits()

    /// Options for a journal at this path.
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
