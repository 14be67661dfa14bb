import Platform
import Text
package import Transport

extension VaultClusterOptions {
    /// A request to one of the cluster's URLs.
    /// - Parameter path: begins with `/v1/`.
    package func request(_ base: String, _ path: String, token: String? = nil) -> HTTPRequest {
        var root = base
        while root.hasSuffix("/") { root.removeLast() }
        var request = HTTPRequest(url: root + path)
        request.timeout = timeout
        request.connectTimeout = min(timeout, .seconds(3))
        request.bodyLimitBytes = bodyLimitBytes
        request.tls = tls
        if let token { request.headers.append(("X-Vault-Token", token)) }
        return request
    }

    /// The same in the configured namespace; endpoints such as sys/health exist in the root namespace only.
    package func namespacedRequest(_ base: String, _ path: String, token: String? = nil) -> HTTPRequest {
        var request = request(base, path, token: token)
        if let namespace, !namespace.isEmpty { request.headers.append(("X-Vault-Namespace", namespace)) }
        return request
    }

    /// Whether a token is configured, or a login.
    package var hasToken: Bool {
        if case .none = authentication { false } else { true }
    }
}

extension ProbeFailure {
    init(_ error: TransportError) { self.init(error.reason.rawValue, error.message) }

    /// The failure of an audited request: one that was sent but not answered may be waiting for an audit device.
    /// - Parameter what: names the request in the message: `canary`.
    init(unanswered error: TransportError, of what: String) {
        self.init(error.isSilence ? "blocked" : error.reason.rawValue, "\(what): \(error.message)")
    }

    /// The failure for an unexpected status of an authenticated request.
    /// - Parameter what: names the request in the message: `canary`.
    init(status: Int, of what: String) {
        switch status {
        case 300..<400: self.init("redirect", "\(what): redirected (\(status)), not followed")
        case 403: self.init("denied", "\(what): permission denied (403)")
        case 404: self.init("not_found", "\(what): nothing there (404)")
        case 429: self.init("rate_limited", "\(what): over a quota (429)")
        case 503: self.init("sealed", "\(what): the node is sealed (503)")
        default: self.init("http", "\(what): status \(status)")
        }
    }

    /// The same with the answer's message: a 500 with a two-word message is what Vault returns when no audit device
    /// accepts the request; between two leaders it returns 500 too.
    init(_ response: HTTPResponse, of what: String) {
        let failure = ProbeFailure(status: response.status, of: what)
        guard response.status == 500 else {
            self = failure
            return
        }
        let words = response.vaultErrors
        if words.contains("active cluster node not found") {
            self.init("no_active_node", "\(what): no node is active (500)")
        } else if words == "internal error" {
            self.init("audit", "\(what): internal error (500), as when no audit device can be written")
        } else {
            self = failure
        }
    }
}

extension TransportError {
    /// Whether the request was sent and no answer came in time.
    var isSilence: Bool { reason == .timeout && !isUnsent }
}

extension HTTPResponse {
    /// Vault's own message, short and on one line.
    package var vaultWords: String {
        let words = vaultErrors.split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
        return words.isEmpty ? "refused" : String(words.prefix(120))
    }
}

extension HTTPClient {
    /// Sends a request and returns the outcome as a value, so that concurrent requests keep their own errors.
    func exchange(_ request: HTTPRequest) async -> Exchange {
        do { return .success(try await send(request)) } catch { return .failure(error) }
    }
}
