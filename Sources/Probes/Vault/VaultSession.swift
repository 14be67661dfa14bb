import FoundationEssentials
import Platform
import Samples
import Synchronization
import Transport

/// The agent's token for one cluster: read from a file at each use, or obtained by an AppRole login and replaced by a
/// new login before it expires or when Vault refuses it.
final class VaultSession: Sendable {
    private struct Token {
        var secret: Secret
        /// When to log in again: at nine tenths of the lease.
        var renewFrom: Instant?
        var expiry: Timestamp?
    }

    private struct State {
        var token: Token?
        var logins = 0
        var failures: [String: Int] = [:]
        /// Nil before the first use.
        var valid: Bool?
        /// No login before this time, so that a wrong secret id does not cause a storm of logins.
        var notBefore: Instant?
        var backoff: Duration = .seconds(1)
        var lastFailure: ProbeFailure?
        var login: Task<Result<Secret, ProbeFailure>, Never>?
    }

    private let options: VaultClusterOptions
    private let http: any HTTPClient
    private let platform: Platform
    private let state = Mutex(State())

    init(options: VaultClusterOptions, http: any HTTPClient, platform: Platform) {
        self.options = options
        self.http = http
        self.platform = platform
    }

    /// The token to send, after a login if one is due.
    /// - Parameter base: the URL of the node to log in to.
    func token(base: String) async -> Result<String, ProbeFailure> {
        switch options.authentication {
        case .none: return .failure(ProbeFailure("configuration", "no token and no AppRole is configured"))
        case .token(let secret):
            do { return .success(try await secret.revealInTime(platform.files)) } catch {
                state.withLock { $0.valid = false }
                return .failure(ProbeFailure("configuration", error.description))
            }
        case .appRole(let roleID, let secretID, let mount):
            return await appRoleToken(roleID, secretID, mount, base: base)
        }
    }

    /// Records that Vault accepted the token.
    func accepted() { state.withLock { $0.valid = true } }

    /// Records that Vault refused the token: the next use logs in again.
    func refused() {
        state.withLock { state in
            state.valid = false
            state.token = nil
        }
    }

    private func appRoleToken(_ roleID: Secret, _ secretID: Secret, _ mount: String, base: String) async -> Result<
        String, ProbeFailure
    > {
        enum Step {
            case use(Secret)
            case wait(Task<Result<Secret, ProbeFailure>, Never>)
            case refuse(ProbeFailure)
        }
        let now = platform.time.monotonic()
        let step = state.withLock { state -> Step in
            if let token = state.token, token.renewFrom.map({ now < $0 }) ?? true { return .use(token.secret) }
            if let running = state.login { return .wait(running) }
            if let notBefore = state.notBefore, now < notBefore {
                return .refuse(state.lastFailure ?? ProbeFailure("denied", "AppRole login failed"))
            }
            let task = Task { await self.login(roleID, secretID, mount, base: base) }
            state.login = task
            return .wait(task)
        }
        let secret: Result<Secret, ProbeFailure>
        switch step {
        case .use(let known): secret = .success(known)
        case .wait(let task): secret = await task.value
        case .refuse(let failure): secret = .failure(failure)
        }
        // A token from a login is in memory.
        return secret.flatMap { secret in
            do throws(FileError) { return .success(try secret.reveal(platform.files)) } catch {
                return .failure(ProbeFailure("configuration", error.description))
            }
        }
    }

    /// Logs in. Source: Vault API documentation, auth/approle/login.
    private func login(_ roleID: Secret, _ secretID: Secret, _ mount: String, base: String) async -> Result<
        Secret, ProbeFailure
    > {
        let outcome: Result<Token, ProbeFailure>
        do {
            let body = LoginRequest(
                role_id: try await roleID.revealInTime(platform.files),
                secret_id: try await secretID.revealInTime(platform.files))
            var request = options.namespacedRequest(base, "/v1/auth/\(mount)/login")
            request.method = "POST"
            request.headers.append(("Content-Type", "application/json"))
            request.body = Array((try? JSONEncoder().encode(body)) ?? Data())
            switch await http.exchange(request) {
            case .failure(let error): outcome = .failure(ProbeFailure(error))
            case .success(let response): outcome = token(from: response)
            }
        } catch {
            outcome = .failure(ProbeFailure("configuration", error.description))
        }
        return state.withLock { state in
            state.login = nil
            state.logins += 1
            switch outcome {
            case .success(let token):
                state.token = token
                state.valid = true
                state.notBefore = nil
                state.backoff = .seconds(1)
                return .success(token.secret)
            case .failure(let failure):
                state.failures[failure.reason, default: 0] += 1
                state.valid = false
                state.lastFailure = failure
                state.notBefore = platform.time.monotonic() + state.backoff
                state.backoff = min(state.backoff * 2, .seconds(60))
                return .failure(failure)
            }
        }
    }

    private func token(from response: HTTPResponse) -> Result<Token, ProbeFailure> {
        // Vault answers 400, not 403, to a wrong role id or secret id.
        guard response.status == 200 else {
            let reason = response.status == 400 ? "denied" : ProbeFailure(status: response.status, of: "").reason
            return .failure(ProbeFailure(reason, "AppRole login: status \(response.status)"))
        }
        guard let auth = decodeJSON(LoginAnswer.self, response.body)?.auth, !auth.client_token.isEmpty else {
            return .failure(ProbeFailure("body", "AppRole login: no token in the response"))
        }
        var token = Token(secret: Secret(value: auth.client_token))
        if let lease = auth.lease_duration, lease > 0, lease < 10 * 365 * 86_400 {
            token.renewFrom = platform.time.monotonic() + .seconds(lease * 9 / 10)
            token.expiry = platform.time.wall() + .seconds(lease)
        }
        return .success(token)
    }

    func add(to set: inout SampleSet) {
        guard options.hasToken else { return }
        let (valid, expiry, logins, failures) = state.withLock { ($0.valid, $0.token?.expiry, $0.logins, $0.failures) }
        set.add("vault_token_valid", valid)
        set.add("vault_token_expiry_timestamp_seconds", expiry)
        guard case .appRole = options.authentication else { return }
        set.add("vault_logins_total", logins)
        for (reason, count) in failures.sorted(by: { $0.key < $1.key }) {
            set.add("vault_login_failures_total", count, ["reason": reason])
        }
    }
}

private struct LoginRequest: Encodable {
    let role_id: String
    let secret_id: String
}

private struct LoginAnswer: Decodable {
    struct Auth: Decodable {
        let client_token: String
        let lease_duration: Int64?
    }
    let auth: Auth?
}
