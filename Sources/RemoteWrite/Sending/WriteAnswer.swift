/// One request to an endpoint.
package struct WriteCall: Sendable {
    /// Compressed.
    package var body: [UInt8]
    /// What the body is. They must not be replaced by configured ones.
    package var headers: [(name: String, value: String)]
    /// From the first attempt to connect to the end of the answer.
    package var timeout: Duration
}

/// What came of a request.
package enum WriteAnswer: Sendable, Hashable {
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - written: `X-Prometheus-Remote-Write-Samples-Written`; nil if the header is missing.
    ///   - retryAfter: what the server asked for, bounded.
    ///   - said: the beginning of the body on one line, without secrets.
    case status(Int, written: Int? = nil, retryAfter: Duration? = nil, said: String = "")
    /// No answer, or none that could be asked for.
    /// - Parameter message: without secrets.
    case none(message: String)
}

/// What an answer means for the samples of its request.
///
/// Sources: the specifications of remote write 1.0 ("Retries & Backoff") and 2.0 ("Unsupported Request Content",
/// "Required Written Response Headers").
enum WriteVerdict: Hashable, Sendable {
    /// The server has them.
    /// - Parameter written: how many; nil for all.
    case accepted(written: Int?)
    /// Send them again, after the time that the server asked for if that is longer than the own wait.
    case retry(after: Duration?, String)
    /// They can never be sent.
    /// - Parameter status: for a metric.
    case refused(status: Int, String)
    /// The server does not know the message of version 2: send them as version 1.
    case fallBack(String)

    /// - Parameter isConfirmed: whether the server has accepted a message of this version before.
    init(_ answer: WriteAnswer, _ message: WriteMessage, isConfirmed: Bool) {
        switch answer {
        case .none(let text): self = .retry(after: nil, text)
        case .status(let status, let written, let retryAfter, let said):
            let text = "HTTP \(status)" + (said.isEmpty ? "" : ": \(said)")
            switch status {
            case 200..<300 where message == .version2 && written == nil:
                // A server of version 1 skips the fields that it does not know, and has read an empty message.
                self = .fallBack("\(text), without X-Prometheus-Remote-Write-Samples-Written")
            case 200..<300: self = .accepted(written: message == .version2 ? written : nil)
            case 415 where message == .version2: self = .fallBack(text)
            // Servers of version 1 answer so as well. One that knows version 2 may mean the samples.
            case 400 where message == .version2 && written == nil && !isConfirmed: self = .fallBack(text)
            case 429, 500..<600: self = .retry(after: retryAfter, text)
            // Not followed, such as one to another host: nothing says that the samples are wrong.
            case 300..<400: self = .retry(after: nil, "\(text); a redirect to another host is not followed")
            default: self = .refused(status: status, text)
            }
        }
    }
}
