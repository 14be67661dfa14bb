/// Talks over a WebSocket, which libcurl in Debian 12 can't do. Source: RFC 6455.
package protocol WebSocketClient: Sendable {
    /// Connects, and answers messages until either side ends it.
    /// - Parameters:
    ///   - url: `wss://…` or `ws://…`; not logged, since it may hold a secret.
    ///   - timeout: for the connection, and for silence: the other side is to ping.
    ///   - answer: called with each text message in turn; what it returns is sent, and nil ends the conversation.
    /// - Throws: `WebSocketError`.
    func converse(
        _ url: String, timeout: Duration, _ answer: @escaping @Sendable (_ message: String) async -> [String]?
    ) async throws(WebSocketError)
}

/// Why a conversation over a WebSocket did not come about, or broke off.
package struct WebSocketError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In words, without the URL.
    package let description: String

    /// An error in these words.
    package init(_ description: String) { self.description = description }
}
