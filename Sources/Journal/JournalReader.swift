import Alerts
import CSQLite
import FoundationEssentials
import Samples
import Text

/// Reads history on a connection of its own, so that a long read keeps no write waiting.
/// Source: https://sqlite.org/wal.html#concurrency
struct JournalReader {
    let path: String

    /// Entries, newest first, as many as the filter and `HistoryFilter.maxBytes` allow. The connection is closed again: reads are rare, and the file may have another name by the
    /// next one.
    func history(_ filter: HistoryFilter) throws(SQLiteError) -> [HistoryEntry] {
        let database = try Database(path: path, isReader: true)
        try database.execute("PRAGMA busy_timeout = 2000; PRAGMA cache_size = -256; PRAGMA query_only = 1")
        let hasIncidents = try JournalFile.hasIncidents(database)
        if filter.incident != nil, !hasIncidents { return [] }
        let incidents = hasIncidents ? "coalesce(incidents, '')" : "''"
        let belongs = filter.incident == nil ? "" : "AND incidents IS NOT NULL AND instr(incidents, ?6) > 0"
        let statement = try database.statement(
            """
            SELECT at, kind, subject, receiver, integration, detail, \(incidents) FROM history WHERE at >= ? AND at <= ?
            AND (?3 = '[]' OR kind IN (SELECT value FROM json_each(?3)))
            AND (?4 = '[]' OR receiver IN (SELECT value FROM json_each(?4))) \(belongs)
            ORDER BY at DESC, id DESC LIMIT ?5
            """)
        defer { statement.reset() }
        let limit = min(max(filter.limit, 0), HistoryFilter.maxLimit)
        let text = filter.contains.lowercased()
        let number = filter.incident.map { [Statement.Value.text(JournalFile.list([$0]))] } ?? []
        try statement.bind(
            [
                .integer(filter.from.milliseconds), .integer(filter.to.milliseconds),
                .text(JournalReader.list(filter.kinds)),
                .text(JournalReader.list(filter.receivers)),
                // SQLite knows upper and lower case of ASCII alone, so texts are compared here.
                .integer(text.isEmpty ? Int64(limit) : -1),
            ] + number)
        var found: [HistoryEntry] = []
        var bytes = 0
        while found.count < limit, try statement.step() {
            let entry = HistoryEntry(
                at: Timestamp(milliseconds: statement.integer(0)),
                kind: HistoryEntry.Kind(rawValue: statement.text(1)) ?? .agent, subject: statement.text(2),
                receiver: statement.text(3), integration: statement.text(4), detail: statement.text(5),
                incidents: JournalFile.incidents(in: statement.text(6)))
            if text.isEmpty || entry.subject.lowercased().contains(text) || entry.detail.lowercased().contains(text) {
                bytes += entry.subject.utf8.count + entry.detail.utf8.count + entry.receiver.utf8.count + 100
                if bytes > HistoryFilter.maxBytes, !found.isEmpty { break }
                found.append(entry)
            }
        }
        return found
    }

    /// A JSON array for json_each().
    private static func list(_ texts: Set<String>) -> String {
        (try? JSONEncoder().encode(texts.sorted())).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }
}
