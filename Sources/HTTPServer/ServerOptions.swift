import Platform

/// Where a server listens and what it allows.
package struct ServerOptions: Sendable {
    package enum Listen: Sendable, Hashable {
        /// An empty host means all interfaces, IPv4 and IPv6. Port 0 takes a free one; `start()` tells which.
        case tcp(host: String, port: Int)
        /// A bound, listening socket, as socket activation hands it over. The server closes it at the end.
        case descriptor(Int32)
    }

    package var listen: [Listen]
    package var tls: ServerTLS?
    package var limits = Limits()

    package init(listen: [Listen], tls: ServerTLS? = nil) {
        self.listen = listen
        self.tls = tls
    }

    package struct Limits: Sendable, Hashable {
        /// A larger body is answered with 413. Default: 4 MiB, for thousands of alerts at once: whoever sends them
        /// drops what is refused.
        package var bodyBytes = 4 << 20
        /// Request line and headers together; more is answered with 431. Default: 32 KiB.
        package var headerBytes = 32 << 10
        /// Default: 100.
        package var headerCount = 100
        /// Open at once; further ones are closed when they arrive. Default: 512.
        package var connections = 512
        /// How long a connection may wait for its next request. Default: 75 s.
        package var idleTimeout: Duration = .seconds(75)
        /// From a request's first byte to its last; also for the first byte of a new connection. Default: 10 s.
        package var requestTimeout: Duration = .seconds(10)
        /// How long a client may take nothing of an answer. Default: 30 s.
        package var sendTimeout: Duration = .seconds(30)

        package init() {}
    }
}

/// The server's side of TLS; files in PEM.
package struct ServerTLS: Sendable, Hashable {
    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "TLS12"
        case tls13 = "TLS13"
    }

    /// As Go's crypto/tls and the exporter-toolkit name them.
    package enum ClientAuthentication: String, Sendable, CaseIterable {
        case none = "NoClientCert"
        case request = "RequestClientCert"
        case requireAny = "RequireAnyClientCert"
        case verifyIfGiven = "VerifyClientCertIfGiven"
        case requireAndVerify = "RequireAndVerifyClientCert"
    }

    /// The server's certificate, then its intermediates.
    package var certificateFile: String
    package var keyFile: String
    /// Authorities of client certificates.
    package var clientCAFile: String?
    package var clientAuthentication = ClientAuthentication.none
    package var minimumVersion = Version.tls12
    package var maximumVersion = Version.tls13

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// Why a server could not start.
package struct ServerError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
