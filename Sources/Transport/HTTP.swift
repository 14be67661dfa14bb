package import Platform
package import Samples

/// One HTTP exchange to make.
package struct HTTPRequest: Sendable {
    /// Sent as it is. Default `GET`.
    package var method = "GET"
    /// Absolute, `http` or `https`; already encoded.
    package var url: String
    /// In this order, beside those that libcurl adds (`Host`, `User-Agent: vaultwatch`, `Accept`). A line break in one fails
    /// the request with `.other`.
    package var headers: [(name: String, value: String)] = []
    /// Empty: none. A body has no content type of its own.
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
    /// For `https` URLs.
    package var tls = TLSOptions()
    /// The path of a Unix socket to connect to in place of the URL's host; nil for TCP.
    package var unixSocket: String?
    /// `http://proxy:3128` and the like; nil means none, whatever the environment says.
    package var proxy: String?
    /// Headers of the CONNECT request that asks the proxy for a tunnel; without effect on plain `http` URLs.
    package var proxyHeaders: [(name: String, value: String)] = []
    /// How many redirects are followed. Default 0: a redirect is an answer, since following one could carry a token
    /// elsewhere.
    package var redirectLimit = 0
    /// Whether the body holds a secret, which no redirect may take to another origin. Default false.
    package var bodyIsSecret = false
    /// Signs the request (AWS Signature Version 4).
    package var signing: AWSSigning?

    /// A GET without headers, with every option at its default.
    package init(url: String) { self.url = url }
}

/// How a TLS server is verified, and who the client is. Files are read for each request, so that rotating them needs
/// no restart.
package struct TLSOptions: Sendable, Hashable {
    /// A PEM file of authorities; nil means the system's.
    package var caFile: String?
    /// A PEM file with the client's certificate and its chain; nil shows none.
    package var certificateFile: String?
    /// A PEM file with its key; nil where the certificate's file holds it.
    package var keyFile: String?
    /// PEM texts in place of the files; each goes before its file.
    package var ca: String?
    /// Goes before `certificateFile`.
    package var certificate: String?
    /// Goes before `keyFile`.
    package var key: Secret?
    /// The name to ask for and verify, where it is not the URL's host.
    package var serverName: String?
    /// Accepts every certificate, as Prometheus' option of that name. Default false.
    package var insecureSkipVerify = false
    /// Default 1.2.
    package var minimumVersion: Version = .tls12
    /// Default: the newest there is.
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
    /// Public by itself, but kept with the secret that belongs to it.
    package var accessKeyID: Secret
    /// Signs, and is never sent.
    package var secretAccessKey: Secret
    /// Of temporary credentials: sent as `x-amz-security-token`.
    package var sessionToken: Secret?

    /// For one service of one region.
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

/// A whole answer, whatever its status.
package struct HTTPResponse: Sendable {
    /// 100 to 999, as received.
    package var status: Int
    /// Names in lower case, values trimmed, in the order received.
    package var headers: [(name: String, value: String)]
    /// Decoded from its transfer encoding; empty for `stream`.
    package var body: [UInt8]
    /// Of the exchange that gave this answer, after redirects.
    package var timing: HTTPTiming
    /// The soonest end in the chain by which the server's certificate was verified; without verification that of its
    /// own. Nil without TLS.
    package var certificateExpiry: Timestamp?
    /// From the beginning of the server's own certificate to that end; nil where it is not known.
    package var certificateLifetime: Duration?

    /// An answer made up, for tests and simulations.
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

    /// The first header of that name, whatever its case.
    package subscript(header name: String) -> String? {
        let lower = name.lowercased()
        return headers.first { $0.name == lower }?.value
    }

    /// The body as UTF-8, with U+FFFD for what is not.
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
    /// From the start to the last byte, waiting for a place to connect not included.
    package var total = 0.0
    /// Whether the exchange went over a kept connection.
    package var reusedConnection = false
    /// All zero.
    package init() {}
}

/// Why there is no answer. `reason` is a metric label, hence bounded; `message` is for the log and holds no secret.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure: the value of metrics' `reason` label.
    package enum Reason: String, Sendable, CaseIterable {
        case dns, connect
        /// No route: the network or the host is unreachable, by the word of this machine or of a router.
        case unreachable
        case tls, timeout
        /// Not HTTP, or cut off in the headers.
        case http
        /// Over its bound, or cut off.
        case body
        /// The peer closed or reset while we wrote or waited.
        case reset
        /// SMTP or database refused our credentials.
        case auth
        /// The database answered that it does not serve this connection as it is configured.
        case configuration
        /// The database has no connection left.
        case connections
        case cancelled
        case other
    }

    /// The kind of failure.
    package let reason: Reason
    /// Origin and cause, as `https://vault-1:8200: Connection refused`; never a path, a query or a credential.
    package let message: String
    /// True when nothing of the request has left for certain, since no connection was established.
    package var isUnsent = false
    /// Of a `timeout`: the peer's system took the connection and all that was sent, at once, so that it is the process
    /// there which does not answer.
    package var isTaken = false

    /// A failure after which something of the request may have left; see `isUnsent`.
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

/// A client for HTTP. `CurlTransport` is the real one; tests script their own.
package protocol HTTPClient: Sendable {
    /// - Throws: `TransportError`. Any status, 5xx too, is an answer and not an error.
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse

    /// The same, the body handed over piece by piece in constant memory (`bodyLimitBytes` still holds);
    /// the response's `body` is empty. The transfer waits while `receive` runs.
    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse

    /// The thread on which the requests are carried out, for tasks that do little but ask: they run there without
    /// waking another thread. nil where there is none, which is the default.
    var executor: (any TaskExecutor)? { get }
}

extension HTTPClient {
    package var executor: (any TaskExecutor)? { nil }
}
