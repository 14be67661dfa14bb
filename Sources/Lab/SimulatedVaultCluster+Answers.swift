import FoundationEssentials
package import Platform
import Samples
import Text

/// The responses of a node in each state, as recorded from Vault 1.8.
extension SimulatedVaultCluster {
    /// Responds to a request; sealing, unsealing and stepping down use the same API as with Vault.
    /// - Returns: the reply, and the election events that it caused.
    package mutating func answer(
        _ request: LabRequest, node index: Int, at now: Moment, random: any RandomSource
    ) -> (reply: LabReply, events: [Election.Event]) {
        let before = advance(to: now)
        if nodes[index].condition == .hung || nodes[index].condition == .dead { return (.hang, before) }
        guard request.path.hasPrefix("/v1/") else {
            return (.response(LabResponse(404, headers: Self.headers)), before)
        }
        let path = String(request.path.dropFirst(4))
        if let reply = restoring(at: now) { return (reply, before) }
        if isInRecoveryMode { return (.response(recoveryMode(request, path, random)), before) }
        if path == "sys/storage/raft/snapshot" || path == "sys/storage/raft/snapshot-force", isRaft,
            [.active, .standby].contains(role(index)), forwarded(path, index) == nil
        {
            return (snapshot(request, path, index, now), before)
        }
        if options.audit == .blocked, isAudited(request, path, index) { return (.hang, before) }
        let isRecorded = options.audit == .working && isAudited(request, path, index)
        let caller = caller(of: request, node: index, at: now)
        let (response, events) = respond(request, path, index, now, random)
        if isRecorded { record(request, path, caller, response, at: now, random: random) }
        return (.response(response), before + events)
    }

