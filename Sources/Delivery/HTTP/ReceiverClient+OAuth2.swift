import Platform
import Text
import Transport

extension ReceiverClient {
    /// A valid token, from memory or from its endpoint.
    /// - Throws: `DeliveryError` if none can be obtained.
    func token(_ options: OAuth2Options, timeout: Duration) async throws(DeliveryError) -> String {
        if let token = tokens.token(options, now: time.monotonic()) { return token }
        let secret = try await reveal(options.clientSecret)
        // Most servers accept the credentials in a header, some only in the form (RFC 6749, 2.3.1).
        var answer = try await ask(options, secret, inForm: false, timeout)
        if [400, 401].contains(answer.status) { answer = try await ask(options, secret, inForm: true, timeout) }
        let said = Redaction.excerpt(answer.body, hiding: [secret])
        guard answer.status == 200 else {
            let isPassing = answer.status >= 500 || [408, 425, 429].contains(answer.status)
            throw DeliveryError(
                .authError, retryable: isPassing, "oauth2: no token: HTTP \(answer.status): \(said)",
                retryAfter: retryAfter(answer))
        }
        guard let token = tokens.take(answer.body, options, now: time.monotonic()) else {
            throw DeliveryError(.authError, retryable: true, "oauth2: no token in the answer of \(options.tokenURL)")
        }
        return token
    }

    private func ask(_ options: OAuth2Options, _ secret: String, inForm: Bool, _ timeout: Duration)
        async throws(DeliveryError) -> HTTPResponse
    {
        var form: [(name: String, value: String)] = [("grant_type", "client_credentials")]
        if !options.scopes.isEmpty { form.append(("scope", options.scopes.joined(separator: " "))) }
        form += options.endpointParameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        var request = HTTPRequest(url: options.tokenURL)
        request.method = "POST"
        request.timeout = timeout
        request.connectTimeout = min(timeout, .seconds(5))
        request.bodyLimitBytes = ReceiverClient.answerLimitBytes
        request.tls = options.tls
        request.headers = [
            ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
            ("User-Agent", "vaultwatch"),
        ]
        var hidden = [secret]
        if inForm {
            form += [("client_id", options.clientID), ("client_secret", secret)]
        } else {
            let pair = HTTPClientOptions.Authorization.basicCredentials(
                PercentCoding.encode(options.clientID), PercentCoding.encode(secret))
            request.headers.append(("Authorization", "Basic " + pair))
            hidden.append(pair)
        }
        request.body = OAuth2Tokens.form(form)
        try await set(options.proxy, on: &request, &hidden)
        do {
            return try await http.send(request)
        } catch {
            throw DeliveryError(error, hiding: hidden)
        }
    }
}
