import Platform
import Probes
import Samples
import Text
package import Transport
package import YAML

extension TargetParser {
    /// Parses `postgres`: the servers with Vault's storage.
    /// - Parameter clusters: the names of the configured Vault clusters; the first is the default of a server's
    ///   `cluster`.
    func postgres(_ node: Node?, clusters: [String]) -> [PostgresServerOptions] {
        guard let node else { return [] }
        var fields = Fields(node, errors, "postgres")
        var names: Set<String> = []
        let servers = fields.list("servers").compactMap { server($0, clusters, &names) }
        fields.finish()
        return servers
    }

    /// Reads `cluster`: the Vault cluster that something stores data for; the only one by default. Nil if there is
    /// none.
    func vaultCluster(_ fields: inout Fields, of what: String, _ clusters: [String]) -> String? {
        let cluster = fields.string("cluster")
        if cluster == nil, clusters.count > 1 {
            errors.add(
                fields.position,
                "\(what) needs \"cluster\": one of \(clusters.map { "\"\($0)\"" }.joined(separator: ", "))")
        }
        if let cluster, !clusters.isEmpty, !clusters.contains(cluster) {
            let hint =
                nearest(cluster, in: clusters).map { "; did you mean \"\($0)\"?" }
                ?? "; expected one of \(clusters.joined(separator: ", "))"
            errors.add(fields.position(of: "cluster"), "cluster: there is no Vault cluster \"\(cluster)\"\(hint)")
        }
        return cluster ?? clusters.first
    }

    /// Keys that are libpq parameters of the same name.
    private static let sameName = [
        "host", "hostaddr", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding",
        "target_session_attrs",
    ]

    /// Debian's path; libpq 15 has no name for the system's authorities.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    /// Over a network libpq's own default, `prefer`, would reveal password and answers to a man in the middle: the
    /// server is verified unless the configuration says otherwise.
    /// - Returns: whether the default was used.
    private func takeEncryption(_ parameters: inout [String: String]) -> Bool {
        let hosts = parameters["host", default: parameters["hostaddr"] ?? ""].split(separator: ",").map(String.init)
        let isNear = hosts.allSatisfy { $0.hasPrefix("/") || $0.hasPrefix("@") || Plaintext.isLoopback($0) }
        let isDefault = parameters["sslmode"] == nil && !isNear
        if isDefault { parameters["sslmode"] = "verify-full" }
        if ["verify-ca", "verify-full"].contains(parameters["sslmode"]), parameters["sslrootcert"] == nil {
            parameters["sslrootcert"] = TargetParser.systemAuthorities
        }
        return isDefault
    }

    /// With a list of hosts libpq uses whichever server answers or has the requested role: the facts would be those of
    /// different servers at different times, and a server that changes its role would be reported as down.
    private func checkIsOneServer(_ parameters: [String: String], _ what: String, at position: SourcePosition) {
        let hosts = ["host", "hostaddr"].map { (parameters[$0] ?? "").split(separator: ",").count }.max() ?? 0
        if hosts > 1 {
            errors.add(
                position,
                "\(what) names \(hosts) hosts; expected one: give each an entry of its own under servers"
            )
        }
        if let role = parameters["target_session_attrs"], role != "any" {
            errors.add(
                position,
                "\(what) has target_session_attrs: \(role.prefix(20)); expected any or none: a server is monitored in any role"
            )
        }
    }

    private func server(_ node: Node, _ clusters: [String], _ names: inout Set<String>) -> PostgresServerOptions? {
        var fields = Fields(node, errors, "a PostgreSQL server")
        let name = fields.requiredString("name") ?? ""
        checkUnique(name, "PostgreSQL server", at: node.position, &names)

        var connection = connection(&fields, "PostgreSQL server \"\(name)\"")
        let cluster = vaultCluster(&fields, of: "PostgreSQL server \"\(name)\"", clusters)
        let (interval, timeout) = pace(&fields)
        connection.connectTimeout = min(connection.connectTimeout, timeout)
        connection.statementTimeout = timeout
        var options = PostgresServerOptions(name: name, connection: connection)
        if let cluster { options.cluster = cluster }
        options.interval = interval
        if let bytes = context.bytes(&fields, "capacity_bytes") { options.capacityBytes = Int64(bytes) }
        if let path = fields.node("storage_path"), let text = path.scalar {
            options.storagePath = context.path(text, at: path.position)
        }
        if options.capacityBytes != nil, options.storagePath != nil {
            errors.add(
                fields.position(of: "capacity_bytes"), "both capacity_bytes and storage_path are given; keep one")
        }
        if let table = fields.string("table") { options.keyValueTable = table }
        if let table = fields.string("ha_table") { options.lockTable = table }
        if let count = fields.integer("expected_replicas", in: 0...100) { options.expectedReplicas = count }
        fields.finish()
        return options
    }

    /// Reads how to connect to one server: `dsn`, or libpq's parameters and `database`; and `password`.
    /// - Parameter what: names it in messages.
    package func connection(_ fields: inout Fields, _ what: String) -> PostgresOptions {
        let node = fields.node
        var parameters: [String: String] = [:]
        var dsnPassword: Secret?
        if let dsn = fields.node("dsn") {
            switch ConnectionString.parse(dsn.scalar ?? "") {
            case .success(let parsed): parameters = parsed
            case .failure(let problem): errors.add(dsn.position, "dsn: \(problem.message)")
            }
            dsnPassword = parameters.removeValue(forKey: "password").map { Secret(value: $0) }
            if parameters.removeValue(forKey: "sslpassword") != nil {
                errors.add(
                    dsn.position,
                    "dsn: sslpassword is not supported; expected a key without a passphrase, in a file that only the agent may read"
                )
            }
        }
        for key in TargetParser.sameName {
            if let value = fields.string(key) { parameters[key] = value }
        }
        if let port = fields.integer("port", in: 1...65535) { parameters["port"] = String(port) }
        if let database = fields.string("database") { parameters["dbname"] = database }
        if parameters["host"] == nil, parameters["hostaddr"] == nil {
            errors.add(node.position, "\(what) needs \"host\" or a \"dsn\" with a host")
        }
        checkIsOneServer(parameters, what, at: node.position)
        let isVerified = takeEncryption(&parameters)
        for key in ["sslrootcert", "sslcert", "sslkey"] {
            guard let path = parameters[key], path != "system", path != TargetParser.systemAuthorities else {
                continue
            }
            let position = fields.position(of: node[key] == nil ? "dsn" : key)
            let full = context.path(path, at: position)
            parameters[key] = full
            do {
                _ = try context.files.read(full, limit: ParsingContext.fileLimitBytes)
            } catch  where !error.isStuck {
                errors.add(position, "\(key): cannot read \(error.description)")
            } catch {}
        }

        var connection = PostgresOptions(
            parameters: parameters, password: context.secret(&fields, "password") ?? dsnPassword)
        connection.isVerifiedByDefault = isVerified
        return connection
    }
}

