import CSQLite

/// One SQLite connection, used by a single thread. Statements are prepared once and cached.
final class Database {
    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]

    /// - Parameter isReader: the file must exist. It is still opened for writing, which WAL's shared memory requires.
    /// - Throws: `SQLiteError` if the file can't be opened or created.
    init(path: String, isReader: Bool = false) throws(SQLiteError) {
        var opened: OpaquePointer?
        // Only one thread uses it, hence no mutex. https://sqlite.org/c3ref/open.html
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (isReader ? 0 : SQLITE_OPEN_CREATE)
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: message, statement: "open")
        }
        handle = opened
    }

    deinit {
        // Finalize statements first: a connection that still has some stays open as a zombie.
        // https://sqlite.org/c3ref/close.html
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Runs statements without rows and parameters.
    func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    /// The statement for this text, reset and without bindings.
    func statement(_ sql: String) throws(SQLiteError) -> Statement {
        if let known = statements[sql] {
            known.reset()
            return known
        }
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw error(code, sql) }
        let statement = Statement(prepared, sql: sql, database: handle)
        statements[sql] = statement
        return statement
    }

    /// Runs one statement to completion, ignoring rows.
    func run(_ sql: String, _ values: Statement.Value...) throws(SQLiteError) {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
    }

    /// The first column of the first row as a number.
    func number(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try statement(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : nil
    }

    /// The first column of the first row as text.
    func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try statement(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.text(0) : nil
    }

    /// Runs the body in a transaction: all of it is written or nothing is.
    func transaction(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
        try execute("BEGIN IMMEDIATE")
        do {
            try body()
            try execute("COMMIT")
        } catch {
            // Some errors have already rolled back. https://sqlite.org/c3ref/get_autocommit.html
            if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    private func error(_ code: Int32, _ sql: String) -> SQLiteError {
        SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)), statement: sql)
    }
}
