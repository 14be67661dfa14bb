package import Alerts
import Samples
import Transport

/// Why a receiver did not accept a message.
package struct DeliveryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Alertmanager's reasons; the raw values are values of a metric's label.
    package enum Reason: String, Sendable, CaseIterable {
        case other, clientError, serverError, authError, rateLimited, contextCanceled, contextDeadlineExceeded
    }

    /// The kind of failure.
    package let reason: Reason
    /// A description for logs; contains no secret.
    package let message: String
    /// Whether the same message may be accepted later.
    package let isRetryable: Bool
    /// How long the receiver asked us to wait.
    package var retryAfter: Duration?
    /// The receiver may have the message: no answer came after the request had left.
    package var isUncertain = false

    /// An error derived from the receiver's answer, or one that occurred before the request was sent.
    package init(_ reason: Reason, retryable: Bool, _ message: String, retryAfter: Duration? = nil) {
        self.reason = reason
        isRetryable = retryable
        self.message = message
        self.retryAfter = retryAfter
    }

    /// `serverError: HTTP 503`
    package var description: String { "\(reason.rawValue): \(message)" }

    /// A transport error: no answer came.
    /// - Parameter secrets: texts that the transport may have repeated and that must be hidden.
    init(_ error: TransportError, hiding secrets: [String] = []) {
        let reason: Reason
        switch error.reason {
        case .timeout, .notBegun: reason = .contextDeadlineExceeded
        case .cancelled: reason = .contextCanceled
        case .auth: reason = .authError
        default: reason = .other
        }
        self.init(reason, retryable: true, Redaction.hide(secrets, in: error.message))
        switch error.reason {
        case .timeout, .reset, .body, .http, .cancelled, .other: isUncertain = !error.isUnsent
        case .dns, .connect, .unreachable, .tls, .auth, .configuration, .connections, .notBegun: isUncertain = false
        }
    }
}

/// The outcome of one attempt to send a message.
package enum DeliveryOutcome: Sendable, Hashable {
    /// The receiver has accepted it, with its answer for the history, and the effect on the conversation.
    case accepted(String, thread: ThreadChange? = nil)
    /// The receiver has refused it, or has not answered.
    case failed(DeliveryError)
}

/// A service that notifications are sent to.
package protocol Integration: Sendable {
    /// One attempt; never throws, since every result is an outcome.
    func send(_ notification: Notification) async -> DeliveryOutcome
}
