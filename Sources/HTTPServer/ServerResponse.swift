/// What a handler answers.
package struct ServerResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Piece by piece: `next` is asked again once its last piece has left for the network, until it says nil.
        /// Chunked, unless the headers declare a length.
        case stream(next: @Sendable () async -> [UInt8]?)
        /// Never answers: the connection stays open until the client gives up. For simulated failures.
        case hang
        /// Resets the connection without an answer. For simulated failures.
        case abort
        /// The head and these bytes, then the end of the connection, whatever length the headers declare.
        /// For simulated failures.
        case partial([UInt8])
    }

    package var status: Int
    /// `Content-Length` is added where it is not among them and the body is bytes.
    package var headers: [(name: String, value: String)]
    package var body: Body
    /// Ends the connection after this answer.
    package var closes = false

    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A short answer in plain text.
    package static func text(_ text: String, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: .bytes(Array(text.utf8)))
    }
}
