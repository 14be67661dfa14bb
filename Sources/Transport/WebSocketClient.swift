/// A WebSocket client, since libcurl in Debian 12 does not support WebSockets. Source: RFC 6455.
package protocol WebSocketClient: Sendable {
    /// Connects, and answers messages until either side closes the connection.
    /// - Parameters:
    ///   - url: `wss://…` or `ws://…`; not logged, since it may contain a secret.
    ///   - timeout: for connecting, and for silence: the peer is expected to ping.
    ///   - answer: called with each text message in turn; its result is sent, and nil closes the connection.
    /// - Throws: `WebSocketError`.
    func converse(
        _ url: String, timeout: Duration, _ answer: @escaping @Sendable (_ message: String) async -> [String]?
    ) async throws(WebSocketError)
}

/// Why a WebSocket connection failed or broke.
package struct WebSocketError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The message, without the URL.
    package let description: String

    /// An error with this message.
    package init(_ description: String) { self.description = description }
}
