package import Platform
package import Samples

/// An HTTP request.
package struct HTTPRequest: Sendable {
    /// Sent as it is. Default `GET`.
    package var method = "GET"
    /// Absolute, `http` or `https`; already encoded.
    package var url: String
    /// In this order, in addition to those that libcurl adds (`Host`, `User-Agent: vaultwatch`, `Accept`). A line break
    /// in one fails the request with `.other`.
    package var headers: [(name: String, value: String)] = []
    /// Empty: none. No content type is implied.
    package var body: [UInt8] = []
    /// A part of a file that is sent as the body, in place of `body`, in constant memory. It is read on the client's
    /// thread, which suits commands and not the daemon. Default: none.
    package var bodyFile: FileSlice?
    /// From the first attempt to connect to the body's last byte.
    package var timeout: Duration = .seconds(4)
    /// How much of it name lookup, connect and TLS may take.
    package var connectTimeout: Duration = .seconds(3)
    /// A longer body ends the exchange with `.body`.
    package var bodyLimitBytes = 1 << 20
    /// Whether the status alone is sufficient: if the body is too long, incomplete or never ends, the part received is
    /// returned. Default false.
    package var statusSuffices = false
    /// For `https` URLs.
    package var tls = TLSOptions()
    /// The path of a Unix socket to connect to instead of the URL's host; nil for TCP.
    package var unixSocket: String?
    /// `http://proxy:3128` and the like; nil means none, even if the environment specifies one.
    package var proxy: String?
    /// Headers of the CONNECT request to the proxy; no effect on plain `http` URLs.
    package var proxyHeaders: [(name: String, value: String)] = []
    /// How many redirects are followed. Default 0: a redirect is returned as the answer, since following one could leak
    /// a token.
    package var redirectLimit = 0
    /// Whether the body holds a secret, which no redirect may take to another origin. Default false.
    package var bodyIsSecret = false
    /// Signs the request (AWS Signature Version 4).
    package var signing: AWSSigning?

    /// A GET without headers, with every option at its default.
    package init(url: String) { self.url = url }
}

/// A part of an open file.
package struct FileSlice: Sendable {
    /// The file.
    package var file: OpenFile
    /// Where it begins, in bytes.
    package var offset: Int64
    /// Its length in bytes.
    package var count: Int64

    /// A part by its place.
    package init(file: OpenFile, offset: Int64, count: Int64) {
        self.file = file
        self.offset = offset
        self.count = count
    }
}

/// How a TLS server is verified, and the client's certificate. Files are read for each request, so that rotating them
/// needs no restart.
package struct TLSOptions: Sendable, Hashable {
    /// A PEM file of certificate authorities; nil means the system's.
    package var caFile: String?
    /// A PEM file with the client's certificate and its chain; nil sends none.
    package var certificateFile: String?
    /// A PEM file with its key; nil if the certificate's file contains it.
    package var keyFile: String?
    /// PEM text, takes precedence over `caFile`.
    package var ca: String?
    /// Takes precedence over `certificateFile`.
    package var certificate: String?
    /// Takes precedence over `keyFile`.
    package var key: Secret?
    /// The name to send and to verify, if it is not the URL's host.
    package var serverName: String?
    /// Accepts any certificate, like Prometheus' option of that name. Default false.
    package var insecureSkipVerify = false
    /// Default 1.2.
    package var minimumVersion: Version = .tls12
    /// Default: the newest supported.
    package var maximumVersion: Version?

    /// A version of the protocol.
    package enum Version: Sendable, Hashable {
        case tls12, tls13
    }

    /// Verifies against the system's authorities.
    package init() {}
}

