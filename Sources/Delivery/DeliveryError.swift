import Alerts
import Samples
import Transport

/// Why a receiver did not take a message. `reason` is a metric label with Alertmanager's words; `message` holds no
/// secret.
package struct DeliveryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable, CaseIterable {
        case other, clientError, serverError, authError, rateLimited, contextCanceled, contextDeadlineExceeded
    }

    package let reason: Reason
    package let message: String
    /// Whether the same message may be taken later.
    package let isRetryable: Bool
    /// How long the receiver asked to be left alone.
    package var retryAfter: Duration?
    /// The receiver may have it all the same: no answer came after the request had left.
    package var isUncertain = false

    package init(_ reason: Reason, retryable: Bool, _ message: String, retryAfter: Duration? = nil) {
        self.reason = reason
        isRetryable = retryable
        self.message = message
        self.retryAfter = retryAfter
    }

    package var description: String { "\(reason.rawValue): \(message)" }

    /// What no answer at all means.
    /// - Parameter secrets: what the transport may have repeated and nobody must see.
    init(_ error: TransportError, hiding secrets: [String] = []) {
        let reason: Reason
        switch error.reason {
        case .timeout: reason = .contextDeadlineExceeded
        case .cancelled: reason = .contextCanceled
        case .auth: reason = .authError
        default: reason = .other
        }
        self.init(reason, retryable: true, Redaction.hide(secrets, in: error.message))
        switch error.reason {
        case .timeout, .reset, .body, .http, .cancelled, .other: isUncertain = !error.isUnsent
        case .dns, .connect, .tls, .auth: isUncertain = false
        }
    }
}

/// What became of one attempt.
package enum DeliveryOutcome: Sendable, Hashable {
    /// - Parameter detail: what the receiver said, for the history.
    case accepted(String)
    case failed(DeliveryError)
}

/// One way to reach one receiver.
package protocol Integration: Sendable {
    /// One attempt; never throws, since every end of it is an outcome.
    func send(_ notification: Notification) async -> DeliveryOutcome
}
