import CSQLite

/// An SQLite error: its extended result code, its message, and the statement. Never includes values.
/// Source: https://sqlite.org/rescode.html
package struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// SQLite's extended result code.
    package let code: Int32
    /// `sqlite3_errmsg` at the time.
    package let message: String
    /// The SQL text, or the operation; empty if there is none.
    package let statement: String

    /// A line for the log.
    package var description: String {
        isNewerFormat ? message : "SQLite \(code): \(message)" + (statement.isEmpty ? "" : " in \"\(statement)\"")
    }

    /// Our own code, outside SQLite's range: the file has a format that this version does not know.
    static let newerFormat: Int32 = 1 << 24

    /// The code without its extension.
    var primary: Int32 { code & 0xff }
    /// The file is not a database, or is corrupt.
    var isCorruption: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(primary) }
    /// The file is a journal of a newer version.
    var isNewerFormat: Bool { code == SQLiteError.newerFormat }
    /// The file or the file system is full.
    var isFull: Bool { primary == SQLITE_FULL }
}
