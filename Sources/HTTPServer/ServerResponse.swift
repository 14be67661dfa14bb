/// A response, as handlers return it.
package struct ServerResponse: Sendable {
    /// The body, or a simulated failure.
    package enum Body: Sendable {
        /// The whole body.
        case bytes([UInt8])
        /// Pieces: `next` is called again once its last piece has been sent, until it returns nil. The body is chunked
        /// unless the headers declare a length.
        case stream(next: @Sendable () async -> [UInt8]?)
        /// Never answers: the connection stays open until the client gives up. For simulated failures.
        case hang
        /// Resets the connection without an answer. For simulated failures.
        case abort
        /// Sends the head and these bytes, then closes the connection, whatever length the headers declare. For
        /// simulated failures.
        case partial([UInt8])
    }

    /// The HTTP status.
    package var status: Int
    /// The headers. `Content-Length` is added if it is missing and the body is `.bytes`.
    package var headers: [(name: String, value: String)]
    /// The body.
    package var body: Body
    /// Whether to close the connection after this response.
    package var closes = false
    /// Retained until the body's bytes are written or the connection is gone: a lease on their memory.
    package var lease: (any AnyObject & Sendable)?

    /// An empty response with status 200 unless the rest is given.
    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response in plain text.
    package static func text(_ text: String, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: .bytes(Array(text.utf8)))
    }
}
