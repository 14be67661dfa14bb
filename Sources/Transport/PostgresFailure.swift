/// Maps messages of libpq and the server to a bounded set of reasons. Sources: libpq's documentation, "Connection
/// Control Functions"; PostgreSQL's manual, appendix A.
package enum PostgresFailure {
    /// The error of a connection that failed or broke. libpq reports no SQLSTATE for it, but verbose errors contain one
    /// in their text.
    static func connection(_ text: String, while doing: TransportError.Reason) -> PostgresError {
        let message = oneLine(text)
        let state = sqlState(in: text)
        return PostgresError(
            state.map { refusal(sqlState: $0, serverWords(message, $0)) } ?? reason(message, default: doing),
            sqlState: state, message)
    }

    /// The server's message, without libpq's prefix; libpq's own message if the server sent none.
    package static func words(of error: PostgresError) -> String {
        error.sqlState.map { serverWords(error.message, $0) } ?? error.message
    }

    /// The text after the SQLSTATE: the server's own message.
    static func serverWords(_ message: String, _ sqlState: String) -> String {
        message.firstRange(of: "\(sqlState): ").map { String(message[$0.upperBound...]) } ?? message
    }

    /// Why a responding server refuses the connection. Poolers use 08P01 for everything they refuse, so only their text
    /// tells the reasons apart. Sources: pgbouncer's documentation and its log messages; PostgreSQL's manual, appendix
    /// A.
    private static func refusal(sqlState: String, _ words: String) -> TransportError.Reason {
        switch sqlState {
        case "53300": return .connections
        case "3D000", "0A000", "22023", "42704": return .configuration
        case _ where sqlState.hasPrefix("08"): break
        default: return reason(sqlState: sqlState, default: .connect)
        }
        let lower = words.lowercased()
        func says(_ phrases: String...) -> Bool { phrases.contains { lower.contains($0) } }
        // pgbouncer's query_wait_timeout: no connection to the server was free for that long.
        if says("too many connections", "no more connections", "too many clients", "query_wait_timeout") {
            return .connections
        }
        // The pooler responds, but the server behind it does not.
        if says("login has been failing", "cannot connect", "could not connect", "connect failed") { return .connect }
        if says("server conn crashed", "server closed", "shutting down", "shut down") { return .reset }
        if says("auth", "password", "no such user", "login failed") { return .auth }
        return .configuration
    }

    /// Whether a server, or a pooler in front of it, refuses startup parameters other than user and database.
    /// pgbouncer: `unsupported startup parameter: options`; others: `command-line options` are not supported.
    static func refusesOptions(_ error: PostgresError) -> Bool {
        guard let state = error.sqlState, ["08", "0A", "22", "42"].contains(where: state.hasPrefix) else {
            return false
        }
        let words = serverWords(error.message, state).lowercased()
        return ["startup parameter", "options", "statement_timeout", "default_transaction_read_only"].contains {
            words.contains($0)
        }
    }

    /// For a server that can't be verified, although verification was not configured explicitly.
    static let advice =
        "verify-full is the default; write sslrootcert: the file of the server's authority, sslmode: require to encrypt without verifying, or sslmode: disable"

    /// The error for a query, from the server or from a pooler that has no server for it.
    static func query(sqlState: String?, _ text: String) -> PostgresError {
        let message = oneLine(text)
        let reason =
            switch sqlState {
            case nil: TransportError.Reason.reset
            case let state? where state.hasPrefix("08"): refusal(sqlState: state, message)
            case let state?: reason(sqlState: state, default: .other)
            }
        return PostgresError(reason, sqlState: sqlState, message)
    }

    private static func reason(sqlState: String, default usual: TransportError.Reason) -> TransportError.Reason {
        switch sqlState {
        // query_canceled: how statement_timeout is reported.
        case "57014": .timeout
        case "57P01", "57P02", "57P05": .reset
        case "57P03": .connect
        case "42501": .auth
        case _ where sqlState.hasPrefix("28"): .auth
        case _ where sqlState.hasPrefix("08"): .reset
        case _ where sqlState.hasPrefix("53"), _ where sqlState.hasPrefix("3D"): .other
        default: usual
        }
    }

    /// libpq's own messages; the process sets no locale, so they are in English.
    private static func reason(_ message: String, default usual: TransportError.Reason) -> TransportError.Reason {
        // The text after `connection to server at "ssl-db.example" (…), port 5432 failed: `, whose names must not be
        // matched.
        let lower = (message.firstRange(of: " failed: ").map { message[$0.upperBound...] } ?? message[...]).lowercased()
        if lower.contains("expected authentication request") { return .other }
        if lower.contains("ssl") || lower.contains("certificate") || lower.contains("tls") { return .tls }
        if lower.contains("fe_sendauth") || lower.contains("password") || lower.contains("authentication") {
            return .auth
        }
        if lower.contains("could not translate host name") { return .dns }
        if lower.contains("network is unreachable") || lower.contains("no route to host") { return .unreachable }
        if lower.contains("closed the connection") || lower.contains("reset by peer") { return .reset }
        return usual
    }

    /// `…: FATAL:  28P01: password …`
    private static func sqlState(in text: String) -> String? {
        for severity in ["FATAL:  ", "ERROR:  ", "PANIC:  "] {
            var rest = text[...]
            while let start = rest.firstRange(of: severity)?.upperBound {
                rest = rest[start...]
                let code = rest.prefix(5)
                if code.utf8.count == 5, code.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
                    rest.dropFirst(5).first == ":"
                {
                    return String(code)
                }
            }
        }
        return nil
    }

    /// Without the server's source lines, and truncated.
    private static func oneLine(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }.filter {
            !$0.hasPrefix("LOCATION:")
        }
        return String(lines.joined(separator: "; ").prefix(500))
    }
}

extension PostgresError {
    /// Adds advice if the server's certificate is rejected because of our default.
    func advising(_ options: PostgresOptions) -> PostgresError {
        guard reason == .tls, options.isVerifiedByDefault else { return self }
        return PostgresError(reason, sqlState: sqlState, "\(message); \(PostgresFailure.advice)")
    }
}