    private mutating func respond(
        _ request: LabRequest, _ path: String, _ index: Int, _ now: Moment, _ random: any RandomSource
    ) -> (LabResponse, [Election.Event]) {
        let reads = request.method == "GET" || request.method == "HEAD"
        let writes = request.method == "PUT" || request.method == "POST"
        switch path {
        case "sys/health" where reads: return (health(request, index, now), [])
        case "sys/seal-status" where reads: return (storageFails(index) ?? sealStatus(index), [])
        case "sys/leader" where reads: return (storageFails(index) ?? leader(index), [])
        case "sys/unseal" where writes: return unseal(request, index, now, random)
        case "sys/init" where reads: return (Self.jsonResponse(200, "{\"initialized\":\(isInitialised)}\n"), [])
        case "sys/init" where writes: return (storageFails(index) ?? initialise(request, random), [])
        default: break
        }
        if let failure = storageFails(index) { return (failure, []) }
        switch role(index) {
        case .uninitialised, .sealed:
            if path == "sys/metrics" { return (metrics(request, index, now), []) }
            return (Self.error(503, "Vault is sealed"), [])
        default: break
        }
        switch path {
        case "sys/rekey/init" where reads, "sys/rekey-recovery-key/init" where reads,
            "sys/generate-root/attempt" where reads, "sys/seal-backend-status" where reads,
            "sys/replication/dr/status" where reads, "sys/replication/performance/status" where reads:
            let token = request.headers["x-vault-token"] ?? Self.bearer(request)
            if options.features.attemptsNeedToken, path.contains("rekey") || path.contains("generate-root"),
                token.flatMap({ use($0, at: now) }) == nil
            {
                return (Self.error(403, "permission denied"), [])
            }
            guard let answer = newerStatus(path, at: now) else {
                return (Self.error(404, "1 error occurred:\n\t* unsupported path\n\n"), [])
            }
            return (Self.jsonResponse(answer.status, answer.body + "\n"), [])
        case _ where options.features.isDRSecondary:
            // Source: DataDog/integrations-core#7819.
            return (Self.error(400, "path disabled in replication DR secondary mode"), [])
        case "sys/replication/status" where reads:
            return (envelope(#""data":{"mode":"disabled"}"#, random), [])
        case "sys/metrics" where reads: return (metrics(request, index, now), [])
        default: break
        }
        if let failure = forwarded(path, index) { return (failure, []) }
        if options.limitedPaths.contains(path) {
            return (Self.error(429, "request path \"\(path)\": rate limit quota exceeded"), [])
        }
        if options.audit == .full { return (Self.error(500, "internal error"), []) }
        if path == "auth/approle/login", writes { return (appRoleLogin(request, now, random), []) }
        guard let token = request.headers["x-vault-token"] ?? Self.bearer(request) else {
            return (Self.error(400, "missing client token"), [])
        }
        guard let policies = use(token, at: now) else { return (Self.unknownToken(options.version), []) }
        let isRoot = policies.contains("root")
        switch path {
        case "auth/token/lookup-self" where reads: return (lookupSelf(token, now, random), [])
        case "auth/token/renew-self" where writes: return (renewSelf(token, now, random), [])
        case "auth/token/revoke-self" where writes: return (revokeSelf(token, now), [])
        case "sys/audit" where reads && (isRoot || options.watchAllows.contains("audit")):
            return (auditList(random), [])
        case "sys/mounts/auth/token/tune" where reads && (isRoot || options.watchAllows.contains("tune")):
            return (tune(random), [])
        case "auth/approle/role/vaultwatch/secret-id/lookup"
        where writes && (isRoot || options.watchAllows.contains("secret_id")):
            return (secretIDLookup(request, now, random), [])
        case "sys/seal" where writes:
            guard isRoot else { return (Self.denied, []) }
            guard role(index) == .active else {
                return (Self.error(500, "vault cannot seal when in standby mode; please restart instead"), [])
            }
            return (LabResponse(204, headers: Self.headers), perform(.seal, on: index, at: now, random: random))
        case "sys/step-down" where writes:
            guard isRoot else { return (Self.denied, []) }
            return (
                LabResponse(204, headers: Self.headers),
                election.leader.map { perform(.stepDown, on: $0, at: now, random: random) } ?? []
            )
        case _ where reads && options.allSecrets[path]?.isEmpty == false:
            guard isRoot || (policies.contains("watch") && path == options.canaryPath) else { return (Self.denied, []) }
            let data = (options.allSecrets[path] ?? [:]).sorted { $0.key < $1.key }
                .map { "\(json($0.key)):\(json($0.value))" }.joined(separator: ",")
            return (envelope("\"data\":{\(data)}", random, lease: 2_764_800), [])
        case "sys/ha-status", "sys/storage/raft/autopilot/state", "sys/storage/raft/snapshot",
            "sys/storage/raft/configuration":
            if let data = raftStatus(path) {
                let isAllowed = isRoot || options.watchAllows.contains("raft")
                return (isAllowed ? envelope(data, random) : Self.denied, [])
            }
            return (Self.error(404, "1 error occurred:\n\t* unsupported path\n\n"), [])
        default:
            return (isRoot ? Self.errors(404, []) : Self.denied, [])
        }
    }

    // MARK: Status endpoints, without a token

    private func health(_ request: LabRequest, _ index: Int, _ now: Moment) -> LabResponse {
        if let failure = storageFails(index) { return failure }
        var codes: [String: Int] = [:]
        for name in [
            "activecode", "standbycode", "drsecondarycode", "performancestandbycode", "sealedcode", "uninitcode",
        ] {
            guard let text = request.parameter(name) else { continue }
            guard let code = Int(text), (100...599).contains(code) else {
                return Self.error(400, "bad parameter \(name)")
            }
            codes[name] = code
        }
        let role = role(index)
        let standbyIsOK = request.query.contains { $0.name == "standbyok" && $0.value != "false" }
        let code: Int
        switch role {
        case .active: code = codes["activecode"] ?? 200
        case .standby: code = standbyIsOK ? codes["activecode"] ?? 200 : codes["standbycode"] ?? 429
        case .uninitialised: code = codes["uninitcode"] ?? 501
        default: code = codes["sealedcode"] ?? 503
        }
        let isOpen = role == .active || role == .standby
        let features = options.features
        func mode(_ kind: String) -> String { isOpen ? features.replication[kind]?.mode ?? "disabled" : "unknown" }
        var body = "{\"initialized\":\(isInitialised),\"sealed\":\(!isOpen),\"standby\":\(role != .active)"
        if !features.isOpenBao {
            body += ",\"performance_standby\":\(role == .standby && features.hasPerformanceStandbys)"
        }
        body +=
            ",\"replication_performance_mode\":\"\(mode("performance"))\",\"replication_dr_mode\":\"\(mode("dr"))\""
        let time = now.wall + nodes[index].traits.clockOffset
        body += ",\"server_time_utc\":\(time.milliseconds / 1000),\"version\":\(json(version(index)))"
        if isOpen { body += clusterFields(index) }
        if nodes[index].traits.isRemoved { body += ",\"removed_from_cluster\":true" }
        body += newerHealthFields(index)
        return Self.jsonResponse(newerHealthStatus(index) ?? code, body + "}\n")
    }

    private func sealStatus(_ index: Int) -> LabResponse {
        let node = nodes[index]
        let isOpen = isInitialised && !node.isSealed
        var body = "{\"type\":\(json(options.features.sealType)),\"initialized\":\(isInitialised),\"sealed\":\(!isOpen)"
        let counts = shareCounts
        body += ",\"t\":\(isInitialised ? counts.threshold : 0),\"n\":\(isInitialised ? counts.shares : 0)"
        body +=
            ",\"progress\":\(node.progress),\"nonce\":\(json(node.nonce)),\"version\":\(json(version(index))),\"migration\":\(node.traits.isMigrating)"
        if isOpen { body += clusterFields(index) }
        return Self.jsonResponse(
            200, body + ",\"recovery_seal\":false,\"storage_type\":\(json(options.storageType))}\n")
    }

    private func leader(_ index: Int) -> LabResponse {
        let role = role(index)
        guard role == .active || role == .standby else { return Self.error(503, "Vault is sealed") }
        var named = election.named.map { nodes[$0] }
        if nodes[index].traits.claimsLeadership { named = nodes[index] }
        if named?.traits.refusesToLead == true || options.features.redactsAddresses { named = nil }
        let since = role == .active ? (nodes[index].activeSince ?? nodes[index].startedAt).rfc3339 : nil
        // OpenBao omits empty fields. Source: openbao.org, API documentation, /sys/leader.
        if options.features.isOpenBao {
            var fields = ["\"ha_enabled\":true"]
            if role == .active { fields.append("\"is_self\":true") }
            if let since { fields.append("\"active_time\":\"\(since)\"") }
            if let named {
                fields.append("\"leader_address\":\(json(named.address))")
                fields.append("\"leader_cluster_address\":\(json(named.clusterAddress))")
            }
            return Self.jsonResponse(200, "{" + fields.joined(separator: ",") + "}\n")
        }
        guard options.haEnabled else {
            return Self.jsonResponse(
                200,
                """
                {"ha_enabled":false,"is_self":false,"active_time":"0001-01-01T00:00:00Z","leader_address":"",\
                "leader_cluster_address":"","performance_standby":false,"performance_standby_last_remote_wal":0}

                """)
        }
        let raft = isRaft ? ",\"raft_committed_index\":51,\"raft_applied_index\":51" : ""
        return Self.jsonResponse(
            200,
            """
            {"ha_enabled":true,"is_self":\(role == .active),"active_time":"\(since ?? "0001-01-01T00:00:00Z")",\
            "leader_address":\(json(named?.address ?? "")),"leader_cluster_address":\(json(named?.clusterAddress ?? "")),\
            "performance_standby":false,"performance_standby_last_remote_wal":0\(raft)}

            """)
    }

    private mutating func unseal(
        _ request: LabRequest, _ index: Int, _ now: Moment, _ random: any RandomSource
    ) -> (LabResponse, [Election.Event]) {
        struct Body: Decodable {
            let key: String?
            let reset: Bool?
        }
        if let failure = storageFails(index) { return (failure, []) }
        guard isInitialised else { return (Self.error(400, "server is not yet initialized"), []) }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body)) else {
            return (Self.error(400, "failed to parse JSON input: unexpected end of JSON input"), [])
        }
        if body.reset == true {
            return (sealStatus(index), perform(.resetUnseal, on: index, at: now, random: random))
        }
        guard let text = body.key, !text.isEmpty else {
            return (Self.error(400, "'key' must be specified in request body as JSON, or 'reset' set to true"), [])
        }
        guard let key = UnsealKey.canonical(text) else {
            return (Self.error(400, "'key' must be a valid hex or base64 string"), [])
        }
        nodes[index].unsealFailure = nil
        let events = perform(.giveKey(key), on: index, at: now, random: random)
        if let failure = nodes[index].unsealFailure { return (Self.error(500, failure), events) }
        return (sealStatus(index), events)
    }

