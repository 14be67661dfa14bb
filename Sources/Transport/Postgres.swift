package import Platform
package import Samples

/// How to reach one PostgreSQL server.
package struct PostgresOptions: Sendable, Hashable {
    /// libpq parameters by their keyword (`host`, `port`, `dbname`, `user`, `sslmode`, `sslrootcert` …), the password
    /// not among them.
    package var parameters: [String: String]
    /// Read for each new connection; nil leaves it to libpq (`passfile`, `PGPASSWORD`).
    package var password: Secret?
    /// Whether `sslmode=verify-full` is a default that nobody wrote; errors of TLS say what to write then. Default false.
    package var isVerifiedByDefault = false
    /// From the name lookup to the end of authentication. Default 3 s.
    package var connectTimeout: Duration = .seconds(3)
    /// For each query, on the server (`statement_timeout`) and, 250 ms longer, here. Default 4 s.
    package var statementTimeout: Duration = .seconds(4)
    /// As `pg_stat_activity` shows it. Default `vaultwatch`.
    package var applicationName = "vaultwatch"
    /// Rows that one result may have; more end the query with `.body`. Default 10,000.
    package var rowLimit = 10_000
    /// Default 4 MiB.
    package var byteLimit = 4 << 20

    /// Every other option at its default.
    package init(parameters: [String: String], password: Secret? = nil) {
        self.parameters = parameters
        self.password = password
    }
}

/// A result in text form, as libpq gives it.
package struct PostgresRows: Sendable {
    /// The names, in the order of the statement.
    package var columns: [String]
    /// nil is NULL.
    package var rows: [[String?]]
    /// The soonest end in the chain by which the server's certificate was verified when the connection was made; without
    /// verification that of its own certificate; nil without TLS.
    package var certificateExpiry: Timestamp?
    /// From the beginning of the server's own certificate to that end; nil where it is not known.
    package var certificateLifetime: Duration?

    /// A result made up, for tests and simulations.
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
    /// Server and cause; never a password.
    package let message: String
    /// See `TransportError.isTaken`.
    package var isTaken = false

    /// - Parameter sqlState: nil when the server did not answer.
    package init(_ reason: TransportError.Reason, sqlState: String? = nil, _ message: String) {
        self.reason = reason
        self.sqlState = sqlState
        self.message = message
    }

    /// Reason, SQLSTATE where there is one, and message.
    package var description: String { "\(reason.rawValue)\(sqlState.map { " (\($0))" } ?? ""): \(message)" }
}

/// One server, one connection that is made when first needed and again after a failure.
/// Callers wait for each other: one query at a time.
package protocol PostgresConnection: Sendable {
    /// One statement; connects first if need be.
    /// - Parameter patience: how long to wait for the connection, and then for the result; nil: as the options say. A
    ///   connection that was not waited for is tried again at once by the next query.
    func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows
    /// Drops the connection; the next query makes a new one.
    func close() async
}

extension PostgresConnection {
    /// One statement, waited for as long as the options say.
    package func query(_ sql: String) async throws(PostgresError) -> PostgresRows {
        try await query(sql, patience: nil)
    }
}

/// Makes connections. `PostgresPool` is the real one; tests script their own.
package protocol PostgresConnector: Sendable {
    /// A connection to come: the first query makes it.
    func connection(to options: PostgresOptions) -> any PostgresConnection

    /// The thread on which the statements are carried out, for tasks that do little but ask; see `HTTPClient.executor`.
    var executor: (any TaskExecutor)? { get }
}

extension PostgresConnector {
    package var executor: (any TaskExecutor)? { nil }
}
