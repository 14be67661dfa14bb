import FoundationEssentials
import Platform
package import Samples
import Text

/// Tokens with lifetimes, AppRole logins, audit devices, as recorded from Vault 1.8.
extension SimulatedVaultCluster {
    /// A token's lifetime and whether it can be renewed. In seconds, as in Vault.
    package struct TokenLife: Hashable, Sendable, Codable {
        /// From issue or renewal to the expiry; nil: it never expires.
        package var ttl: Int64?
        /// A periodic token's period, which each renewal grants again.
        package var period: Int64?
        /// The maximum lifetime, regardless of renewals.
        package var explicitMaxTTL: Int64?
        /// The number of requests; nil: unlimited.
        package var uses: Int64?
        /// Whether it can be renewed.
        package var isRenewable: Bool
        /// A batch token is not stored: it cannot be renewed or revoked.
        package var isBatch: Bool
        /// Its policies.
        package var policies: [String]

        /// A renewable token with the policies of vaultwatch.
        package init(
            ttl: Int64? = nil, period: Int64? = nil, explicitMaxTTL: Int64? = nil, uses: Int64? = nil,
            isRenewable: Bool = true, isBatch: Bool = false, policies: [String] = ["default", "watch"]
        ) {
            self.ttl = ttl
            self.period = period
            self.explicitMaxTTL = explicitMaxTTL
            self.uses = uses
            self.isRenewable = isRenewable && !isBatch
            self.isBatch = isBatch
            self.policies = policies
        }
    }

    /// A token as Vault stores it.
    package struct StoredToken: Sendable {
        let life: TokenLife
        let accessor: String
        let path: String
        let issued: Timestamp
        var expires: Timestamp?
        var uses: Int64?
    }

    /// Tokens with a limited lifetime, and counters of operations on them.
    package struct TokenStore: Sendable {
        var tokens: [String: StoredToken] = [:]
        var order: [String] = []
        /// The number of login attempts.
        package internal(set) var logins = 0
        /// The number of renewals.
        package internal(set) var renewals = 0
        /// The number of tokens that revoked themselves.
        package internal(set) var revocations = 0
        /// The number of existing tokens that logins issued.
        package var issued: Int { tokens.values.count { $0.path == "auth/approle/login" } }

        mutating func add(_ id: String, _ token: StoredToken) {
            if tokens.updateValue(token, forKey: id) == nil { order.append(id) }
            if order.count > 1000 { tokens[order.removeFirst()] = nil }
        }
    }

    /// The condition of the audit devices.
    package enum AuditCondition: String, Hashable, Sendable {
        case working
        /// No device can be written: audited requests return 500.
        case full
        /// A device blocks: audited requests get no answer, on any node.
        case blocked
    }

    /// Adds a token whose lifetime begins now, or began earlier.
    /// - Parameter renewed: when another program last renewed it. Default: never.
    package mutating func add(token id: String, _ life: TokenLife, issued: Timestamp, renewed: Timestamp? = nil) {
        store(id, life, path: "auth/token/create", issued: issued, renewed: renewed)
    }

    /// Revokes a token, as another client would.
    package mutating func revoke(token id: String) {
        tokens.tokens[id] = nil
        options.tokens[id] = nil
    }

    /// Gives the AppRole another secret id, and revokes the tokens of the former one.
    package mutating func rotate(secretID: String) {
        options.secretID = secretID
        tokens.tokens = tokens.tokens.filter { $0.value.path != "auth/approle/login" }
    }

    private mutating func store(
        _ id: String, _ life: TokenLife, path: String, issued: Timestamp, renewed: Timestamp? = nil
    ) {
        let ends = [
            (life.period ?? life.ttl).map { (renewed ?? issued) + .seconds($0) },
            life.explicitMaxTTL.map { issued + .seconds($0) },
        ]
        tokens.add(
            id,
            StoredToken(
                life: life, accessor: life.isBatch ? "" : "FSPsjutnUavALwroh1JdaTcY", path: path, issued: issued,
                expires: ends.compactMap { $0 }.min(), uses: life.uses))
    }

    /// A token that still works; nil for an unknown one.
    func known(_ id: String, at now: Moment) -> StoredToken? {
        if let token = tokens.tokens[id] {
            return token.expires.map { $0 <= now.wall } ?? false || token.uses == 0 ? nil : token
        }
        guard let policies = options.tokens[id] else { return nil }
        if policies.contains("root") {
            return StoredToken(
                life: TokenLife(isRenewable: false, policies: policies), accessor: "6G6xPKQogElw6OZ2m6YK0pad",
                path: "auth/token/root", issued: now.wall)
        }
        // A periodic token with a period of one day that another program renewed at midnight.
        let midnight = Timestamp(milliseconds: now.wall.milliseconds / 86_400_000 * 86_400_000)
        return StoredToken(
            life: TokenLife(period: 86_400, policies: policies), accessor: "FSPsjutnUavALwroh1JdaTcY",
            path: "auth/token/create", issued: midnight, expires: midnight + .seconds(86_400))
    }

