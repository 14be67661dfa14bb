import Lab
import Platform
import Samples
import Simulation
import Transport

/// What the agent watches: simulated Vault nodes, database servers and buckets, without sockets and in virtual time. It
/// works until a row changes something. Touched by the thread of its run alone.
final class StateEstate: @unchecked Sendable {
    typealias DatabaseAnswer = Result<PostgresRows, PostgresError>

    let time: VirtualTime
    let random: SeededRandom
    /// Three nodes, `vault-1` to `vault-3`, at `https://vault-1:8200`; the first is active.
    var vault: SimulatedVaultCluster
    /// Answers that go before those of `vault`; nil leaves the request to it.
    var answer: (HTTPRequest) -> Result<LabReply, TransportError>? = { _ in nil }
    /// How long a request takes.
    var delay: (HTTPRequest) -> Duration = { _ in .milliseconds(2) }
    /// What a database server answers, by its host; a host that is not here refuses connections.
    var databases: [String: (_ sql: String) -> DatabaseAnswer] = [:]
    /// How the agent gets its token.
    var authentication = "token_file: /token"
    /// Database servers whose queries are never answered, by host.
    var silentDatabases: Set<String> = []
    /// How the agent connects to each database server, by host.
    var databaseOptions: [String: PostgresOptions] = [:]
    /// What the mail server answers; nil: it refuses connections.
    var mail: (MailRequest) -> MailReply? = { _ in nil }
    /// What name servers answer.
    var names: (DNSQuestion, DNSServer) -> Result<DNSAnswer, TransportError> = { _, server in
        .failure(TransportError(.connect, "name server \(server): refused"))
    }
    /// Keys of the Vault cluster in the configuration, beside its name and nodes.
    var vaultSettings = ""
    /// More Vault clusters, as items of YAML.
    var otherClusters = ""
    /// By how much the Vault nodes' clocks differ from the watcher's.
    var clockOffset = Duration.zero
    /// The route and the receivers.
    var receivers = """
        route: {receiver: nobody}
          receivers: [{name: nobody}]
        """
    /// Whether the agent reads a canary secret.
    var hasCanary = true
    /// The rest of the configuration: `postgres`, `backups`, `records`, `postgres_backups`, `services`.
    var configuration = ""
    /// Files by path, for secrets and records.
    var files: [String: String] = ["/token": "s.LabWatchToken0000000000"]

    /// When files were last written to, by path.
    var fileTimes: [String: Timestamp] = [:]

    init(time: VirtualTime, random: SeededRandom) {
        self.time = time
        self.random = random
        vault = SimulatedVaultCluster(
            SimulatedVaultCluster.Options(),
            nodes: (1...3).map { ("vault-\($0)", "https://vault-\($0):8200", "https://vault-\($0):8201") },
            at: time.wall())
        for index in 0..<3 { _ = vault.perform(.unseal, on: index, at: time.now(), random: random) }
    }

    /// What a node of `vault` answers.
    func reply(_ request: HTTPRequest, node index: Int) -> LabReply {
        var headers: [String: String] = [:]
        for (name, value) in request.headers { headers[name.lowercased()] = value }
        let uri = request.url.dropFirst(8).drop { $0 != "/" }
        return vault.answer(
            LabRequest(method: request.method, uri: String(uri), headers: headers, body: request.body), node: index,
            at: Moment(monotonic: time.monotonic(), wall: time.wall() + clockOffset), random: random
        ).reply
    }

    /// Does something when so much time has gone by and the next request comes.
    func after(_ span: Duration, _ change: @escaping (StateEstate) -> Void) {
        let due = time.monotonic() + span
        let before = answer
        var isDone = false
        answer = { [unowned self] request in
            if !isDone, time.monotonic() >= due {
                isDone = true
                change(self)
            }
            return before(request)
        }
    }

