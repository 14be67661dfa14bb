import Platform
import Samples
import Transport

/// Sends requests as `http_config` specifies, and classifies answers.
struct ReceiverClient: Sendable {
    let http: any HTTPClient
    let files: any FileAccess
    let time: any TimeSource
    let tokens = OAuth2Tokens()

    /// One request to a receiver.
    struct Call {
        var url: String
        var body: [UInt8]
        /// They take precedence over the headers of `http_config`.
        var headers: [(name: String, value: String)] = [("Content-Type", "application/json")]
        var options: HTTPClientOptions
        var timeout: Duration
        var method = "POST"
        /// Whether the answer's body is needed besides its status, and has to be read completely.
        var readsBody = false
        /// Whether the body holds a secret.
        var bodyIsSecret = false
        /// Secrets of this call in addition to those of `options`; they are hidden in errors.
        var secrets: [String] = []
    }

    /// An answer, and the secrets that it may repeat.
    struct Answer {
        var response: HTTPResponse
        var secrets: [String]
        /// The start of the body, on one line.
        var said: String { Redaction.excerpt(response.body, hiding: secrets) }
    }

    static let answerLimitBytes = 64 << 10
    private static let redirectLimit = 5

    func send(_ call: Call) async throws(DeliveryError) -> Answer {
        let answer = try await sendOnce(call)
        guard answer.response.status == 401, case .oauth2(let options) = call.options.authorization else {
            return answer
        }
        // The token may have been revoked.
        tokens.forget(options)
        return try await sendOnce(call)
    }

    private func sendOnce(_ call: Call) async throws(DeliveryError) -> Answer {
        var request = HTTPRequest(url: call.url)
        request.method = call.method
        request.body = call.body
        request.timeout = call.timeout
        request.connectTimeout = min(call.timeout, .seconds(5))
        request.bodyLimitBytes = ReceiverClient.answerLimitBytes
        // A receiver that answered 200 has the message, even if reading the body fails: another attempt would page
        // people twice.
        request.statusSuffices = !call.readsBody
        request.tls = call.options.tls
        request.bodyIsSecret = call.bodyIsSecret
        request.redirectLimit = call.options.followRedirects ? ReceiverClient.redirectLimit : 0
        var secrets = call.secrets
        var own = try await configured(call.options, &secrets)
        if case .oauth2(let options) = call.options.authorization {
            let token = try await token(options, timeout: call.timeout)
            secrets.append(token)
            own.append(("Authorization", "Bearer " + token))
        }
        let given = Set(call.headers.map { $0.name.lowercased() })
        request.headers = own.filter { !given.contains($0.name.lowercased()) } + call.headers
        if !request.headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            request.headers.append(("User-Agent", "vaultwatch"))
        }
        try await set(call.options.proxy, on: &request, &secrets)
        // No value from a file or a template may inject a line into the request.
        guard
            (request.headers + request.proxyHeaders).allSatisfy({
                $0.value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
            })
        else {
            throw DeliveryError(.clientError, retryable: false, "a header's value contains a control character")
        }
        do {
            return Answer(response: try await http.send(request), secrets: secrets)
        } catch {
            throw DeliveryError(error, hiding: secrets)
        }
    }

    /// Sends a request through the proxy, if its URL requires one.
    func set(_ proxy: ProxyOptions, on request: inout HTTPRequest, _ secrets: inout [String])
        async throws(DeliveryError)
    {
        guard let url = proxy.proxy(for: request.url) else { return }
        let address = try await reveal(url)
        request.proxy = address
        secrets.append(address)
        if let at = address.lastIndex(of: "@") {
            secrets.append(String(address[..<at].split(separator: "/").last ?? ""))
        }
        for header in proxy.connectHeaders {
            let value = try await reveal(header.value)
            secrets.append(value)
            request.proxyHeaders.append((header.name, value))
        }
    }

    private func configured(_ options: HTTPClientOptions, _ secrets: inout [String]) async throws(DeliveryError)
        -> [(name: String, value: String)]
    {
        var headers: [(name: String, value: String)] = []
        for header in options.headers {
            let value = try await reveal(header.value)
            secrets.append(value)
            headers.append((header.name, value))
        }
        switch options.authorization {
        case .none, .oauth2: break
        case .basic(let username, let password):
            var word = ""
            if let password { word = try await reveal(password) }
            let encoded = HTTPClientOptions.Authorization.basicCredentials(try await reveal(username), word)
            secrets += [word, encoded]
            headers.append(("Authorization", "Basic " + encoded))
        case .scheme(let scheme, let credentials):
            let value = try await reveal(credentials)
            secrets.append(value)
            headers.append(("Authorization", scheme + " " + value))
        }
        return headers
    }

    func reveal(_ secret: Secret) async throws(DeliveryError) -> String {
        do {
            return try await secret.revealInTime(files)
        } catch {
            // A missing file may exist again after a rotation.
            throw DeliveryError(.authError, retryable: true, "cannot read a secret: \(error)")
        }
    }

    /// The error for a status; nil for 2xx. Server errors, timeouts and rate limits are temporary, other refusals
    /// permanent. Sources: RFC 9110 §15, RFC 6585 §4.
    func refusal(_ answer: Answer) -> DeliveryError? {
        let status = answer.response.status
        if (200..<300).contains(status) { return nil }
        let said = answer.said
        let message = "HTTP \(status)" + (said.isEmpty ? "" : ": \(said)")
        switch status {
        case 429: return DeliveryError(.rateLimited, retryable: true, message, retryAfter: retryAfter(answer.response))
        case 401, 403, 407: return DeliveryError(.authError, retryable: false, message)
        case 408, 425:
            return DeliveryError(.clientError, retryable: true, message, retryAfter: retryAfter(answer.response))
        case 500...599:
            return DeliveryError(.serverError, retryable: true, message, retryAfter: retryAfter(answer.response))
        case 400..<500: return DeliveryError(.clientError, retryable: false, message)
        case 300..<400:
            let hint =
                "not followed: only 307 and 308 take a message along, no more than \(ReceiverClient.redirectLimit) of them, and no key to another host"
            return DeliveryError(.other, retryable: false, "\(message); \(hint)")
        // Not an HTTP status.
        default: return DeliveryError(.other, retryable: false, message)
        }
    }

    func retryAfter(_ response: HTTPResponse) -> Duration? {
        RetryAfter.read(response[header: "retry-after"], now: time.wall())
    }
}
