package import Platform

/// The agent's network access: HTTP for probes, HTTP and mail for delivery, and PostgreSQL, each with threads of its
/// own. They outlive reloads, so that connections are kept.
package struct Network: Sendable {
    /// For probes.
    package var http: any HTTPClient
    /// For delivery: a burst of messages, or unreachable receivers, must not use up the connections of probes.
    package var receivers: any HTTPClient
    /// Sends mail.
    package var mail: any MailSender
    /// Mail servers that are watched; apart from what delivers.
    package var mailProbes: any MailSender
    /// Talks over TCP and TLS with services that are watched.
    package var dialogues: any DialogueClient
    /// Asks name servers that are watched.
    package var nameServers: any DNSClient
    /// Connects to PostgreSQL servers.
    package var database: any PostgresConnector
    /// Takes the number of connections that the probes' targets need.
    private let setConnectionLimit: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - receivers: nil uses `http`.
    ///   - mailProbes: nil uses `mail`.
    ///   - dialogues: nil reaches nothing, and so does `nameServers`.
    package init(
        http: any HTTPClient, receivers: (any HTTPClient)? = nil, mail: any MailSender,
        mailProbes: (any MailSender)? = nil, dialogues: (any DialogueClient)? = nil,
        nameServers: (any DNSClient)? = nil, database: any PostgresConnector,
        setConnectionLimit: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.http = http
        self.receivers = receivers ?? http
        self.mail = mail
        self.mailProbes = mailProbes ?? mail
        self.dialogues = dialogues ?? NoNetwork()
        self.nameServers = nameServers ?? NoNetwork()
        self.database = database
        self.setConnectionLimit = setConnectionLimit
    }

    /// The machine's own network.
    /// - Parameter onIdleConnectionLost: called when the peer of a probe's idle connection closes it. Runs on a thread
    ///   of the network and must not block.
    package static func real(_ platform: Platform, onIdleConnectionLost: (@Sendable (LostConnection) -> Void)? = nil)
        -> Network
    {
        let report = onIdleConnectionLost ?? { _ in }
        var options = CurlTransportOptions()
        options.onIdleConnectionLost = { report(.http(origin: $0)) }
        let probes = CurlTransport(name: "probes", options: options, platform: platform)
        var patient = CurlTransportOptions()
        patient.asksNamesAgain = true
        let delivery = CurlTransport(name: "delivery", options: patient, platform: platform)
        let database = PostgresPool(platform: platform) { report(.postgres($0)) }
        return Network(
            http: probes, receivers: delivery, mail: delivery, mailProbes: probes, dialogues: probes,
            nameServers: DNSTransport(platform: platform), database: database,
            setConnectionLimit: { probes.setIdleConnectionLimit($0) })
    }

    /// Sets how many connections the probes' targets need; idle ones beyond that are closed.
    package func limitConnections(_ count: Int) { setConnectionLimit(count) }
}

/// A network that reaches nothing.
private struct NoNetwork: DialogueClient, DNSClient {
    func converse(_ request: DialogueRequest) async throws(TransportError) -> DialogueReply {
        throw TransportError(.unreachable, "\(request.origin): there is no network")
    }

    func ask(_ question: DNSQuestion, _ server: DNSServer, timeout: Duration) async throws(TransportError) -> DNSAnswer
    {
        throw TransportError(.unreachable, "name server \(server): there is no network")
    }
}

/// An idle connection that its peer has closed: the peer has died, or is restarting.
package enum LostConnection: Sendable, Hashable {
    /// - Parameter origin: scheme, host and port: `https://vault-1.example:8200`.
    case http(origin: String)
    /// To a PostgreSQL server.
    case postgres(PostgresOptions)
}