/// A connection string in either of libpq's forms: `host=pg-1 dbname=vault user='the watcher'`, or a URI as in Vault's
/// `connection_url`: `postgres://watcher@pg-1:5432,pg-2:5432/vault?target_session_attrs=read-write`.
/// Source: PostgreSQL manual, "Connection Strings".
enum ConnectionString {
    struct Problem: Error {
        let message: String
    }

    static func parse(_ text: String) -> Result<[String: String], Problem> {
        if text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") {
            return uri(text)
        }
        var result: [String: String] = [:]
        let characters = Array(text)
        var i = 0
        // Errors count keywords instead of repeating them: a misplaced part of a password may be taken for a keyword.
        var count = 0
        func skipSpace() { while i < characters.count, characters[i].isWhitespace { i += 1 } }
        while true {
            skipSpace()
            if i >= characters.count { return .success(result) }
            count += 1
            var key = ""
            while i < characters.count, characters[i] != "=", !characters[i].isWhitespace {
                key.append(characters[i])
                i += 1
            }
            skipSpace()
            guard i < characters.count, characters[i] == "=" else {
                return .failure(
                    Problem(message: "expected \"=\" after keyword \(count); put values with spaces in single quotes")
                )
            }
            i += 1
            skipSpace()
            var value = ""
            let quoted = i < characters.count && characters[i] == "'"
            if quoted { i += 1 }
            while i < characters.count, quoted ? characters[i] != "'" : !characters[i].isWhitespace {
                if characters[i] == "\\", i + 1 < characters.count { i += 1 }
                value.append(characters[i])
                i += 1
            }
            if quoted {
                guard i < characters.count else {
                    return .failure(Problem(message: "the quoted value of keyword \(count) is not closed"))
                }
                i += 1
            }
            result[key] = value
        }
    }

    /// Errors do not repeat any part, since it may be a password.
    private static func uri(_ text: String) -> Result<[String: String], Problem> {
        guard let start = text.firstRange(of: "://")?.upperBound else {
            return .failure(Problem(message: "expected postgres:// and a host"))
        }
        var rest = text[start...]
        var result: [String: String] = [:]
        var query: Substring?
        if let mark = rest.firstIndex(of: "?") { (rest, query) = (rest[..<mark], rest[rest.index(after: mark)...]) }
        let slash = rest.firstIndex(of: "/")
        var authority = rest[..<(slash ?? rest.endIndex)]
        let broken = Problem(message: "a % in a URI begins an escape of two hexadecimal digits; write %25 for the sign")
        func take(_ key: String, _ value: Substring) -> Bool {
            guard let decoded = decoded(value) else { return false }
            if !decoded.isEmpty { result[key] = decoded }
            return true
        }
        if let slash, !take("dbname", rest[rest.index(after: slash)...]) { return .failure(broken) }
        if let at = authority.lastIndex(of: "@") {
            let login = authority[..<at]
            authority = authority[authority.index(after: at)...]
            let colon = login.firstIndex(of: ":")
            guard take("user", login[..<(colon ?? login.endIndex)]),
                colon.map({ take("password", login[login.index(after: $0)...]) }) ?? true
            else { return .failure(broken) }
        }
        var (hosts, ports): ([String], [String]) = ([], [])
        for part in authority.split(separator: ",", omittingEmptySubsequences: false) {
            var (host, port) = (part, Substring())
            if part.first == "[" {
                guard let end = part.firstIndex(of: "]") else {
                    return .failure(Problem(message: "expected \"]\" after an IPv6 address"))
                }
                host = part[part.index(after: part.startIndex)..<end]
                port = part[part.index(after: end)...]
                guard port.isEmpty || port.first == ":" else {
                    return .failure(Problem(message: "expected \":\" and a port after \"]\""))
                }
                port = port.dropFirst()
            } else if let colon = part.firstIndex(of: ":") {
                (host, port) = (part[..<colon], part[part.index(after: colon)...])
            }
            guard let name = decoded(host) else { return .failure(broken) }
            guard port.isEmpty || Int(port).map({ (1...65535).contains($0) }) == true else {
                return .failure(
                    Problem(message: "a port is a number from 1 to 65535; write %40 for an @ in a password"))
            }
            hosts.append(name)
            ports.append(String(port))
        }
        if hosts != [""] { result["host"] = hosts.joined(separator: ",") }
        if ports.contains(where: { !$0.isEmpty }) {
            result["port"] = ports.map { $0.isEmpty ? "5432" : $0 }.joined(separator: ",")
        }
        for (index, pair) in (query ?? "").split(separator: "&").enumerated() {
            guard let sign = pair.firstIndex(of: "="), let key = decoded(pair[..<sign]), !key.isEmpty else {
                return .failure(Problem(message: "expected a name, \"=\" and a value in parameter \(index + 1)"))
            }
            if key == "ssl", pair[pair.index(after: sign)...] == "true" {
                result["sslmode"] = "require"
            } else if !take(key, pair[pair.index(after: sign)...]) {
                return .failure(broken)
            }
        }
        return .success(result)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, rest.prefix(2).allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
