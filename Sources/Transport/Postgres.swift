import Platform

/// How to reach one PostgreSQL server.
package struct PostgresOptions: Sendable, Hashable {
    /// libpq parameters by their keyword (`host`, `port`, `dbname`, `user`, `sslmode`, `sslrootcert` …), the password
    /// not among them.
    package var parameters: [String: String]
    package var password: Secret?
    package var connectTimeout: Duration = .seconds(3)
    /// For each query, on the server (`statement_timeout`) and here.
    package var statementTimeout: Duration = .seconds(4)
    package var applicationName = "vaultwatch"
    /// Rows and bytes that one result may have.
    package var rowLimit = 10_000
    package var byteLimit = 4 << 20

    package init(parameters: [String: String], password: Secret? = nil) {
        self.parameters = parameters
        self.password = password
    }
}

/// A result in text form, as libpq gives it.
package struct PostgresRows: Sendable {
    package var columns: [String]
    /// nil is NULL.
    package var rows: [[String?]]

    package init(columns: [String], rows: [[String?]]) {
        self.columns = columns
        self.rows = rows
    }

    /// The value at a row and a named column.
    package func value(_ row: Int, _ column: String) -> String? {
        guard rows.indices.contains(row), let index = columns.firstIndex(of: column) else { return nil }
        return rows[row][index]
    }
}

package struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    package let reason: TransportError.Reason
    /// Five characters, as in the manual's appendix A; nil when the server did not speak.
    package let sqlState: String?
    package let message: String

    package init(_ reason: TransportError.Reason, sqlState: String? = nil, _ message: String) {
        self.reason = reason
        self.sqlState = sqlState
        self.message = message
    }

    package var description: String { "\(reason.rawValue)\(sqlState.map { " (\($0))" } ?? ""): \(message)" }
}

/// One server, one connection that is made when first needed and again after a failure.
/// Callers wait for each other: one query at a time.
package protocol PostgresConnection: Sendable {
    /// One statement; connects first if need be.
    func query(_ sql: String) async throws(PostgresError) -> PostgresRows
    /// Drops the connection; the next query makes a new one.
    func close() async
}

package protocol PostgresConnector: Sendable {
    func connection(to options: PostgresOptions) -> any PostgresConnection
}
