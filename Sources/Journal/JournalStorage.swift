package import Alerts

/// A journal as seen by the agent. `Journal` stores it on a disk; a simulation uses one in memory.
package protocol JournalStorage: Sendable {
    /// Writes all of it or nothing, in the order of the calls. On return it is durable.
    /// - Throws: `JournalError`; the changes wait in memory, as `Journal.write` says.
    func write(_ changes: [JournalChange]) async throws(JournalError)
    /// All rows except history.
    func load() async throws(JournalError) -> JournalSnapshot
    /// Call after a failed load, when a later one has been merged: allows writes.
    func resume()
    /// Entries of history, newest first.
    func history(_ filter: HistoryFilter) async throws(JournalError) -> [HistoryEntry]
    /// Expires history and retries pending writes.
    func maintain() async throws(JournalError)
    /// Writes the backlog and closes. Later calls fail with `.closed`.
    func close() async
    /// The health as of the last operation.
    var health: JournalHealth { get }
}

extension Journal: JournalStorage {}
