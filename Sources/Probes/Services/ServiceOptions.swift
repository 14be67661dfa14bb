package import Platform
package import Transport

/// A service that is watched for what it answers: mail submission, HTTP, TCP, or records of the DNS.
package struct ServiceOptions: Sendable, Hashable {
    /// What is asked, and what is expected.
    package enum Check: Sendable, Hashable {
        case smtp(SMTPServiceOptions)
        case http(HTTPServiceOptions)
        case tcp(TCPServiceOptions)
        case dns(DNSServiceOptions)

        /// The label `kind`: smtp, http, tcp, dns.
        package var kind: String {
            switch self {
            case .smtp: "smtp"
            case .http: "http"
            case .tcp: "tcp"
            case .dns: "dns"
            }
        }

        /// The label `address`: where it is asked; of a URL without its query, which may be a secret.
        var address: String {
            switch self {
            case .smtp(let options): options.server.address
            case .http(let options): String(options.endpoint.url.prefix { $0 != "?" && $0 != "#" })
            case .tcp(let options): HostAndPort.text(options.host, options.port)
            case .dns(let options):
                options.servers.isEmpty
                    ? "/etc/resolv.conf" : options.servers.map(\.description).joined(separator: ", ")
            }
        }
    }

    /// How grave it is when the service is down.
    package enum Severity: String, Sendable, Hashable, CaseIterable {
        case critical, high
    }

    /// The name, unique among the services.
    package var name: String
    /// What is asked.
    package var check: Check
    /// Default high.
    package var severity = Severity.high
    /// Time from one probe to the next. Default 30 s: these are servers of others too, which log each connection.
    package var interval: Duration = .seconds(30)
    /// Limit for one probe. Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// A service with defaults for everything else.
    package init(name: String, check: Check) {
        self.name = name
        self.check = check
    }
}

/// A mail server to connect to, and how.
package struct SMTPServerOptions: Sendable, Hashable {
    /// A name, or an address without brackets.
    package var host: String
    /// Default 587, submission; RFC 6409.
    package var port = 587
    /// Default: STARTTLS is required.
    package var security = MailRequest.Security.startTLSRequired
    /// For both kinds of TLS.
    package var tls = TLSOptions()
    /// Default: no login.
    package var credentials = MailRequest.Credentials.none
    /// The name for EHLO. Default `localhost`.
    package var hello = "localhost"

    /// A server with defaults for everything else.
    package init(host: String) { self.host = host }

    var address: String { HostAndPort.text(host, port) }
}

/// Mail submission: greeting, TLS, certificate, login, and a test mail that must come back.
package struct SMTPServiceOptions: Sendable, Hashable {
    /// The mail server.
    package var server: SMTPServerOptions
    /// Default: none is sent.
    package var testMail: TestMailOptions?

    /// A server that is connected to, without a test mail.
    package init(server: SMTPServerOptions) { self.server = server }
}

/// A mail that is sent from time to time and must come back. Nothing else that this program probes changes anything.
package struct TestMailOptions: Sendable, Hashable {
    /// What says whether the mail has come back. `{token}` in it stands for the text that the mail carries.
    package enum Hook: Sendable, Hashable {
        /// A program with its arguments: exit status 0 says that the mail is there, 1 that it is not there yet.
        case command([String])
        /// A URL that answers 2xx with the token in its body once the mail is there.
        case url(HTTPEndpointOptions)
    }

    /// The sender's address.
    package var from: String
    /// The recipient's address, whose mailbox the hook looks into.
    package var to: String
    /// What says whether the mail has come back.
    package var hook: Hook
    /// Time from one test mail to the next. Default 1 h.
    package var interval: Duration = .seconds(3600)
    /// How long a mail may take to come back. Default 10 min.
    package var limit: Duration = .seconds(600)
    /// Time from one question to the hook to the next. Default 30 s.
    package var hookInterval: Duration = .seconds(30)
    /// Limit for the hook. Default 20 s.
    package var hookTimeout: Duration = .seconds(20)

    /// A test mail with defaults for everything else.
    package init(from: String, to: String, hook: Hook) {
        self.from = from
        self.to = to
        self.hook = hook
    }
}

/// Where an HTTP request goes, and what identifies us there.
package struct HTTPEndpointOptions: Sendable, Hashable {
    /// A header of the request.
    package struct Header: Sendable, Hashable {
        /// Its name.
        package var name: String
        /// Its value, which may be a secret.
        package var value: Secret

        /// A header with its value.
        package init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    /// http or https.
    package var url: String
    /// Default: none.
    package var headers: [Header] = []
    /// The login of RFC 7617. Default: none.
    package var user: String?
    /// The password of `user`.
    package var password: Secret?
    /// For https.
    package var tls = TLSOptions()

    /// A URL with defaults for everything else.
    package init(url: String) { self.url = url }
}

/// HTTP: status, text, certificate.
package struct HTTPServiceOptions: Sendable, Hashable {
    /// Where the request goes.
    package var endpoint: HTTPEndpointOptions
    /// Default GET.
    package var method = "GET"
    /// The statuses that are expected. Default 200 to 299.
    package var statuses: [ClosedRange<Int>] = [200...299]
    /// A text that the body must contain. Default: none.
    package var text: String?
    /// How much of the body is read, in bytes. Default 1 MiB.
    package var bodyLimitBytes = 1 << 20
    /// Redirects that are followed. Default 0: a redirect is an answer.
    package var redirectLimit = 0

    /// A URL that must answer 2xx.
    package init(endpoint: HTTPEndpointOptions) { self.endpoint = endpoint }
}

/// TCP: a connection, with TLS or not, and lines that are expected and sent.
package struct TCPServiceOptions: Sendable, Hashable {
    /// One step of the conversation.
    package enum Step: Sendable, Hashable {
        /// A regular expression (RE2) that must be found in a line.
        case expect(String)
        /// A text that is sent as it is.
        case send(String)
    }

    /// Memory for a pattern of a step, in bytes.
    package static let patternBytes = 256 << 10

    /// A name, or an address without brackets.
    package var host: String
    /// The TCP port.
    package var port: Int
    /// Default false.
    package var usesTLS = false
    /// For TLS.
    package var tls = TLSOptions()
    /// Default: none, a connection suffices.
    package var steps: [Step] = []

    /// A port that must accept connections.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// Records of the DNS, asked of each name server.
package struct DNSServiceOptions: Sendable, Hashable {
    /// Maximum number of name servers.
    package static let serverLimit = 8
    /// Maximum number of records.
    package static let recordLimit = 32

    /// Default: those of /etc/resolv.conf at each probe.
    package var servers: [DNSServer] = []
    /// At least one.
    package var records: [ExpectedRecords]

    /// Records that the system's name servers are asked for.
    package init(records: [ExpectedRecords]) { self.records = records }
}
