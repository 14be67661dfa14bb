import Platform
import Samples

/// One HTTP exchange to make.
package struct HTTPRequest: Sendable {
    package var method = "GET"
    /// Absolute, `http` or `https`; already encoded.
    package var url: String
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8] = []
    /// From the first attempt to connect to the body's last byte.
    package var timeout: Duration = .seconds(4)
    /// The part of it that name lookup, connect and TLS may take.
    package var connectTimeout: Duration = .seconds(3)
    /// A longer body ends the exchange with `.body`.
    package var bodyLimitBytes = 1 << 20
    /// Whether the status alone answers: of a body that is too long, or that ends too soon or never, what came by then
    /// is returned. Default false.
    package var statusSuffices = false
    package var tls = TLSOptions()
    /// `http://proxy:3128` and the like; nil means none, whatever the environment says.
    package var proxy: String?
    /// What the proxy alone is told when it is asked for a tunnel (CONNECT): without effect on plain `http` URLs.
    package var proxyHeaders: [(name: String, value: String)] = []
    /// Redirects are answers, not invitations: following one could carry a token elsewhere.
    /// Receivers may allow a few.
    package var redirectLimit = 0
    /// Signs the request (AWS Signature Version 4).
    package var signing: AWSSigning?

    package init(url: String) { self.url = url }
}

package struct TLSOptions: Sendable, Hashable {
    /// A PEM file of authorities; nil means the system's.
    package var caFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    /// PEM texts in place of the files; each goes before its file.
    package var ca: String?
    package var certificate: String?
    package var key: Secret?
    /// The name to ask for and verify, where it is not the URL's host.
    package var serverName: String?
    package var insecureSkipVerify = false
    /// Default 1.2.
    package var minimumVersion: Version = .tls12
    /// Default: the newest there is.
    package var maximumVersion: Version?

    package enum Version: Sendable, Hashable {
        case tls12, tls13
    }

    package init() {}
}

package struct AWSSigning: Sendable {
    package var region: String
    package var service: String
    package var accessKeyID: Secret
    package var secretAccessKey: Secret
    package var sessionToken: Secret?

    package init(
        region: String, service: String = "s3", accessKeyID: Secret, secretAccessKey: Secret,
        sessionToken: Secret? = nil
    ) {
        self.region = region
        self.service = service
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

package struct HTTPResponse: Sendable {
    package var status: Int
    /// Names in lower case, values trimmed, in the order received.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    package var timing: HTTPTiming
    /// `notAfter` of the server's certificate and of the soonest-ending one in its chain; nil without TLS.
    package var certificateExpiry: Timestamp?

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timing: HTTPTiming = HTTPTiming(), certificateExpiry: Timestamp? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.timing = timing
        self.certificateExpiry = certificateExpiry
    }

    /// The first header of that name, whatever its case.
    package subscript(header name: String) -> String? {
        let lower = name.lowercased()
        return headers.first { $0.name == lower }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Seconds spent in each phase; zero for the phases that a kept-alive connection skips.
package struct HTTPTiming: Sendable, Hashable {
    package var resolve = 0.0
    package var connect = 0.0
    package var tls = 0.0
    /// Request sent to first byte of the answer.
    package var processing = 0.0
    package var transfer = 0.0
    package var total = 0.0
    package var reusedConnection = false
    package init() {}
}

/// Why there is no answer. `reason` is a metric label, hence bounded; `message` is for the log and holds no secret.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: String, Sendable, CaseIterable {
        case dns, connect, tls, timeout
        /// Not HTTP, or cut off in the headers.
        case http
        /// Over its bound, or cut off.
        case body
        /// The peer closed or reset while we wrote or waited.
        case reset
        /// SMTP or database refused our credentials.
        case auth
        case cancelled
        case other
    }

    package let reason: Reason
    package let message: String
    /// Certainly nothing of the request has left: no connection came to stand.
    package var isUnsent = false

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    package var description: String { "\(reason.rawValue): \(message)" }

    var unsent: TransportError {
        var error = self
        error.isUnsent = true
        return error
    }
}

/// The network as HTTP users see it. `CurlTransport` is the real one; tests script their own.
package protocol HTTPClient: Sendable {
    /// - Throws: `TransportError`. Any status, 5xx too, is an answer and not an error.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse

    /// The same, the body handed over piece by piece in constant memory (`bodyLimitBytes` still holds);
    /// the response's `body` is empty. The transfer waits while `receive` runs.
    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
}
