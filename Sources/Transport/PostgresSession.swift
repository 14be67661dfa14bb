import CCurl
import CPostgres
import Glibc
import Platform
import Text

/// One server's connection and the queries that wait for it. Belongs to the loop's thread.
///
/// libpq is only called in non-blocking ways: PQconnectPoll, PQsendQueryParams, PQconsumeInput. PQcancel would block,
/// so a query that takes too long costs its connection; `statement_timeout` ends it on the server.
final class PostgresSession: @unchecked Sendable {
    static let queueLimit = 64
    /// How long the server has to report a statement timeout itself.
    static let grace = Duration.milliseconds(250)

    let options: PostgresOptions
    private let platform: Platform
    private let name: String
    private var state = State.disconnected
    private var queue: [PostgresQuery] = []
    private var backoff = Backoff()
    private var lastFailure: PostgresError?
    private var attempts = 0
    /// Results of this attempt that are still missing.
    private var awaited = 0
    private var password: String?

    /// Bytes from the server since connecting began, or since the last query was sent.
    private var received = 0
    private var relay: PostgresRelay?
    /// The prefix of each query once a pooler has refused `options`; nil while they are sent at startup.
    private var prefix: String?
    /// Of the established connection.
    private var certificate: CertificateInfo?

    private var resolved: [String: [String]] = [:]
    private let lookUp: @Sendable (PostgresSession, String, Int) -> Void
    private let readFiles: @Sendable (PostgresSession, Int) -> Void

    /// - Parameters:
    ///   - lookUp: resolves a name off the loop's thread, and passes the answer to `resolved` on it.
    ///   - readFiles: likewise reads what a connection needs, and passes the password to `read`.
    init(
        _ options: PostgresOptions, platform: Platform,
        lookUp: @escaping @Sendable (PostgresSession, String, Int) -> Void,
        readFiles: @escaping @Sendable (PostgresSession, Int) -> Void
    ) {
        self.options = options
        self.lookUp = lookUp
        self.readFiles = readFiles
        self.platform = platform
        name = PostgresParameters.name(options.parameters)
    }

    /// What to poll for, and the deadline.
    var interest: (polled: [pollfd], deadline: Instant?)? {
        switch state {
        case .disconnected: nil
        case .resolving(let deadline, _): ([], deadline)
        case .connecting(let connection, let wants, let deadline):
            // libpq changes its socket when it moves from address to address.
            (polled(connection, Int16(wants == PGRES_POLLING_WRITING ? POLLOUT : POLLIN)), deadline)
        case .ready(let connection): (polled(connection, Int16(POLLIN)), nil)
        case .running(let connection, _, let deadline, let unsent):
            (polled(connection, Int16(unsent ? POLLIN | POLLOUT : POLLIN)), deadline)
        }
    }

    private func polled(_ connection: OpaquePointer, _ events: Int16) -> [pollfd] {
        var polled = [pollfd(fd: PQsocket(connection), events: events, revents: 0)]
        if let relay, relay.events != 0 { polled.append(pollfd(fd: relay.outer, events: relay.events, revents: 0)) }
        return polled
    }

    // MARK: - Commands

    func enqueue(_ query: PostgresQuery) {
        guard queue.count < PostgresSession.queueLimit else {
            query.fail(PostgresError(.other, "\(name): \(PostgresSession.queueLimit) queries wait already"))
            return
        }
        queue.append(query)
        advance()
    }

    func cancel(_ query: PostgresQuery) {
        let error = PostgresError(.cancelled, "\(name): cancelled")
        queue.removeAll { $0 === query }
        query.fail(error)
        if case .running(let connection, let running, _, _) = state, running === query {
            end(connection)
            state = .disconnected
            advance()
        }
    }

    /// Closes the connection; waiting queries fail.
    func drop(_ error: PostgresError) {
        switch state {
        case .disconnected, .resolving: break
        case .connecting(let connection, _, _), .ready(let connection): end(connection)
        case .running(let connection, let query, _, _):
            end(connection)
            query.fail(error)
        }
        state = .disconnected
        let waiting = queue
        queue = []
        for query in waiting { query.fail(error) }
    }

    // MARK: - Events

    /// Takes the next step, as long as none blocks.
    func advance() {
        switch state {
        case .disconnected:
            guard !queue.isEmpty else { return }
            if let lastFailure, backoff.isWaiting(at: platform.time.monotonic()) {
                drop(lastFailure)
                return
            }
            attempts += 1
            let deadline = platform.time.monotonic() + connectLimit
            let names = PostgresParameters.nameToResolve(options.parameters)
            (resolved, password) = (
                [:], options.password.flatMap { $0.path == nil ? try? $0.reveal(platform.files) : nil }
            )
            awaited = names.count + (options.hasFiles ? 1 : 0)
            guard awaited > 0 else {
                connect(deadline)
                return
            }
            state = .resolving(deadline: deadline, attempt: attempts)
            for name in names { lookUp(self, name, attempts) }
            if options.hasFiles { readFiles(self, attempts) }
        case .ready(let connection): startNext(connection)
        case .resolving, .connecting, .running: break
        }
    }

