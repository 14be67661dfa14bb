import Platform
import Transport

extension VaultClusterOptions {
    /// A request to one of the cluster's URLs.
    /// - Parameter path: begins with `/v1/`.
    func request(_ base: String, _ path: String, token: String? = nil) -> HTTPRequest {
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
    func namespacedRequest(_ base: String, _ path: String, token: String? = nil) -> HTTPRequest {
        var request = request(base, path, token: token)
        if let namespace, !namespace.isEmpty { request.headers.append(("X-Vault-Namespace", namespace)) }
        return request
    }

    var hasToken: Bool {
        if case .none = authentication { false } else { true }
    }
}

extension ProbeFailure {
    init(_ error: TransportError) { self.init(error.reason.rawValue, error.message) }

    /// The failure for an unexpected status of an authenticated request.
    /// - Parameter what: names the request in the message: `canary`.
    init(status: Int, of what: String) {
        switch status {
        case 300..<400: self.init("redirect", "\(what): redirected (\(status)), not followed")
        case 403: self.init("denied", "\(what): permission denied (403)")
        case 404: self.init("not_found", "\(what): nothing there (404)")
        case 503: self.init("sealed", "\(what): the node is sealed (503)")
        default: self.init("http", "\(what): status \(status)")
        }
    }
}

extension HTTPClient {
    /// Sends a request and returns the outcome as a value, so that concurrent requests keep their own errors.
    func exchange(_ request: HTTPRequest) async -> Exchange {
        do { return .success(try await send(request)) } catch { return .failure(error) }
    }
}