    // MARK: With a token

    /// The response of a standby that cannot forward a request; nil if the request can be served.
    func forwarded(_ path: String, _ index: Int) -> LabResponse? {
        guard role(index) == .standby, election.leader == nil else { return nil }
        guard let named = election.named else {
            return Self.error(500, "local node not active but active cluster node not found")
        }
        return LabResponse(
            307, headers: Self.headers.merging(["Location": "\(nodes[named].address)/v1/\(path)"]) { $1 })
    }

    private func storageFails(_ index: Int) -> LabResponse? {
        nodes[index].condition == .storageError ? Self.errors(500, []) : nil
    }

    func envelope(_ data: String, _ random: any RandomSource, lease: Int = 0) -> LabResponse {
        Self.jsonResponse(
            200,
            """
            {"request_id":"\(random.uuid())","lease_id":"","renewable":false,"lease_duration":\(lease),\(data),"wrap_info":null,"warnings":null,"auth":null}

            """)
    }

    static let headers = ["Cache-Control": "no-store", "Content-Type": "application/json"]
    static let denied = error(403, "1 error occurred:\n\t* permission denied\n\n")

    static func jsonResponse(_ status: Int, _ body: String) -> LabResponse {
        LabResponse(status, headers: headers, body: Array(body.utf8))
    }

    static func error(_ status: Int, _ message: String) -> LabResponse { errors(status, [message]) }

    static func errors(_ status: Int, _ messages: [String]) -> LabResponse {
        jsonResponse(status, "{\"errors\":[\(messages.map(json).joined(separator: ","))]}\n")
    }

    static func bearer(_ request: LabRequest) -> String? {
        guard let value = request.headers["authorization"], value.hasPrefix("Bearer ") else { return nil }
        return String(value.dropFirst(7))
    }
}

/// A JSON string literal.
func json(_ text: String) -> String {
    var out: [UInt8] = []
    out.append(json: text)
    return String(decoding: out, as: UTF8.self)
}
