import CSQLite

/// What SQLite refused: its extended result code, its message, and the statement. Values are never part of it.
/// Source: https://sqlite.org/rescode.html
package struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// SQLite's extended result code.
    package let code: Int32
    /// `sqlite3_errmsg` at the time.
    package let message: String
    /// The SQL text, or what was done; empty where there is none.
    package let statement: String

    /// A line for the log.
    package var description: String {
        isNewerFormat ? message : "SQLite \(code): \(message)" + (statement.isEmpty ? "" : " in \"\(statement)\"")
    }

    /// Our own code, beyond SQLite's: the file has a format that this version does not know.
    static let newerFormat: Int32 = 1 << 24

    /// The code without its extension.
    var primary: Int32 { code & 0xff }
    /// The file is no database, or a broken one.
    var isCorruption: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(primary) }
    /// The file is a journal of a newer version.
    var isNewerFormat: Bool { code == SQLiteError.newerFormat }
    /// The file or the file system is full.
    var isFull: Bool { primary == SQLITE_FULL }
}