/// Credentials and scope of AWS Signature Version 4. The secrets are read at each request.
package struct AWSSigning: Sendable {
    /// As `eu-central-1`.
    package var region: String
    /// As `s3`.
    package var service: String
    /// Not secret itself, but stored with the secret that belongs to it.
    package var accessKeyID: Secret
    /// Used to sign, and never sent.
    package var secretAccessKey: Secret
    /// For temporary credentials: sent as `x-amz-security-token`.
    package var sessionToken: Secret?

    /// Credentials for one service in one region.
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

/// A complete answer, whatever its status.
package struct HTTPResponse: Sendable {
    /// 100 to 999, as received.
    package var status: Int
    /// Names in lower case, values trimmed, in the order received.
    package var headers: [(name: String, value: String)]
    /// Decoded from its transfer encoding; empty for `stream`.
    package var body: [UInt8]
    /// For the exchange that returned this answer, after redirects.
    package var timing: HTTPTiming
    /// The earliest expiry in the chain by which the server's certificate was verified; without verification that of
    /// its own. Nil without TLS.
    package var certificateExpiry: Timestamp?
    /// From the start of the server's own certificate to that expiry; nil if unknown.
    package var certificateLifetime: Duration?

    /// A made-up answer, for tests and simulations.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timing: HTTPTiming = HTTPTiming(), certificateExpiry: Timestamp? = nil, certificateLifetime: Duration? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.timing = timing
        self.certificateExpiry = certificateExpiry
        self.certificateLifetime = certificateLifetime
    }

    /// The first header with that name, ignoring case.
    package subscript(header name: String) -> String? {
        let lower = name.lowercased()
        return headers.first { $0.name == lower }?.value
    }

    /// The body as UTF-8, with U+FFFD for invalid bytes.
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Seconds spent in each phase; zero for the phases that a kept-alive connection skips.
package struct HTTPTiming: Sendable, Hashable {
    /// Name lookup.
    package var resolve = 0.0
    /// TCP connect.
    package var connect = 0.0
    /// TLS handshake.
    package var tls = 0.0
    /// Request sent to first byte of the answer.
    package var processing = 0.0
    /// First byte of the answer to its last.
    package var transfer = 0.0
    /// From the start to the last byte, not including the wait for a connection slot.
    package var total = 0.0
    /// Whether the exchange used an existing connection.
    package var reusedConnection = false
    /// All zero.
    package init() {}
}

/// Why there is no answer. `reason` is a metric label, hence bounded; `message` is for the log and contains no secret.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure: the value of metrics' `reason` label.
    package enum Reason: String, Sendable, CaseIterable {
        case dns, connect
        /// No route: the network or the host is unreachable, as reported by this machine or a router.
        case unreachable
        case tls, timeout
        /// Not HTTP, or cut off in the headers.
        case http
        /// Over its limit, or cut off.
        case body
        /// The peer closed or reset the connection while we wrote or waited.
        case reset
        /// Too late to be begun, since other connections were being established or this machine was too busy: it says
        /// nothing about the peer.
        case notBegun = "not_begun"
        /// SMTP or database refused our credentials.
        case auth
        /// The database rejects the connection because of its settings.
        case configuration
        /// The database has no connection left.
        case connections
        case cancelled
        case other
    }

    /// The kind of failure.
    package let reason: Reason
    /// Origin and cause, such as `https://vault-1:8200: Connection refused`; never a path, a query or a credential.
    package let message: String
    /// True if certainly nothing of the request was sent, since no connection was established.
    package var isUnsent = false
    /// For a `timeout`: the peer's kernel accepted the connection and all data at once, so it is the process there
    /// which does not respond.
    package var isTaken = false

    /// A failure after which part of the request may have been sent; see `isUnsent`.
    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// Reason and message.
    package var description: String { "\(reason.rawValue): \(message)" }

    var unsent: TransportError {
        var error = self
        error.isUnsent = true
        return error
    }
}

/// An HTTP client. `CurlTransport` is the real one; tests script their own.
package protocol HTTPClient: Sendable {
    /// - Throws: `TransportError`. Any status, 5xx too, is an answer and not an error.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse

    /// The same, with the body passed on piece by piece in constant memory (`bodyLimitBytes` still applies); the
    /// response's `body` is empty. The transfer pauses while `receive` runs.
    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse

    /// The thread that carries out requests. Tasks that do little else can run on it without waking another thread.
    /// Nil, the default, if there is none.
    var executor: (any TaskExecutor)? { get }
}

extension HTTPClient {
    package var executor: (any TaskExecutor)? { nil }
}
