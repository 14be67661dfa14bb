import FoundationEssentials
import Platform
import Samples
import Text

/// What a file audit device writes about the requests that are served, as recorded from Vault 1.8: a request and a
/// response with one id, names and numbers in plain text, tokens and values hashed.
extension SimulatedVaultCluster {
    /// An entry that the active node has written.
    package struct AuditRecord: Sendable {
        /// The node, by its index.
        package let node: Int
        /// One line of JSON, without its line feed.
        package let line: String
    }

    /// Maximum number of records kept until they are taken.
    private static let recordLimit = 10_000

    /// The entries since the last call.
    package mutating func takeAuditRecords() -> [AuditRecord] {
        defer { auditRecords = [] }
        return auditRecords
    }

    /// Whose token a request has, before it is served: a request may revoke it.
    struct Caller {
        var token: String?
        var stored: StoredToken?
        /// The node that serves it: a standby forwards.
        var node: Int
    }

    func caller(of request: LabRequest, node index: Int, at now: Moment) -> Caller {
        let token = request.headers["x-vault-token"] ?? Self.bearer(request)
        return Caller(
            token: token, stored: token.flatMap { known($0, at: now) }, node: election.leader ?? index)
    }

    /// Writes the two entries of a request that was served; sealing and stepping down have only the first.
    mutating func record(
        _ request: LabRequest, _ path: String, _ caller: Caller, _ response: LabResponse, at now: Moment,
        random: any RandomSource
    ) {
        guard options.recordsAudit, auditRecords.count < Self.recordLimit else { return }
        let node = caller.node
        let id = random.uuid()
        let asked = requestObject(request, path, caller, id)
        let denied = response.status >= 400 ? Self.errorText(response) : nil
        let isLogin = path == "auth/approle/login"
        var early = denied?.contains("permission denied") == true ? denied : nil
        if caller.stored == nil, !isLogin, denied != nil {
            early = caller.token == nil ? "missing client token" : "permission denied"
        }
        append(
            node,
            entry("request", now, isLogin ? nil : early, authObject(caller.stored, caller.token, at: now), asked, nil))
        guard path != "sys/seal" && path != "sys/step-down" || response.status >= 400 else { return }
        let (auth, answered) = responseObject(path, caller, response, at: now)
        append(node, entry("response", now, isLogin ? nil : denied, auth, asked, answered))
    }

    private mutating func append(_ node: Int, _ line: String) {
        auditRecords.append(AuditRecord(node: node, line: line))
    }

    private func entry(
        _ type: String, _ now: Moment, _ error: String?, _ auth: String, _ request: String, _ response: String?
    ) -> String {
        var text = "{\"time\":\"\(now.wall.rfc3339)\",\"type\":\"\(type)\",\"auth\":\(auth),\"request\":\(request)"
        if let response { text += ",\"response\":\(response)" }
        if let error { text += ",\"error\":\(json(error))" }
        return text + "}"
    }

    // MARK: Objects

    private func authObject(_ stored: StoredToken?, _ token: String?, at now: Moment) -> String {
        guard let stored, let token else { return #"{"token_type":"default"}"# }
        let isRoot = stored.life.policies.contains("root")
        let isRole = stored.path == "auth/approle/login"
        var text = "{\"client_token\":\(hashed(token)),\"accessor\":\(hashed(stored.accessor))"
        text += ",\"display_name\":\"\(isRoot ? "root" : isRole ? "approle" : "token")\""
        let policies = stored.life.policies.map(json).joined(separator: ",")
        text += ",\"policies\":[\(policies)],\"token_policies\":[\(policies)]"
        if isRole { text += ",\"entity_id\":\"a2989864-431b-ce41-b5a6-c8a10919fb85\"" }
        text += ",\"token_type\":\"\(stored.life.isBatch ? "batch" : "service")\""
        if let ttl = stored.life.period ?? stored.life.ttl { text += ",\"token_ttl\":\(ttl)" }
        return text + ",\"token_issue_time\":\"\(stored.issued.rfc3339)\"}"
    }

    private func requestObject(_ request: LabRequest, _ path: String, _ caller: Caller, _ id: String) -> String {
        let operation =
            switch request.method {
            case "LIST": "list"
            case "POST", "PUT": "update"
            case "DELETE": "delete"
            default: request.parameter("list") == "true" ? "list" : "read"
            }
        var text = "{\"id\":\"\(id)\",\"operation\":\"\(operation)\""
        if let type = Self.mountType(path) { text += ",\"mount_type\":\"\(type)\"" }
        if let token = caller.token { text += ",\"client_token\":\(hashed(token))" }
        text += ",\"namespace\":{\"id\":\"root\"},\"path\":\(json(path))"
        if let body = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body)), case .object = body {
            text += ",\"data\":\(hashed(body))"
        }
        return text + ",\"remote_address\":\"127.0.0.1\"}"
    }

    private func responseObject(
        _ path: String, _ caller: Caller, _ response: LabResponse, at now: Moment
    ) -> (auth: String, response: String) {
        var auth = authObject(caller.stored, caller.token, at: now)
        var parts = Self.mountType(path).map { ["\"mount_type\":\"\($0)\""] } ?? []
        let body = try? JSONDecoder().decode(JSONValue.self, from: Data(response.body))
        if response.status >= 400 {
            if let text = Self.errorText(response) { parts.append("\"data\":{\"error\":\(hashed(text))}") }
        } else if let issued = body?["auth"]?["client_token"]?.string {
            auth = authObject(known(issued, at: now), issued, at: now)
            parts.insert("\"auth\":\(auth)", at: 0)
        } else if let data = body?["data"], case .object = data {
            if Self.mountType(path) == "kv" { parts.append("\"secret\":{}") }
            parts.append("\"data\":\(hashed(data))")
        }
        return (auth, "{\(parts.joined(separator: ","))}")
    }

    private static func mountType(_ path: String) -> String? {
        if path == "sys/seal" || path == "sys/step-down" || path.hasPrefix("sys/generate-root/") { return nil }
        if path.hasPrefix("sys/") { return "system" }
        return path.hasPrefix("auth/token/") ? "token" : path.hasPrefix("auth/approle/") ? "approle" : "kv"
    }

    private static func errorText(_ response: LabResponse) -> String? {
        let body = try? JSONDecoder().decode(JSONValue.self, from: Data(response.body))
        guard case .array(let errors)? = body?["errors"], let text = errors.first?.string else { return nil }
        if text == "missing client token" { return "1 error occurred:\n\t* invalid request\n\n" }
        return text == "permission denied" ? "1 error occurred:\n\t* permission denied\n\n" : text
    }

    // MARK: Hashes

    /// Equal texts have equal hashes within one device.
    private func hashed(_ text: String) -> String {
        text.isEmpty ? "\"\"" : "\"hmac-sha256:\(sha256(Array("\(options.id) \(text)".utf8)))\""
    }

    /// The value with each string hashed; names, numbers and booleans stay.
    private func hashed(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): goFormat(value)
        case .string(let text): hashed(text)
        case .array(let values): "[\(values.map { hashed($0) }.joined(separator: ","))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(hashed($0.value))" }.joined(separator: ","))}"
        }
    }
}