    /// The configuration file. There are rules, and nobody is told.
    var text: String {
        """
        global: {poll_interval: 5s, timeout: 4s}
        vault:
          clusters:
            - name: prod
              nodes: [\((1...3).map { "{name: vault-\($0), url: \"https://vault-\($0):8200\"}" }.joined(separator: ", "))]
              \(authentication)
              \(hasCanary ? "canary_path: smtp/canary/admin" : "telemetry: true")
        \(vaultSettings.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n"))
        \(otherClusters.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
        \(configuration)
        rules: [/rules/*.yml]
        alerting:
          \(receivers)

        """
    }
}

/// The network through which the agent sees the estate.
final class StateNetwork: HTTPClient, MailSender, DNSClient, PostgresConnector, @unchecked Sendable {
    let executor: (any TaskExecutor)? = nil
    private let estate: StateEstate

    init(_ estate: StateEstate) { self.estate = estate }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let began = estate.time.monotonic()
        let delay = estate.delay(request)
        try? await estate.time.sleep(for: min(delay, request.timeout))
        if delay > request.timeout { throw TransportError(.timeout, "no answer in time") }
        var response: HTTPResponse
        // What a script says is lost on the way; a node that hangs, or whose audit device does, has a system that takes it.
        let script = estate.answer(request)
        let answer: LabReply
        if let script { answer = try script.get() } else { answer = try reply(request) }
        switch answer {
        case .hang:
            let isTaken = script == nil
            try? await estate.time.sleep(for: request.timeout)
            var error = TransportError(.timeout, "no answer in time")
            error.isTaken = isTaken
            throw error
        case .reset: throw TransportError(.reset, "connection reset by peer")
        case .partial: throw TransportError(.body, "cut off")
        case .response(let answer):
            response = HTTPResponse(
                status: answer.status,
                headers: answer.headers.sorted { $0.key < $1.key }.map { ($0.key.lowercased(), $0.value) },
                body: answer.body)
        }
        response.timing.total = (estate.time.monotonic() - began) / .seconds(1)
        return response
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        var response = try await send(request)
        do { try receive(response.body) } catch { throw TransportError(.other, "\(error)") }
        response.body = []
        return response
    }

    static func refused(_ host: String) -> TransportError {
        var error = TransportError(.connect, "\(host): connection refused")
        error.isUnsent = true
        return error
    }

    private func reply(_ request: HTTPRequest) throws(TransportError) -> LabReply {
        guard let parts = URLParts(request.url), let index = estate.vault.index(named: parts.host) else {
            throw StateNetwork.refused(request.url)
        }
        if estate.vault.nodes[index].condition == .dead {
            throw StateNetwork.refused(parts.host)
        }
        return estate.reply(request, node: index)
    }

    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply {
        guard let reply = estate.mail(mail) else { throw StateNetwork.refused("mail") }
        return reply
    }

    func ask(_ question: DNSQuestion, _ server: DNSServer, timeout: Duration) async throws(TransportError) -> DNSAnswer
    {
        try estate.names(question, server).get()
    }

    func connection(to options: PostgresOptions) -> any PostgresConnection {
        if let host = options.parameters["host"] { estate.databaseOptions[host] = options }
        return StateDatabase(estate: estate, options: options)
    }
}

private final class StateDatabase: PostgresConnection, @unchecked Sendable {
    private let estate: StateEstate
    private let options: PostgresOptions
    private var host: String { options.parameters["host"] ?? "" }

    init(estate: StateEstate, options: PostgresOptions) {
        self.estate = estate
        self.options = options
    }

    func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows {
        try? await estate.time.sleep(for: .milliseconds(2))
        if estate.silentDatabases.contains(host) {
            try? await estate.time.sleep(for: patience ?? options.statementTimeout)
            var error = PostgresError(.timeout, "\(host): no answer in time")
            error.isTaken = true
            throw error
        }
        guard let answer = estate.databases[host] else {
            throw PostgresError(.connect, "\(host): connection refused")
        }
        return try answer(sql).get()
    }

    func close() async {}
}