    func resolved(_ name: String, _ result: NameResolver.Answer, attempt: Int) {
        answered(attempt, result.mapError { PostgresError(.dns, "\($0)") }) { resolved[name] = $0 }
    }

    func read(_ result: Result<String?, PostgresError>, attempt: Int) { answered(attempt, result) { password = $0 } }

    private func answered<Value>(_ attempt: Int, _ result: Result<Value, PostgresError>, _ take: (Value) -> Void) {
        guard case .resolving(let deadline, let current) = state, current == attempt else { return }
        switch result {
        case .failure(let error): connectFailed(error)
        case .success(let value):
            take(value)
            awaited -= 1
            if awaited == 0 { connect(deadline) }
        }
    }

    private func connect(_ deadline: Instant) {
        let parameters = PostgresParameters.all(
            options, password: password, addresses: resolved, hasOptions: prefix == nil)
        (resolved, password) = ([:], nil)
        guard let connection = PostgresParameters.connect(parameters) else {
            connectFailed(PostgresError(.other, "\(name): out of memory"))
            return
        }
        guard PQstatus(connection) != CONNECTION_BAD else {
            let error = failure(connection, .connect)
            end(connection)
            connectFailed(error)
            return
        }
        // Notices would go to standard error; verbose errors contain the SQLSTATE of a refused login.
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        received = 0
        state = .connecting(connection, PGRES_POLLING_WRITING, deadline: deadline)
    }

    /// Forwards the next piece from the server, before libpq reads it.
    /// - Returns: false if it exceeds the limit.
    private func isWithinBounds(_ limit: Int) -> Bool {
        guard let relay else { return true }
        relay.push()
        received = received.addingSaturated(relay.pull())
        return received <= limit
    }

    /// Inserts the relay between libpq and the server as soon as there is a connection, and again if libpq has moved on
    /// to another address. No data of the server has been read by then.
    /// - Returns: false if the process is out of descriptors.
    private func relayBegins(_ connection: OpaquePointer) -> Bool {
        let socket = PQsocket(connection)
        // Data of the previous address must not wake libpq, which takes any call for the end of its wait.
        if relay?.serves(socket) == false { relay = nil }
        guard relay == nil, socket >= 0, PQstatus(connection) != CONNECTION_STARTED else { return true }
        relay = PostgresRelay(socket)
        return relay != nil
    }

    /// Closes a connection; libpq sends a Terminate message to the server.
    private func end(_ connection: OpaquePointer) {
        PQfinish(connection)
        relay?.push()
        relay = nil
    }

    /// Limit on what a server may send unsolicited, including its part of the authentication.
    private static let unaskedLimitBytes = 64 << 10

    private var tooLong: PostgresError {
        PostgresError(
            .body, "\(name): the result is longer than \(options.rowLimit) rows or \(options.byteLimit) bytes")
    }

    /// How long waiting queries wait for a connection.
    private var connectLimit: Duration {
        min(queue.compactMap(\.patience).min() ?? .seconds(3600), options.connectTimeout.bounded)
    }

    /// The wait for a connection has timed out.
    private func connectTimedOut(_ error: PostgresError) {
        // If a caller's patience ended before the connect timeout, that says nothing about later queries: no backoff.
        if queue.contains(where: { $0.patience != nil }) { drop(error) } else { connectFailed(error) }
    }

    private func connectFailed(_ error: PostgresError) {
        backoff.failed(at: platform.time.monotonic(), random: platform.random.unit())
        lastFailure = error
        drop(error)
    }

    /// The socket is ready.
    /// - Returns: whether an idle connection turned out to be lost.
    func ready() -> Bool {
        switch state {
        case .disconnected, .resolving: return false
        case .connecting(let connection, _, let deadline):
            guard isWithinBounds(PostgresSession.unaskedLimitBytes) else {
                end(connection)
                state = .disconnected
                connectFailed(
                    PostgresError(.body, "\(name): the server sends without end instead of letting anybody in"))
                return false
            }
            let next = PQconnectPoll(connection)
            switch next {
            case PGRES_POLLING_OK:
                backoff.succeeded()
                lastFailure = nil
                certificate = CertificateInfo.current(postgres: connection)
                PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
                PQsetnonblocking(connection, 1)
                relay?.push()
                received = 0
                state = .ready(connection)
                advance()
            case PGRES_POLLING_FAILED:
                let error = failure(connection, .connect).advising(options)
                end(connection)
                state = .disconnected
                if prefix == nil, PostgresFailure.refusesOptions(error),
                    let perQuery = PostgresParameters.perQuery(options)
                {
                    // Once per session: both variants work with every server behind the pooler.
                    prefix = perQuery
                    advance()
                } else {
                    connectFailed(error)
                }
            default:
                guard relayBegins(connection) else {
                    end(connection)
                    state = .disconnected
                    connectFailed(PostgresError(.other, "\(name): no descriptor left for a connection"))
                    return false
                }
                relay?.push()
                state = .connecting(connection, next, deadline: deadline)
            }
            return false
        case .ready(let connection):
            // No query is running: this is a notice, a changed setting, or the end.
            guard isWithinBounds(PostgresSession.unaskedLimitBytes), PQconsumeInput(connection) == 1,
                PQstatus(connection) == CONNECTION_OK
            else {
                end(connection)
                state = .disconnected
                return true
            }
            while PQisBusy(connection) == 0, let result = PQgetResult(connection) { PQclear(result) }
            return false
        case .running(let connection, let query, let deadline, let unsent):
            if unsent {
                let left = PQflush(connection)
                guard left >= 0 else {
                    lost(connection, query)
                    return false
                }
                state = .running(connection, query, deadline: deadline, unsent: left == 1)
                relay?.push()
            }
            // Twice: names, lengths and types are sent in addition to the values.
            guard isWithinBounds(2 * options.byteLimit) else {
                fail(connection, query, tooLong)
                return false
            }
            guard PQconsumeInput(connection) == 1 else {
                lost(connection, query)
                return false
            }
            read(connection, query)
            return false
        }
    }

