import Platform
import Synchronization

/// One pending query. Everything but `ticket` and `result` belongs to the loop's thread.
final class PostgresQuery: @unchecked Sendable {
    /// A query may be cancelled before it is queued; see `CurlTransfer.ticket`.
    let ticket = Mutex(CurlTransfer.Ticket.fresh)
    let sql: String
    /// How long its caller waits for a connection, and then for the result; nil: as configured.
    let patience: Duration?
    let result = OneShot<Result<PostgresRows, PostgresError>>()

    private(set) var columns: [String] = []
    private(set) var rows: [[String?]] = []
    private var bytes = 0
    /// The server's error, kept until it has finished with the query.
    var serverError: PostgresError?

    init(_ sql: String, patience: Duration? = nil) {
        self.sql = sql
        self.patience = patience
    }

    func setColumns(_ names: [String]) { columns = names }

    /// - Returns: false if the result exceeds its limits.
    func add(_ row: [String?], _ options: PostgresOptions) -> Bool {
        bytes += row.reduce(0) { $0 + ($1?.utf8.count ?? 0) + 16 }
        guard rows.count < options.rowLimit, bytes <= options.byteLimit else { return false }
        rows.append(row)
        return true
    }

    func succeed(_ certificate: CertificateInfo?) {
        var answer = PostgresRows(columns: columns, rows: rows)
        answer.certificateExpiry = certificate?.expiry
        answer.certificateLifetime = certificate?.lifetime
        result.fulfil(serverError.map { .failure($0) } ?? .success(answer))
    }
    func fail(_ error: PostgresError) { result.fulfil(.failure(error)) }
}
