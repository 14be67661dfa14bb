import Platform

/// The addresses, TLS settings and limits of a server.
package struct ServerOptions: Sendable {
    /// An address to listen on.
    package enum Listen: Sendable, Hashable {
        /// An empty host means all interfaces, IPv4 and IPv6. Port 0 selects a free port, which `start()` returns.
        case tcp(host: String, port: Int)
        /// A bound, listening socket, as passed by socket activation. The server closes it when it stops.
        case descriptor(Int32)
    }

    /// The addresses to listen on.
    package var listen: [Listen]
    /// Default: none, plain HTTP.
    package var tls: ServerTLS?
    /// The limits of connections and requests.
    package var limits = Limits()
    /// Called for each connection or request that is refused before the handler sees it, on the event loop: return at
    /// once. Default: nothing.
    package var onRefusal: @Sendable (ServerRefusal) -> Void = { _ in }

    /// Options with the default limits.
    package init(listen: [Listen], tls: ServerTLS? = nil) {
        self.listen = listen
        self.tls = tls
    }

    /// The limits of connections and requests.
    package struct Limits: Sendable, Hashable {
        /// Maximum size of a body in bytes; a larger one is answered with 413. Default: 4 MiB, enough for thousands of
        /// alerts, since Prometheus drops alerts that are refused.
        package var bodyBytes = 4 << 20
        /// Maximum bytes of all bodies that are being received or answered; a request beyond it is answered with 503.
        /// Default: 32 MiB.
        package var allBodyBytes = 32 << 20
        /// Maximum size of the request line and headers together, in bytes; larger ones are answered with 431. Default:
        /// 32 KiB.
        package var headerBytes = 32 << 10
        /// Maximum number of headers. Default: 100.
        package var headerCount = 100
        /// Maximum number of open TCP connections. One more evicts the client that has been idle the longest; if there
        /// is none, it is closed at once. Default: 512.
        package var connections = 512
        /// The same for connections from one IPv4 address, or from one IPv6 /64 network. Default: 128.
        package var connectionsPerAddress = 128
        /// The same for connections over Unix sockets, counted separately from TCP. Default: 64.
        package var socketConnections = 64
        /// How long a connection may be idle between requests. Default: 75 s.
        package var idleTimeout: Duration = .seconds(75)
        /// Limit for receiving a request, and for the first byte of a new connection. Default: 10 s.
        package var requestTimeout: Duration = .seconds(10)
        /// How long a client may go without reading any of a response. Default: 30 s.
        package var sendTimeout: Duration = .seconds(30)

        /// The defaults.
        package init() {}
    }
}

/// Why a server refuses a connection or a request before the handler sees it. The raw values are values of a metric's
/// label.
package enum ServerRefusal: String, Sendable, CaseIterable {
    /// All connections, or those of the client's address, are in use: it is closed.
    case connection
    /// The headers are too large: 431.
    case header
    /// The body is too large: 413.
    case body
    /// All bodies together are too large: 503.
    case bodies
    /// It is not HTTP: 400.
    case malformed

}

/// TLS settings of a server. Files are in PEM.
package struct ServerTLS: Sendable, Hashable {
    /// Protocol versions, as the exporter-toolkit names them.
    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "TLS12"
        case tls13 = "TLS13"
    }

    /// How clients are authenticated, as Go's crypto/tls and the exporter-toolkit name it.
    package enum ClientAuthentication: String, Sendable, CaseIterable {
        case none = "NoClientCert"
        case request = "RequestClientCert"
        case requireAny = "RequireAnyClientCert"
        case verifyIfGiven = "VerifyClientCertIfGiven"
        case requireAndVerify = "RequireAndVerifyClientCert"
    }

    /// The server's certificate, followed by its intermediates.
    package var certificateFile: String
    /// The server's private key.
    package var keyFile: String
    /// The authorities of client certificates. Default: none.
    package var clientCAFile: String?
    /// Default: none.
    package var clientAuthentication = ClientAuthentication.none
    /// Default: TLS 1.2.
    package var minimumVersion = Version.tls12
    /// Default: TLS 1.3.
    package var maximumVersion = Version.tls13

    /// TLS without client certificates.
    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// Why a server could not start.
package struct ServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The address or file, and what is wrong with it.
    package let message: String
    /// An error with its message.
    package init(_ message: String) { self.message = message }
    /// The message.
    package var description: String { message }
}
