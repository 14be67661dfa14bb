package import Transport

/// Why S3 gave no answer to the point. `reason` is a metric label; `message` holds no secret.
package struct S3Error: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    package enum Reason: String, Sendable, CaseIterable {
        /// No HTTP answer; `transport` says more.
        case transport
        case accessDenied
        case noSuchBucket
        /// No such key; where listing is not allowed, S3 says `accessDenied` instead.
        case noSuchKey
        /// The key's last version is a delete marker.
        case deleteMarker
        /// The object lies in an archive class and has first to be restored, which takes up to two days.
        case archived
        /// The bucket lies in another region, and asking there did not help; `region` names it where S3 did.
        case wrongRegion
        /// Clocks differ by more than about 15 minutes; `skewSeconds` says how much.
        case clockSkew
        /// S3 takes them not: unknown, expired, or the signature does not match.
        case credentials
        /// There are none to sign with: not set, or the service that hands them out does not.
        case noCredentials
        /// 429, 503 SlowDown.
        case throttled
        case server
        /// Not S3's XML.
        case malformed
        /// A listing that contradicts itself.
        case untrusted
        /// More keys, or a longer answer, than allowed.
        case limit
        case other
    }

    /// The kind of failure.
    package private(set) var reason: Reason
    /// Bucket and key, status, and S3's own message; never a credential.
    package let message: String
    /// The HTTP status; nil where there was no answer.
    package var status: Int?
    /// S3's own error code, as `AccessDenied`.
    package var code: String?
    /// The bucket's, where the answer names it.
    package var region: String?
    /// The server's clock minus ours.
    package var skewSeconds: Double?
    /// Why there was no answer, with `.transport` and `.limit`.
    package var transport: TransportError.Reason?
    /// Where a redirect points.
    var host: String?
    /// How long S3 asks to wait.
    var retryAfter: Duration?

    /// - Parameter code: S3's own, where the answer has one.
    package init(_ reason: Reason, _ message: String, status: Int? = nil, code: String? = nil) {
        self.reason = reason
        self.message = message
        self.status = status
        self.code = code
    }

    /// Reason and message.
    package var description: String { "\(reason.rawValue): \(message)" }

    /// Whether it may be said of keys whose time is over: a HEAD has no error page and says 400. Source: Amazon S3 API
    /// Reference, "List of error codes".
    var mayBeAnEndedSession: Bool {
        switch code {
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId": true
        case nil: status == 400
        default: false
        }
    }

    /// Whether the server does not know what it was asked: MinIO and the like say NotImplemented, older ones
    /// InvalidArgument.
    var isUnknownQuestion: Bool {
        status == 501 || code == "NotImplemented" || (status == 400 && code == "InvalidArgument")
    }

    func with(_ reason: Reason) -> S3Error {
        var error = self
        error.reason = reason
        return error
    }

    func withoutSkew() -> S3Error {
        var error = self
        error.skewSeconds = nil
        return error
    }
}
