package import Platform
package import Transport

/// Posts to servers that are no receivers, with the same options, credentials and redaction.
package struct HTTPPoster: Sendable {
    private let client: ReceiverClient

    /// A server's answer.
    package struct Answer: Sendable {
        /// Its status and headers; of its body only what `said` has is kept for certain.
        package var response: HTTPResponse
        /// What `Retry-After` asks for, an hour at most; nil if it is missing.
        package var retryAfter: Duration?
        /// The beginning of the body, on one line and without the secrets of the options.
        package var said: String
    }

    /// A client for any number of servers.
    package init(http: any HTTPClient, platform: Platform) {
        client = ReceiverClient(http: http, files: platform.files, time: platform.time)
    }

    /// Posts a body. It follows redirects as the options say, but never to another origin.
    /// - Parameter headers: they take precedence over those of the options.
    /// - Throws: `DeliveryError` if there is no answer, or no request could be made. Any status is an answer.
    package func post(
        _ body: [UInt8], to url: String, headers: [(name: String, value: String)], options: HTTPClientOptions,
        timeout: Duration
    ) async throws(DeliveryError) -> Answer {
        let answer = try await client.send(
            .init(url: url, body: body, headers: headers, options: options, timeout: timeout, bodyIsSecret: true))
        return Answer(
            response: answer.response, retryAfter: client.retryAfter(answer.response), said: answer.said)
    }
}