    /// Uses up one request of a token.
    /// - Returns: its policies; nil for an unknown token.
    mutating func use(_ id: String, at now: Moment) -> [String]? {
        guard let token = known(id, at: now) else { return nil }
        if let uses = token.uses { tokens.tokens[id]?.uses = uses - 1 }
        return token.life.policies
    }

    /// Vault does not distinguish expired, revoked and unknown tokens. Source: Vault's documentation, concepts/tokens,
    /// for the messages of newer versions.
    static func unknownToken(_ version: String) -> LabResponse {
        version.hasPrefix("1.8")
            ? error(403, "permission denied")
            : error(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
    }

    mutating func appRoleLogin(_ request: LabRequest, _ now: Moment, _ random: any RandomSource) -> LabResponse {
        struct Body: Decodable {
            let role_id: String?
            let secret_id: String?
        }
        tokens.logins += 1
        let body = try? JSONDecoder().decode(Body.self, from: Data(request.body))
        guard let role = body?.role_id, !role.isEmpty else { return Self.error(400, "missing role_id") }
        guard role == options.roleID else { return Self.error(400, "invalid role ID") }
        guard body?.secret_id == options.secretID, options.secretIDUses != 0,
            options.secretIDEnd.map({ $0 > now.wall }) ?? true
        else { return Self.error(400, "invalid secret id") }
        if let uses = options.secretIDUses { options.secretIDUses = uses - 1 }
        let life = options.issuedLife
        let id = (life.isBatch ? "b." : "s.") + String(random.next(), radix: 36) + String(random.next(), radix: 36)
        store(id, life, path: "auth/approle/login", issued: now.wall)
        return authEnvelope(id, lease: life.period ?? life.ttl ?? 0, life, warnings: [], random)
    }

    /// Source: recorded `token.renew-self-*` of Vault 1.8.
    mutating func renewSelf(_ id: String, _ now: Moment, _ random: any RandomSource) -> LabResponse {
        guard let token = known(id, at: now) else { return Self.error(400, "token not found") }
        if token.life.isBatch { return Self.error(400, "batch tokens cannot be renewed") }
        if token.life.policies.contains("root") { return Self.error(400, "invalid lease ID") }
        guard token.life.isRenewable, let asked = token.life.period ?? token.life.ttl else {
            return Self.error(400, "lease is not renewable")
        }
        let longest = token.life.explicitMaxTTL ?? (token.life.period == nil ? options.longestLife : nil)
        let left = longest.map { longest in (token.issued.milliseconds - now.wall.milliseconds) / 1000 + longest }
        let granted = min(asked, left ?? asked)
        if var stored = tokens.tokens[id] {
            stored.expires = now.wall + .seconds(granted)
            tokens.tokens[id] = stored
        } else {
            var stored = token
            stored.expires = now.wall + .seconds(granted)
            tokens.add(id, stored)
        }
        tokens.renewals += 1
        let warnings =
            granted < asked
            ? [
                "TTL of \"\(asked)s\" exceeded the effective max_ttl of \"\(granted)s\"; TTL value is capped accordingly"
            ] : []
        return authEnvelope(id, lease: granted, token.life, warnings: warnings, random)
    }

    mutating func revokeSelf(_ id: String, _ now: Moment) -> LabResponse {
        if known(id, at: now)?.life.isBatch == true { return Self.error(400, "batch tokens cannot be revoked") }
        tokens.revocations += 1
        revoke(token: id)
        return LabResponse(204, headers: Self.headers)
    }

    func lookupSelf(_ id: String, _ now: Moment, _ random: any RandomSource) -> LabResponse {
        guard let token = known(id, at: now) else { return Self.unknownToken(options.version) }
        let life = token.life
        let list = life.policies.map(json).joined(separator: ",")
        let left = token.expires.map { ($0.milliseconds - now.wall.milliseconds) / 1000 } ?? 0
        let name = token.path == "auth/token/create" ? "token" : life.policies.contains("root") ? "root" : "approle"
        var data = "\"accessor\":\(json(token.accessor)),\"creation_time\":\(token.issued.milliseconds / 1000)"
        data += ",\"creation_ttl\":\(life.period ?? life.ttl ?? 0),\"display_name\":\(json(name)),\"entity_id\":\"\""
        data += ",\"expire_time\":\(token.expires.map { json($0.rfc3339) } ?? "null")"
        data += ",\"explicit_max_ttl\":\(life.explicitMaxTTL ?? 0),\"id\":\(json(id))"
        if token.expires != nil { data += ",\"issue_time\":\(json(token.issued.rfc3339))" }
        let meta = name == "approle" ? #"{"role_name":"vaultwatch"}"# : "null"
        data += ",\"meta\":\(meta),\"num_uses\":\(token.uses ?? 0),\"orphan\":\(name != "token")"
        data += ",\"path\":\(json(token.path))"
        if let period = life.period { data += ",\"period\":\(period)" }
        data += ",\"policies\":[\(list)]"
        if token.expires != nil { data += ",\"renewable\":\(life.isRenewable)" }
        data += ",\"ttl\":\(left),\"type\":\"\(life.isBatch ? "batch" : "service")\""
        return envelope("\"data\":{\(data)}", random)
    }

    /// Source: recorded `approle.secret-id-lookup*` of Vault 1.8.
    func secretIDLookup(_ request: LabRequest, _ now: Moment, _ random: any RandomSource) -> LabResponse {
        struct Body: Decodable { let secret_id: String? }
        let body = try? JSONDecoder().decode(Body.self, from: Data(request.body))
        guard body?.secret_id == options.secretID, options.secretIDUses != 0 else {
            return LabResponse(204, headers: Self.headers)
        }
        let left = options.secretIDEnd.map { ($0.milliseconds - now.wall.milliseconds) / 1000 }
        return envelope(
            """
            "data":{"cidr_list":[],"creation_time":"2026-11-01T00:00:00Z",\
            "expiration_time":\(json(options.secretIDEnd?.rfc3339 ?? "0001-01-01T00:00:00Z")),\
            "last_updated_time":"2026-11-01T00:00:00Z","metadata":{},"secret_id_accessor":"0707f63f-5d9c-2537-b678-276b773cb6c6",\
            "secret_id_num_uses":\(options.secretIDUses ?? 0),"secret_id_ttl":\(left.map { max($0, 0) + 2_000_000 } ?? 0),\
            "token_bound_cidrs":[]}
            """, random)
    }

    func auditList(_ random: any RandomSource) -> LabResponse {
        let devices = options.auditDevices.sorted { $0.key < $1.key }.map { path, type in
            """
            \(json(path)):{"description":"","local":false,"options":{"file_path":"/var/log/vault/audit.log"},\
            "path":\(json(path)),"type":\(json(type))}
            """
        }
        let list = devices.joined(separator: ",")
        return envelope((devices.isEmpty ? "" : list + ",") + "\"data\":{\(list)}", random)
    }

    /// Source: Vault API documentation, sys/mounts, "Read mount configuration".
    func tune(_ random: any RandomSource) -> LabResponse {
        envelope(
            """
            "data":{"default_lease_ttl":2764800,"description":"token based credentials","force_no_cache":false,\
            "max_lease_ttl":\(options.longestLife),"token_type":"default-service"}
            """, random)
    }

    /// Whether Vault writes a request to the audit devices before it answers.
    func isAudited(_ request: LabRequest, _ path: String, _ index: Int) -> Bool {
        guard [.active, .standby].contains(role(index)) else { return false }
        switch path {
        case "sys/health", "sys/seal-status", "sys/leader", "sys/init", "sys/unseal", "sys/rekey/init",
            "sys/replication/status":
            return false
        case "sys/metrics": return !options.unauthenticatedMetrics
        default: return true
        }
    }

    private func authEnvelope(
        _ token: String, lease: Int64, _ life: TokenLife, warnings: [String], _ random: any RandomSource
    ) -> LabResponse {
        let list = life.policies.map(json).joined(separator: ",")
        let said = warnings.isEmpty ? "null" : "[" + warnings.map(json).joined(separator: ",") + "]"
        return Self.jsonResponse(
            200,
            """
            {"request_id":"\(random.uuid())","lease_id":"","renewable":false,"lease_duration":0,"data":null,"wrap_info":null,"warnings":\(said),\
            "auth":{"client_token":\(json(token)),"accessor":"\(life.isBatch ? "" : random.uuid())","policies":[\(list)],"token_policies":[\(list)],\
            "metadata":{"role_name":"vaultwatch"},"lease_duration":\(lease),"renewable":\(life.isRenewable),"entity_id":"",\
            "token_type":"\(life.isBatch ? "batch" : "service")","orphan":true}}

            """)
    }
}
