import FoundationEssentials
package import Platform
import Samples
import Synchronization
import Text
package import Transport

/// The agent's token for one cluster: read from a file at each use, or obtained by an AppRole login. It is renewed as
/// long as Vault allows; a new login follows only when it expires for good or Vault no longer knows it.
package final class VaultSession: Sendable {
    private struct State {
        var token = VaultTokenState()
        var login: Task<Result<Secret, ProbeFailure>, Never>?
        var isKeeping = false
    }

    /// Maximum number of requests in one go.
    private static let questionLimit = 8

    private let options: VaultClusterOptions
    private let http: any HTTPClient
    private let platform: Platform
    private let state = Mutex(State())

    /// A session that has no token yet.
    package init(options: VaultClusterOptions, http: any HTTPClient, platform: Platform) {
        self.options = options
        self.http = http
        self.platform = platform
    }

    /// Whether the agent logs in itself.
    var logsIn: Bool {
        if case .appRole = options.authentication { true } else { false }
    }

    /// The token to send, after a login if one is due.
    /// - Parameter base: the URL of the node to log in to.
    package func token(base: String) async -> Result<String, ProbeFailure> {
        switch options.authentication {
        case .none: return .failure(ProbeFailure("configuration", "no token and no AppRole is configured"))
        case .token(let secret):
            do {
                let text = try await secret.revealInTime(platform.files)
                let now = platform.time.monotonic()
                state.withLock { $0.token.read(Secret(value: text), at: now) }
                return .success(text)
            } catch {
                state.withLock { $0.token.unreadable() }
                return .failure(ProbeFailure("token", error.description))
            }
        case .appRole:
            let now = platform.time.monotonic()
            let known = state.withLock { state -> Secret? in
                guard let token = state.token.token, !token.isRefused else { return nil }
                return token.ends.map { now < $0 } ?? true ? token.secret : nil
            }
            let secret = if let known { Result<Secret, ProbeFailure>.success(known) } else { await login(base: base) }
            // A token from a login is in memory.
            return secret.flatMap { secret in
                do throws(FileError) { return .success(try secret.reveal(platform.files)) } catch {
                    return .failure(ProbeFailure("token", error.description))
                }
            }
        }
    }

    /// Records that Vault accepted the token.
    func accepted() {
        state.withLock {
            $0.token.accepted()
            $0.token.answered()
        }
    }

    /// Records whether an audited request was answered.
    func heard(_ isAnswered: Bool) {
        state.withLock { if isAnswered { $0.token.answered() } else { $0.token.unanswered() } }
    }

    /// Determines the cause of a 403: the token, or its policies.
    /// - Returns: whether Vault knows the token; nil if that is unknown.
    func isKnown(_ token: String, after response: HTTPResponse, base: String, timeout: Duration) async -> Bool? {
        let now = platform.time.monotonic()
        // It was replaced meanwhile.
        if state.withLock({ $0.token.token?.secret != Secret(value: token) }) { return false }
        switch response.refusal {
        case .policy:
            accepted()
            return true
        case .token:
            state.withLock { $0.token.refused(at: now) }
            return false
        case .unclear: break
        }
        if state.withLock({ $0.token.token?.isRefused == true && $0.token.next(at: now, interval: .zero) == nil }) {
            return false
        }
        await lookUp(base: base, timeout: timeout)
        return state.withLock { state in
            state.token.token.flatMap { token in
                token.isRefused ? false : state.token.valid == true ? true : nil
            }
        }
    }

    // MARK: Login

    /// Logs in, or waits for a login in progress.
    private func login(base: String) async -> Result<Secret, ProbeFailure> {
        guard case .appRole(let roleID, let secretID, let mount) = options.authentication else {
            return .failure(ProbeFailure("configuration", "no AppRole is configured"))
        }
        enum Step {
            case wait(Task<Result<Secret, ProbeFailure>, Never>)
            case refuse(ProbeFailure)
        }
        let now = platform.time.monotonic()
        let step = state.withLock { state -> Step in
            if let running = state.login { return .wait(running) }
            if let from = state.token.loginFrom, now < from {
                return .refuse(
                    canaryFailure(
                        state.token.lastLoginFailure
                            ?? ProbeFailure("token", "the last token was refused; the next login waits")))
            }
            let task = Task { await self.logIn(roleID, secretID, mount, base: base) }
            state.login = task
            return .wait(task)
        }
        switch step {
        case .wait(let task): return await task.value
        case .refuse(let failure): return .failure(failure)
        }
    }

    /// Source: Vault API documentation, auth/approle/login.
    private func logIn(_ roleID: Secret, _ secretID: Secret, _ mount: String, base: String) async -> Result<
        Secret, ProbeFailure
    > {
        let outcome: Result<GrantAnswer, ProbeFailure>
        do {
            let body = LoginRequest(
                role_id: try await roleID.revealInTime(platform.files),
                secret_id: try await secretID.revealInTime(platform.files))
            var request = options.namespacedRequest(base, "/v1/auth/\(mount)/login")
            request.set(body)
            switch await http.exchange(request) {
            case .failure(let error):
                outcome = .failure(ProbeFailure(unanswered: error, of: "AppRole login"))
            case .success(let response): outcome = VaultSession.grant(response)
            }
        } catch {
            outcome = .failure(ProbeFailure("configuration", error.description))
        }
        let now = platform.time.now()
        return state.withLock { state in
            state.login = nil
            switch outcome {
            case .success(let grant):
                let secret = Secret(value: grant.token ?? "")
                state.token.loggedIn(grant, secret, at: now)
                return .success(secret)
            case .failure(let failure):
                state.token.loginFailed(failure, at: now.monotonic)
                return .failure(canaryFailure(failure))
            }
        }
    }

    /// A refused login leaves the agent without a token, which says nothing about Vault's secrets.
    private func canaryFailure(_ failure: ProbeFailure) -> ProbeFailure {
        ["denied", "not_found", "configuration"].contains(failure.reason)
            ? ProbeFailure("token", failure.message) : failure
    }

    private static func grant(_ response: HTTPResponse) -> Result<GrantAnswer, ProbeFailure> {
        switch response.status {
        case 200:
            guard let auth = decodeJSON(VaultEnvelope<LenientText>.self, response.body)?.auth,
                auth.token?.isEmpty == false
            else { return .failure(ProbeFailure("body", "AppRole login: no token in the response")) }
            return .success(auth)
        // Vault answers 400, not 403, to a wrong role id or secret id.
        case 400: return .failure(ProbeFailure("denied", "AppRole login: \(response.vaultWords) (400)"))
        default: return .failure(ProbeFailure(response, of: "AppRole login"))
        }
    }

    // MARK: Keeping the token

    /// Sends the token requests that are due: its lifetime, its renewal, the secret id's lifetime, the audit devices.
    /// - Parameter end: no request starts after it.
    func keep(base: String, until end: Instant) async {
        let isFree = state.withLock { state in
            defer { state.isKeeping = true }
            return !state.isKeeping
        }
        guard isFree else { return }
        defer { state.withLock { $0.isKeeping = false } }
        for _ in 0..<VaultSession.questionLimit {
            let now = platform.time.monotonic()
            guard end - now > .milliseconds(100),
                let question = state.withLock({ $0.token.next(at: now, interval: options.interval) })
            else { return }
            await ask(question, base: base, timeout: min(options.timeout, end - now))
        }
    }

    private func ask(_ question: VaultTokenState.Question, base: String, timeout: Duration) async {
        switch question {
        case .lookup: await lookUp(base: base, timeout: timeout)
        case .renew: await renew(base: base, timeout: timeout)
        case .login: _ = await login(base: base)
        case .revoke(let secret):
            // Whatever the answer: a token that is not revoked now expires by itself.
            _ = await send(
                "POST", "auth/token/revoke-self", EmptyRequest(), base: base, timeout: timeout, token: secret)
            state.withLock { $0.token.revoked(secret) }
        case .secretID(let role): await lookUpSecretID(of: role, base: base, timeout: timeout)
        case .longestLife:
            let answer = await send("GET", "sys/mounts/auth/token/tune", base: base, timeout: timeout)
            let tune = answer?.content(TuneAnswer.self)?.data
            let now = platform.time.monotonic()
            state.withLock { $0.token.learned(longestLife: tune?.longestLife, at: now) }
        case .auditDevices:
            let answer = await send("GET", "sys/audit", base: base, timeout: timeout)
            let devices = answer?.content(AuditAnswer.self)?.data?.devices
            let isDenied = answer?.success.map { [403, 404].contains($0.status) } ?? false
            let now = platform.time.monotonic()
            state.withLock { $0.token.learned(auditDevices: devices, isDenied: isDenied, at: now) }
        }
    }

    /// Revokes the tokens of the agent's own logins, which are not used any more.
    func close(base: String) async {
        for token in state.withLock({ $0.token.relinquish() }) {
            _ = await send(
                "POST", "auth/token/revoke-self", EmptyRequest(), base: base, timeout: .seconds(1), token: token)
        }
    }

    private func lookUp(base: String, timeout: Duration) async {
        let answer = await send("GET", "auth/token/lookup-self", base: base, timeout: timeout)
        let now = platform.time.now()
        state.withLock { state in
            switch answer {
            case .success(let response)? where response.status == 200:
                if let token = decodeJSON(VaultEnvelope<TokenAnswer>.self, response.body)?.data {
                    state.token.lookedUp(token, at: now)
                } else {
                    state.token.lookupFailed(isSilent: false, isTaken: false, at: now.monotonic)
                }
            case .success(let response)? where response.status == 403 && response.refusal != .policy:
                state.token.refused(at: now.monotonic)
            case .success?, nil: state.token.lookupFailed(isSilent: false, isTaken: false, at: now.monotonic)
            case .failure(let error)?:
                state.token.lookupFailed(
                    isSilent: error.isSilence, isTaken: error.isTaken, at: now.monotonic)
            }
        }
    }

    /// Source: Vault API documentation, auth/token/renew-self.
    private func renew(base: String, timeout: Duration) async {
        let answer = await send("POST", "auth/token/renew-self", EmptyRequest(), base: base, timeout: timeout)
        let now = platform.time.now()
        state.withLock { state in
            guard let response = answer?.success else {
                let reason = answer.flatMap { answer -> String? in
                    if case .failure(let error) = answer { error.reason.rawValue } else { nil }
                }
                return state.token.renewalFailed(reason ?? "configuration", isFinal: false, at: now.monotonic)
            }
            let envelope = decodeJSON(VaultEnvelope<LenientText>.self, response.body)
            switch response.status {
            case 200:
                guard let grant = envelope?.auth, grant.leaseDuration != nil else {
                    return state.token.renewalFailed("body", isFinal: false, at: now.monotonic)
                }
                let isCut = envelope?.warnings.contains { $0.contains("capped") } ?? false
                state.token.renewed(grant, isCut: isCut, at: now)
            case 400:
                // Not renewable; or no uses left, which the next read will show.
                state.token.renewalFailed("denied", isFinal: true, at: now.monotonic)
            case 403 where response.refusal == .policy:
                state.token.renewalFailed("denied", isFinal: true, at: now.monotonic)
            case 403:
                state.token.renewalFailed("denied", isFinal: false, at: now.monotonic)
                state.token.refused(at: now.monotonic)
            default:
                state.token.renewalFailed(
                    ProbeFailure(response, of: "renewal").reason, isFinal: false, at: now.monotonic)
            }
        }
    }

    /// Source: Vault API documentation, auth/approle, "Read AppRole secret ID". An unknown or used-up one returns 204.
    private func lookUpSecretID(of role: String, base: String, timeout: Duration) async {
        guard case .appRole(_, let secretID, let mount) = options.authentication,
            let text = try? await secretID.revealInTime(platform.files)
        else { return }
        let answer = await send(
            "POST", "auth/\(mount)/role/\(PercentCoding.encode(role))/secret-id/lookup",
            SecretIDRequest(secret_id: text), base: base,
            timeout: timeout)
        var known: VaultTokenState.SecretID?
        if let response = answer?.success {
            if response.status == 204 { known = VaultTokenState.SecretID(isUsable: false) }
            if response.status == 200,
                let found = decodeJSON(VaultEnvelope<SecretIDAnswer>.self, response.body)?.data
            {
                known = VaultTokenState.SecretID(
                    isUsable: true, expiry: found.expiry, life: VaultTokenState.span(found.ttl),
                    remainingUses: found.remainingUses.flatMap { $0 > 0 ? $0 : nil })
            }
        }
        let now = platform.time.monotonic()
        state.withLock { $0.token.learned(known, at: now) }
    }

    /// Sends a request with the token in use, or with another one.
    /// - Returns: nil without a token.
    private func send(
        _ method: String, _ path: String, _ body: (any Encodable)? = nil, base: String, timeout: Duration,
        token: Secret? = nil
    ) async -> Exchange? {
        guard let secret = token ?? state.withLock({ $0.token.token?.secret }),
            let text = try? await secret.revealInTime(platform.files)
        else { return nil }
        var request =
            path.hasPrefix("sys/audit")
            ? options.request(base, "/v1/" + path, token: text)
            : options.namespacedRequest(base, "/v1/" + path, token: text)
        request.method = method
        if let body { request.set(body) }
        request.timeout = min(request.timeout, timeout)
        return await http.exchange(request)
    }

    // MARK: What is known

    func add(to set: inout SampleSet) {
        guard options.hasToken else { return }
        let state = state.withLock { $0.token }
        set.add("vault_token_valid", state.valid)
        if let trouble = state.trouble { set.add("vault_token_failure", true, ["reason": trouble.rawValue]) }
        set.add("vault_token_expiry_timestamp_seconds", state.token?.expiry)
        if let token = state.token, token.isLookedUp {
            set.add(
                "vault_token_info", true,
                [
                    "source": token.isOwn ? "approle" : "file", "type": token.type ?? "",
                    "renewable": token.isRenewable == true ? "true" : "false",
                ])
        }
        set.add("vault_token_remaining_uses", state.token?.remainingUses.map(Double.init))
        set.add("vault_token_renewals_total", state.renewals)
        for (reason, count) in state.renewalFailures.sorted(by: { $0.key < $1.key }) {
            set.add("vault_token_renewal_failures_total", count, ["reason": reason])
        }
        set.add("vault_credential_end_timestamp_seconds", state.end, ["credential": "token"])
        set.add("vault_credential_life_seconds", state.life?.seconds, ["credential": "token"])
        set.add("vault_audit_devices", state.auditDevices?.count)
        set.add("vault_audit_blocked", state.isAuditBlocked)
        guard logsIn else { return }
        set.add("vault_logins_total", state.logins)
        for (reason, count) in state.loginFailures.sorted(by: { $0.key < $1.key }) {
            set.add("vault_login_failures_total", count, ["reason": reason])
        }
        set.add("vault_credential_end_timestamp_seconds", state.secretID?.expiry, ["credential": "secret_id"])
        set.add("vault_credential_life_seconds", state.secretID?.life?.seconds, ["credential": "secret_id"])
        set.add("vault_secret_id_usable", state.secretID?.isUsable)
        set.add("vault_secret_id_remaining_uses", state.secretID?.remainingUses.map(Double.init))
    }
}

private struct EmptyRequest: Encodable {}

private struct SecretIDRequest: Encodable {
    let secret_id: String
}

private struct LoginRequest: Encodable {
    let role_id: String
    let secret_id: String
}

extension HTTPRequest {
    fileprivate mutating func set(_ body: any Encodable) {
        method = "POST"
        headers.append(("Content-Type", "application/json"))
        self.body = Array((try? JSONEncoder().encode(body)) ?? Data())
    }
}

extension Exchange {
    fileprivate var success: HTTPResponse? {
        if case .success(let response) = self { response } else { nil }
    }

    /// The content of a 200.
    fileprivate func content<Content: Decodable>(_ type: Content.Type) -> VaultEnvelope<Content>? {
        guard let success, success.status == 200 else { return nil }
        return decodeJSON(VaultEnvelope<Content>.self, success.body)
    }
}