    /// Puts off the deadline by time in which this process did not run.
    func extend(by stall: Duration) { state = state.extended(by: stall) }

    /// Handles expired timeouts.
    func expire(at now: Instant) {
        switch state {
        case .resolving(let deadline, _) where deadline <= now:
            connectTimedOut(
                PostgresError(
                    .timeout, "\(name): its address or its files were not found in \(connectLimit.wholeMilliseconds) ms"
                ))
        case .connecting(let connection, _, let deadline) where deadline <= now:
            var error = PostgresError(.timeout, "\(name): no connection in \(connectLimit.wholeMilliseconds) ms")
            error.isTaken = isTaken(connection)
            end(connection)
            state = .disconnected
            connectTimedOut(error)
        case .running(let connection, let query, let deadline, _) where deadline <= now:
            let limit = query.patience ?? options.statementTimeout
            var error = PostgresError(.timeout, "\(name): no answer in \(limit.wholeMilliseconds) ms")
            error.isTaken = isTaken(connection)
            end(connection)
            state = .disconnected
            query.fail(error)
            advance()
        default: break
        }
    }

    private func isTaken(_ connection: OpaquePointer) -> Bool {
        vw_peer_took_all(relay?.outer ?? PQsocket(connection)) != 0
    }

    // MARK: - Queries

    private func startNext(_ connection: OpaquePointer) {
        guard !queue.isEmpty else { return }
        let query = queue.removeFirst()
        // The extended protocol accepts one statement only, which is what a query is. In the simple protocol the
        // statements of a message are one transaction, which a pooler routes to one server in any pool mode.
        let isSent =
            if let prefix {
                PQsendQuery(connection, prefix + query.sql)
            } else {
                PQsendQueryParams(connection, query.sql, 0, nil, nil, nil, nil, 0)
            }
        guard isSent == 1, PQsetSingleRowMode(connection) == 1 else {
            lost(connection, query)
            return
        }
        received = 0
        let left = PQflush(connection)
        relay?.push()
        state = .running(
            connection, query,
            deadline: platform.time.monotonic()
                + (query.patience ?? options.statementTimeout.bounded + PostgresSession.grace),
            unsent: left != 0)
    }

    /// The connection broke during a query. The next query reconnects at once: this connection had worked.
    private func lost(_ connection: OpaquePointer, _ query: PostgresQuery) {
        // A server that shuts down reports that before it disconnects.
        let error = query.serverError ?? failure(connection, .reset)
        end(connection)
        state = .disconnected
        query.fail(error)
        advance()
    }

    /// Closes the connection because of an answer; the next query opens a new one.
    private func fail(_ connection: OpaquePointer, _ query: PostgresQuery, _ error: PostgresError) {
        end(connection)
        state = .disconnected
        query.fail(error)
        advance()
    }

    private func read(_ connection: OpaquePointer, _ query: PostgresQuery) {
        while PQisBusy(connection) == 0 {
            guard let result = PQgetResult(connection) else {
                guard PQstatus(connection) == CONNECTION_OK else {
                    lost(connection, query)
                    return
                }
                state = .ready(connection)
                query.succeed(certificate)
                advance()
                return
            }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK:
                if query.columns.isEmpty {
                    query.setColumns(
                        (0..<PQnfields(result)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" })
                }
                for row in 0..<PQntuples(result) where !query.add(values(result, row), options) {
                    fail(connection, query, tooLong)
                    return
                }
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                fail(connection, query, PostgresError(.other, "\(name): COPY is not a query"))
                return
            default:
                let sqlState = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
                let text = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
                if query.serverError == nil {
                    query.serverError = PostgresFailure.query(sqlState: sqlState, "\(name): \(text)")
                }
            }
        }
    }

    private func values(_ result: OpaquePointer, _ row: Int32) -> [String?] {
        (0..<PQnfields(result)).map { column in
            guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else { return nil }
            let bytes = UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, row, column)))
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private func failure(_ connection: OpaquePointer, _ usual: TransportError.Reason) -> PostgresError {
        PostgresFailure.connection(PQerrorMessage(connection).map { String(cString: $0) } ?? "", while: usual)
    }
}
