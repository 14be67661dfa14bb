package import Transport

/// Why S3 gave no usable answer. `reason` is a metric label; `message` contains no secret.
package struct S3Error: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    package enum Reason: String, Sendable, CaseIterable {
        /// No HTTP answer; `transport` has the reason.
        case transport
        case accessDenied
        case noSuchBucket
        /// No such key; where listing is not allowed, S3 says `accessDenied` instead.
        case noSuchKey
        /// The key's last version is a delete marker.
        case deleteMarker
        /// The object is in an archive class and must be restored first, which takes up to two days.
        case archived
        /// The bucket is in another region, and a request there did not help; `region` is set if S3 named it.
        case wrongRegion
        /// Clocks differ by more than about 15 minutes; `skewSeconds` is the difference.
        case clockSkew
        /// S3 rejects them: unknown, expired, or the signature does not match.
        case credentials
        /// There are none to sign with: not configured, or not available from their service.
        case noCredentials
        /// A write was refused since there is an object of that key.
        case exists
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
    /// The bucket's region, if the answer names it.
    package var region: String?
    /// The server's clock minus ours.
    package var skewSeconds: Double?
    /// Why there was no answer, for `.transport` and `.limit`.
    package var transport: TransportError.Reason?
    /// The host of a redirect.
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

    /// Whether the error may mean that the keys have expired: a HEAD has no error document and returns 400. Source:
    /// Amazon S3 API Reference, "List of error codes".
    var mayBeAnEndedSession: Bool {
        switch code {
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId": true
        case nil: status == 400
        default: false
        }
    }

    /// Whether the server does not support the request: MinIO and others return NotImplemented, older ones
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
