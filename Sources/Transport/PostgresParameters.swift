import CPostgres
import Glibc
import Platform

/// The connection parameters for libpq. Source: PostgreSQL's manual, "Parameter Key Words".
enum PostgresParameters {
    /// The name that must be resolved before libpq starts, since libpq would block on it. Sockets, addresses and a
    /// given `hostaddr` need none; lists of hosts are left to libpq.
    static func nameToResolve(_ parameters: [String: String]) -> [String] {
        guard parameters["hostaddr", default: ""].isEmpty, let host = parameters["host"] else { return [] }
        return host.split(separator: ",").map(String.init).filter { !isLocal($0) && !NameResolver.isNumeric($0) }
    }

    /// Starts connecting.
    /// - Returns: nil if libpq is out of memory.
    static func connect(_ parameters: [(String, String)]) -> OpaquePointer? {
        withCStrings(parameters.map(\.0)) { keywords in
            withCStrings(parameters.map(\.1)) { values in PQconnectStartParams(keywords, values, 0) }
        }
    }

    /// - Parameters:
    ///   - addresses: for each name that `nameToResolve` returned.
    ///   - password: revealed.
    ///   - hasOptions: whether to send `options`; a pooler may refuse it.
    static func all(
        _ options: PostgresOptions, password: String?, addresses: [String: [String]], hasOptions: Bool = true
    ) -> [(String, String)] {
        var parameters = options.parameters
        spread(&parameters, addresses)
        if let password { parameters["password"] = password }
        parameters["application_name"] = options.applicationName
        parameters["client_encoding"] = "UTF8"
        // GSS encryption is negotiated with blocking calls and contacts a key server over the network.
        if parameters["gssencmode"] == nil { parameters["gssencmode"] = "disable" }
        guard hasOptions else {
            parameters["options"] = nil
            return parameters.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        }
        // A monitor writes nothing; and the server should cancel a query whose client has disconnected.
        let own =
            "-c statement_timeout=\(max(1, options.statementTimeout.wholeMilliseconds)) -c default_transaction_read_only=on"
        parameters["options"] = parameters["options"].map { "\($0) \(own)" } ?? own
        return parameters.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    /// A prefix for each query if `options` is refused: the same settings, for its transaction only. A setting of the
    /// session would stay on a pooler's connection and affect its next user, who may be Vault.
    /// - Returns: nil if configured options cannot be expressed that way.
    static func perQuery(_ options: PostgresOptions) -> String? {
        guard let settings = settings(options.parameters["options"] ?? "") else { return nil }
        let own = settings + [("statement_timeout", "\(max(1, options.statementTimeout.wholeMilliseconds))")]
        return own.map { "SET LOCAL \($0.0) = \(literal($0.1)); " }.joined() + "SET TRANSACTION READ ONLY; "
    }

    private static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// The settings of `-c name=value` and `--name=value`.
    /// - Returns: nil if the options contain anything else.
    private static func settings(_ options: String) -> [(String, String)]? {
        var found: [(String, String)] = []
        var words = options.split(separator: " ").map(String.init)[...]
        while var word = words.popFirst() {
            if word == "-c" {
                guard let next = words.popFirst() else { return nil }
                word = next
            } else if word.hasPrefix("--") || word.hasPrefix("-c") {
                word = String(word.dropFirst(2))
            } else {
                return nil
            }
            guard let sign = word.firstIndex(of: "="), !word.contains("\\"), !word.contains("\0") else { return nil }
            let name = word[..<sign].map { $0 == "-" ? "_" : $0 }
            guard !name.isEmpty,
                name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") })
            else { return nil }
            found.append((String(name), String(word[word.index(after: sign)...])))
        }
        return found
    }

    /// Identifies the server in messages: `127.0.0.1:5432/vault`.
    static func name(_ parameters: [String: String]) -> String {
        let host = parameters["host"] ?? parameters["hostaddr"] ?? "local socket"
        return "\(host):\(parameters["port"] ?? "5432")\(parameters["dbname"].map { "/\($0)" } ?? "")"
    }

    private static func isLocal(_ host: String) -> Bool { host.hasPrefix("/") || host.hasPrefix("@") }

    /// Repeats each host for each of its addresses: libpq tries the pairs of `host` and `hostaddr` in order, and still
    /// verifies certificates against the name.
    private static func spread(_ parameters: inout [String: String], _ addresses: [String: [String]]) {
        guard parameters["hostaddr", default: ""].isEmpty, let list = parameters["host"], !list.isEmpty else { return }
        let hosts = list.split(separator: ",").map(String.init)
        guard hosts.contains(where: { !isLocal($0) }) else { return }
        let ports = (parameters["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        var (names, numbers, ends): ([String], [String], [String]) = ([], [], [])
        for (index, host) in hosts.enumerated() {
            let port = ports.count == hosts.count ? ports[index] : ports.first ?? ""
            for address in isLocal(host) ? [""] : addresses[host] ?? [host] {
                names.append(host)
                numbers.append(address)
                ends.append(port)
            }
        }
        parameters["host"] = names.joined(separator: ",")
        parameters["hostaddr"] = numbers.joined(separator: ",")
        if ends.contains(where: { !$0.isEmpty }) { parameters["port"] = ends.joined(separator: ",") }
    }
}

extension PostgresOptions {
    /// Files that libpq reads itself.
    private static let fileParameters = ["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"]

    private var filePaths: [String] {
        PostgresOptions.fileParameters.compactMap { parameters[$0] }.filter { $0.hasPrefix("/") }
    }

    /// Whether a new connection needs files.
    var hasFiles: Bool { password?.path != nil || !filePaths.isEmpty }

    /// Reads the password, and all files that libpq will read on its thread: one that is not a regular file, or on a
    /// dead mount, would block all connections there. A missing one is left for libpq to report.
    func loaded(_ files: any FileAccess) async -> Result<String?, PostgresError> {
        let name = PostgresParameters.name(parameters)
        for path in filePaths {
            do throws(FileError) { _ = try await files.readInTime(path, limit: 4 << 20) } catch {
                if !error.isMissing { return .failure(PostgresError(.tls, "\(name): \(error)")) }
            }
        }
        do throws(FileError) { return .success(try await password?.revealInTime(files)) } catch {
            return .failure(PostgresError(.auth, "\(name): no password: \(error)"))
        }
    }
}

/// A null-terminated array of C strings, valid inside the closure.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    let pointers: [UnsafePointer<CChar>?] = strings.map { UnsafePointer(strdup($0)) } + [nil]
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}
