import FoundationEssentials
import Platform
import Probes
import Text
import Transport

/// Requests to the staging Vault. Each has a short deadline, since a Vault that is being restored hangs.
struct StagingClient: Sendable {
    /// Without a trailing slash.
    let base: String
    private let tls: TLSOptions
    private let http: any HTTPClient
    /// Limit for one request.
    private static let patience = Duration.seconds(3)
    /// Of Vault's words that go into messages and records.
    private static let wordsLimitBytes = 1000

    init(_ options: RestoreTestOptions, http: any HTTPClient) {
        base = options.url
        tls = options.tls
        self.http = options.unixSocket.map { SocketHTTP(socket: $0, http: http) } ?? http
    }

    /// - Parameter token: in memory.
    func request(_ method: String, _ path: String, token: Secret? = nil, body: [UInt8] = []) -> HTTPRequest {
        var request = HTTPRequest(url: "\(base)/v1/\(path)")
        request.method = method
        request.tls = tls
        request.timeout = StagingClient.patience
        request.connectTimeout = StagingClient.patience
        request.body = body
        if !body.isEmpty { request.headers.append(("Content-Type", "application/json")) }
        // What another node answers proves nothing about the copy. Source: Vault API documentation, "Forwarding".
        request.headers.append(("X-Vault-No-Request-Forwarding", "1"))
        if let token, let text = try? token.reveal(SystemFiles()) { request.headers.append(("X-Vault-Token", text)) }
        return request
    }

    func send(_ request: HTTPRequest) async -> StagingAnswer<HTTPResponse> {
        do throws(TransportError) {
            let response = try await http.send(request)
            return (200..<300).contains(response.status)
                ? .value(response)
                : .status(response.status, response.vaultErrors.truncated(toBytes: StagingClient.wordsLimitBytes))
        } catch {
            return .silent(error.message)
        }
    }

    private func ask<Value: Decodable & Sendable>(_ path: String, _ type: Value.Type) async -> StagingAnswer<Value> {
        await send(request("GET", path)).decoded(type)
    }

    func sealStatus() async -> StagingAnswer<StagingSealStatus> { await ask("sys/seal-status", StagingSealStatus.self) }

    func leader() async -> StagingAnswer<StagingLeader> { await ask("sys/leader", StagingLeader.self) }

    /// Any status is an answer here.
    func health() async -> StagingAnswer<StagingHealth> {
        struct Body: Decodable {
            let cluster_id: String?
            let version: String?
        }
        do throws(TransportError) {
            let response = try await http.send(request("GET", "sys/health"))
            let body = response.decoded(Body.self)
            return .value(
                StagingHealth(status: response.status, clusterID: body?.cluster_id, version: body?.version))
        } catch {
            return .silent(error.message)
        }
    }

    /// The keys and the root token of a new Vault.
    struct Initialised: Sendable {
        let keys: [Secret]
        let token: Secret
    }

    /// Its own numbers stay in a Vault's memory through a restore: they must be those of the backup.
    /// - Parameter seal: the backup's; nil for an automatic one, which has recovery keys instead.
    /// Source: Vault API documentation, /sys/init.
    func initialise(_ seal: SealNumbers?) async -> StagingAnswer<Initialised> {
        struct Body: Decodable {
            let keys: [String]?
            let root_token: String
        }
        let body =
            seal.map { "{\"secret_shares\":\($0.shares),\"secret_threshold\":\($0.threshold)}" }
            ?? "{\"recovery_shares\":1,\"recovery_threshold\":1}"
        return switch await send(request("PUT", "sys/init", body: Array(body.utf8))).decoded(Body.self) {
        case .value(let made):
            .value(
                Initialised(keys: (made.keys ?? []).map { Secret(value: $0) }, token: Secret(value: made.root_token)))
        case .status(let status, let words): .status(status, words)
        case .silent(let reason): .silent(reason)
        }
    }

    /// Enters a key. Source: Vault API documentation, /sys/unseal.
    func unseal(_ key: String) async -> StagingAnswer<StagingSealStatus> {
        struct Body: Encodable { let key: String }
        return await put("sys/unseal", Body(key: key)).decoded(StagingSealStatus.self)
    }

    /// Discards the keys that somebody entered before.
    func resetUnseal() async {
        struct Body: Encodable { let reset = true }
        _ = await put("sys/unseal", Body())
    }

    func put(_ path: String, _ body: some Encodable, token: Secret? = nil) async -> StagingAnswer<HTTPResponse> {
        guard let bytes = try? JSONEncoder().encode(body) else { return .silent("the request cannot be encoded") }
        return await send(request("PUT", path, token: token, body: Array(bytes)))
    }

    /// Sends a snapshot. 204 says that it was accepted, not that it is restored. Source: Vault API documentation,
    /// /sys/storage/raft/snapshot-force.
    func restore(_ snapshot: FileSlice, token: Secret, within limit: Duration) async -> StagingAnswer<HTTPResponse> {
        var request = request("POST", "sys/storage/raft/snapshot-force", token: token)
        request.bodyFile = snapshot
        request.timeout = limit
        return await send(request)
    }

    /// A token for the canary, after a login if it is an AppRole's.
    func token(_ canary: RestoreTestOptions.Canary, platform: Platform) async -> Result<Secret, ProbeFailure> {
        var options = VaultClusterOptions(name: "staging", nodes: [.init(name: "staging", url: base)])
        options.tls = tls
        options.authentication = canary.authentication
        options.timeout = StagingClient.patience
        return await VaultSession(options: options, http: http, platform: platform).token(base: base)
            .map { Secret(value: $0) }
    }
}

extension StagingAnswer where Value == HTTPResponse {
    func decoded<Content: Decodable & Sendable>(_ type: Content.Type) -> StagingAnswer<Content> {
        switch self {
        case .value(let response):
            response.decoded(type).map { .value($0) } ?? .status(response.status, "the answer is not Vault's JSON")
        case .status(let status, let words): .status(status, words)
        case .silent(let reason): .silent(reason)
        }
    }
}

/// Sends every request through a Unix socket, by which a Vault without any network is reached.
private struct SocketHTTP: HTTPClient {
    let socket: String
    let http: any HTTPClient

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        try await http.send(through(request))
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        try await http.stream(through(request), receive: receive)
    }

    private func through(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        request.unixSocket = socket
        return request
    }
}
