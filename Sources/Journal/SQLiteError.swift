import CSQLite

/// What SQLite refused: its extended result code, its message, and the statement. Values are never part of it.
/// Source: https://sqlite.org/rescode.html
package struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: Int32
    package let message: String
    package let statement: String

    package var description: String { "SQLite \(code): \(message)" + (statement.isEmpty ? "" : " in \"\(statement)\"") }

    /// The code without its extension.
    var primary: Int32 { code & 0xff }
    /// The file is no database, or a broken one.
    var isCorruption: Bool { [SQLITE_CORRUPT, SQLITE_NOTADB].contains(primary) }
    var isFull: Bool { primary == SQLITE_FULL }
}
