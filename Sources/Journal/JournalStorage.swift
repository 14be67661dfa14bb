package import Alerts

/// A journal as the agent uses it. `Journal` is the one on a disk; a simulation has one in memory.
package protocol JournalStorage: Sendable {
    /// Writes all of it or nothing, in the order of the calls. On return it is durable.
    /// - Throws: `JournalError`; the changes wait in memory, as `Journal.write` says.
    func write(_ changes: [JournalChange]) async throws(JournalError)
    /// All rows, history apart.
    func load() async throws(JournalError) -> JournalSnapshot
    /// After a load that failed: what was loaded since has been merged, and writing may begin.
    func resume()
    /// Entries of history, newest first.
    func history(_ filter: HistoryFilter) async throws(JournalError) -> [HistoryEntry]
    /// Expires history and retries what waits.
    func maintain() async throws(JournalError)
    /// Writes what waits and ends. Later calls fail with `.closed`.
    func close() async
    /// As of the last thing done.
    var health: JournalHealth { get }
}

extension Journal: JournalStorage {}
