package import Platform
package import Samples

/// How to reach one PostgreSQL server.
package struct PostgresOptions: Sendable, Hashable {
    /// libpq parameters by keyword (`host`, `port`, `dbname`, `user`, `sslmode`, `sslrootcert` …), without the
    /// password.
    package var parameters: [String: String]
    /// Read for each new connection; nil leaves it to libpq (`passfile`, `PGPASSWORD`).
    package var password: Secret?
    /// Whether `sslmode=verify-full` is our default rather than configured; TLS errors then include advice. Default
    /// false.
    package var isVerifiedByDefault = false
    /// From the name lookup to the end of authentication. Default 3 s.
    package var connectTimeout: Duration = .seconds(3)
    /// For each query, on the server (`statement_timeout`) and, 250 ms longer, on the client. Default 4 s.
    package var statementTimeout: Duration = .seconds(4)
    /// Shown in `pg_stat_activity`. Default `vaultwatch`.
    package var applicationName = "vaultwatch"
    /// Maximum number of rows in one result; more fail the query with `.body`. Default 10,000.
    package var rowLimit = 10_000
    /// Maximum size of one result. Default 4 MiB.
    package var byteLimit = 4 << 20

    /// Every other option at its default.
    package init(parameters: [String: String], password: Secret? = nil) {
        self.parameters = parameters
        self.password = password
    }
}

/// A result in text format.
package struct PostgresRows: Sendable {
    /// The names, in the order of the statement.
    package var columns: [String]
    /// nil is NULL.
    package var rows: [[String?]]
    /// The earliest expiry in the chain by which the server's certificate was verified when the connection was made;
    /// without verification that of its own certificate; nil without TLS.
    package var certificateExpiry: Timestamp?
    /// From the start of the server's own certificate to that expiry; nil if unknown.
    package var certificateLifetime: Duration?

    /// A made-up result, for tests and simulations.
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

/// Why a query has no result.
package struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure: the value of metrics' `reason` label.
    package let reason: TransportError.Reason
    /// Five characters, as in the manual's appendix A; nil when the server did not answer.
    package let sqlState: String?
    /// Server and cause; never includes a password.
    package let message: String
    /// See `TransportError.isTaken`.
    package var isTaken = false

    /// - Parameter sqlState: nil when the server did not answer.
    package init(_ reason: TransportError.Reason, sqlState: String? = nil, _ message: String) {
        self.reason = reason
        self.sqlState = sqlState
        self.message = message
    }

    /// Reason, SQLSTATE if there is one, and message.
    package var description: String { "\(reason.rawValue)\(sqlState.map { " (\($0))" } ?? ""): \(message)" }
}

/// A connection to one server, made when first needed and again after a failure. Runs one query at a time; other
/// callers wait.
package protocol PostgresConnection: Sendable {
    /// Runs one statement; connects first if necessary.
    /// - Parameter patience: how long to wait for the connection, and then for the result; nil: as configured. If it
    ///   ran out before the connection was made, the next query tries again at once.
    func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows
    /// Closes the connection; the next query opens a new one.
    func close() async
}

extension PostgresConnection {
    /// Runs one statement, with the configured timeouts.
    package func query(_ sql: String) async throws(PostgresError) -> PostgresRows {
        try await query(sql, patience: nil)
    }
}

/// Creates connections. `PostgresPool` is the real one; tests script their own.
package protocol PostgresConnector: Sendable {
    /// A connection that is made by its first query.
    func connection(to options: PostgresOptions) -> any PostgresConnection

    /// The thread that carries out statements, for tasks that do little else; see `HTTPClient.executor`.
    var executor: (any TaskExecutor)? { get }
}

extension PostgresConnector {
    package var executor: (any TaskExecutor)? { nil }
}
