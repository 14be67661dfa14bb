import CPostgres
import Glibc
import Platform

/// What libpq is told. Source: PostgreSQL's manual, "Parameter Key Words".
enum PostgresParameters {
    /// The one name that must be looked up before libpq starts, for libpq would block on it.
    /// Sockets, addresses, a given `hostaddr` and lists of hosts need none or are left to libpq's list syntax.
    static func nameToResolve(_ parameters: [String: String]) -> [String] {
        guard parameters["hostaddr", default: ""].isEmpty, let host = parameters["host"] else { return [] }
        return host.split(separator: ",").map(String.init).filter { !isLocal($0) && !NameResolver.isNumeric($0) }
    }

    /// Begins to connect.
    /// - Returns: nil where libpq has no memory.
    static func connect(_ parameters: [(String, String)]) -> OpaquePointer? {
        withCStrings(parameters.map(\.0)) { keywords in
            withCStrings(parameters.map(\.1)) { values in PQconnectStartParams(keywords, values, 0) }
        }
    }

    /// - Parameters:
    ///   - addresses: of each name that `nameToResolve` gave.
    ///   - password: revealed.
    ///   - hasOptions: whether `options` may be said; a pooler may refuse it.
    static func all(
        _ options: PostgresOptions, password: String?, addresses: [String: [String]], hasOptions: Bool = true
    ) -> [(String, String)] {
        var parameters = options.parameters
        spread(&parameters, addresses)
        if let password { parameters["password"] = password }
        parameters["application_name"] = options.applicationName
        parameters["client_encoding"] = "UTF8"
        // GSS encryption negotiates in a blocking way and asks a key server on the network.
        if parameters["gssencmode"] == nil { parameters["gssencmode"] = "disable" }
        guard hasOptions else {
            parameters["options"] = nil
            return parameters.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        }
        // A watcher writes nothing; and the server gives up by itself on a query whose reader has left.
        let own =
            "-c statement_timeout=\(max(1, options.statementTimeout.wholeMilliseconds)) -c default_transaction_read_only=on"
        parameters["options"] = parameters["options"].map { "\($0) \(own)" } ?? own
        return parameters.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    /// What stands before each query where `options` are refused: the same settings, for its transaction alone. A
    /// setting of the session would stay on a pooler's connection and reach its next user, who may be Vault.
    /// - Returns: nil where configured options cannot be said that way.
    static func perQuery(_ options: PostgresOptions) -> String? {
        guard let settings = settings(options.parameters["options"] ?? "") else { return nil }
        let own = settings + [("statement_timeout", "\(max(1, options.statementTimeout.wholeMilliseconds))")]
        return own.map { "SET LOCAL \($0.0) = \(literal($0.1)); " }.joined() + "SET TRANSACTION READ ONLY; "
    }

    private static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// The settings of `-c name=value` and `--name=value`.
    /// - Returns: nil where there is anything else.
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

    /// Who it is, for messages: `127.0.0.1:5432/vault`.
    static func name(_ parameters: [String: String]) -> String {
        let host = parameters["host"] ?? parameters["hostaddr"] ?? "local socket"
        return "\(host):\(parameters["port"] ?? "5432")\(parameters["dbname"].map { "/\($0)" } ?? "")"
    }

    private static func isLocal(_ host: String) -> Bool { host.hasPrefix("/") || host.hasPrefix("@") }

    /// Names each host once for each of its addresses: libpq tries the pairs of `host` and `hostaddr` in order,
    /// and still verifies certificates against the name.
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
    /// What libpq reads by itself.
    private static let fileParameters = ["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"]

    private var filePaths: [String] {
        PostgresOptions.fileParameters.compactMap { parameters[$0] }.filter { $0.hasPrefix("/") }
    }

    /// Whether a new connection needs files.
    var hasFiles: Bool { password?.path != nil || !filePaths.isEmpty }

    /// Reads the password, and all files once that libpq will read on its thread: what is no regular file, or on a dead
    /// mount, would hold all connections there. A missing one is for libpq to judge.
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

/// A null-ended array of C strings, valid inside the closure.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
    let pointers: [UnsafePointer<CChar>?] = strings.map { UnsafePointer(strdup($0)) } + [nil]
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}
