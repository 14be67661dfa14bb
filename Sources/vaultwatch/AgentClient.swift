import ArgumentParser
import Delivery
import FoundationEssentials
import Platform
import Transport

/// Why an agent has not answered as asked.
struct AgentError: Error {
    let message: String
    /// Whether there was no answer at all.
    var isUnreachable = false
    /// The status of the answer; nil without one.
    var status: Int?

    /// The message, with what to do where there was no answer.
    var advice: String {
        message + (isUnreachable ? "; is vaultwatch running there? Set its address with --url" : "")
    }
}

/// An HTTP client for a running agent.
struct AgentClient {
    /// The address of an agent.
    enum Address {
        /// Without a trailing slash.
        case url(String)
        /// The path of its Unix socket.
        case socket(String)
    }

    private let address: Address
    private let options: HTTPClientOptions
    private let http = CurlTransport(platform: .real(log: LogOptions.silent))

    /// - Parameter options: whether and how to log in.
    init(_ address: Address, _ options: HTTPClientOptions = HTTPClientOptions()) {
        self.address = address
        self.options = options
    }

    /// Sends a GET request.
    /// - Parameter unreachable: the exit code if the agent does not respond.
    /// - Throws: `ExitCode`, after printing the reason.
    func get(_ path: String, unreachable: Int32 = 1) async throws -> [UInt8] {
        try await send("GET", path, unreachable: unreachable)
    }

    /// Sends a GET request and decodes the response.
    func get<T: Decodable>(_ type: T.Type, _ path: String) async throws -> T {
        try decoded(type, try await get(path))
    }

    func post(_ path: String, json body: [UInt8]) async throws -> [UInt8] { try await send("POST", path, body: body) }

    /// Sends a change; errors have the form of Prometheus' API.
    /// - Throws: `ExitCode`, after printing the agent's message.
    func change(_ method: String, _ path: String, json body: [UInt8]) async throws -> [UInt8] {
        do throws(AgentError) {
            return try await submit(method, path, json: body)
        } catch {
            Terminal.error(error.advice)
            throw ExitCode.failure
        }
    }

    /// The same; prints nothing. Also reads the errors of Alertmanager's API, JSON strings.
    func submit(_ method: String, _ path: String, json body: [UInt8]) async throws(AgentError) -> [UInt8] {
        let response = try await attempt(method, path, body: body)
        guard response.status == 200 else {
            let data = Data(response.body)
            let said =
                (try? JSONDecoder().decode(Refusal.self, from: data))?.error
                ?? (try? JSONDecoder().decode(String.self, from: data))
            throw AgentError(
                message: said ?? "\(shown): HTTP \(response.status): \(response.text.prefix(500))",
                status: response.status)
        }
        return response.body
    }

    /// Posts a request that an older agent may not support.
    /// - Returns: nil for any status but 200.
    func ask(_ path: String, json body: [UInt8]) async throws -> [UInt8]? {
        let response = try await exchange("POST", path, body: body)
        return response.status == 200 ? response.body : nil
    }

    /// - Parameter missing: the message for a 404 response without a body.
    func delete(_ path: String, missing: String) async throws { _ = try await send("DELETE", path, missing: missing) }

    /// The response of Prometheus' query API. Errors are printed as promtool does.
    func query<T: Decodable>(_ type: T.Type, _ path: String) async throws -> T {
        try decoded(type, try await query(path))
    }

    /// The same as it arrived.
    func query(_ path: String) async throws -> [UInt8] {
        let response = try await exchange("GET", path)
        guard response.status == 200 else {
            let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body))
            Terminal.error(
                "query error: "
                    + (refusal.map { "\($0.errorType): \($0.error)" }
                        ?? "\(shown): HTTP \(response.status): \(response.text.prefix(500))"))
            throw ExitCode.failure
        }
        return response.body
    }

    /// Source: prometheus.io/docs/prometheus/latest/querying/api, "Format overview".
    private struct Refusal: Decodable {
        var errorType: String
        var error: String
    }

    private func decoded<T: Decodable>(_ type: T.Type, _ body: [UInt8]) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            Terminal.error("\(shown): not a response of vaultwatch, Prometheus or Alertmanager: \(error)")
            throw ExitCode.failure
        }
    }

    private func send(
        _ method: String, _ path: String, body: [UInt8] = [], unreachable: Int32 = 1, missing: String? = nil
    ) async throws -> [UInt8] {
        let response = try await exchange(method, path, body: body, unreachable: unreachable)
        guard response.status == 200 else {
            if response.status == 404, response.body.isEmpty, let missing {
                Terminal.error("\(shown): \(missing)")
                throw ExitCode(unreachable)
            }
            // Alertmanager's API returns errors as JSON strings.
            let said = (try? JSONDecoder().decode(String.self, from: Data(response.body))) ?? response.text
            Terminal.error("\(shown): HTTP \(response.status): \(said.prefix(500))")
            throw ExitCode(unreachable)
        }
        return response.body
    }

    /// Returns a response with any status. - Throws: `ExitCode` if there is none, after printing the reason.
    private func exchange(_ method: String, _ path: String, body: [UInt8] = [], unreachable: Int32 = 1) async throws
        -> HTTPResponse
    {
        do throws(AgentError) {
            return try await attempt(method, path, body: body)
        } catch {
            Terminal.error(error.advice)
            throw ExitCode(error.isUnreachable ? unreachable : 1)
        }
    }

    /// The body of the answer to a GET request; prints nothing.
    /// - Parameter timeout: until the whole answer has arrived.
    func fetch(_ path: String, timeout: Duration = .seconds(60)) async throws(AgentError) -> [UInt8] {
        let response = try await attempt("GET", path, timeout: timeout)
        guard response.status == 200 else {
            throw AgentError(
                message: "\(shown): HTTP \(response.status): \(response.text.prefix(500))", status: response.status)
        }
        return response.body
    }

    private func attempt(
        _ method: String, _ path: String, body: [UInt8] = [], timeout: Duration = .seconds(60)
    ) async throws(AgentError) -> HTTPResponse {
        var request = try self.request(path)
        request.method = method
        request.body = body
        if !body.isEmpty { request.headers.append(("Content-Type", "application/json")) }
        request.timeout = timeout
        request.bodyLimitBytes = 64 << 20
        do {
            return try await http.send(request)
        } catch {
            var message = error.message
            if case .socket = address {
                // The transport's message mentions a host, which a socket does not have.
                message = "\(shown): \(error.reason == .connect ? "nothing listens there" : error.reason.rawValue)"
            } else if !message.hasPrefix("http") {
                message = "\(shown): \(message)"
            }
            throw AgentError(message: message, isUnreachable: true)
        }
    }

    /// A request with the login.
    private func request(_ path: String) throws(AgentError) -> HTTPRequest {
        switch address {
        case .socket(let socket):
            // The kernel tells the agent which user this is.
            var request = HTTPRequest(url: "http://localhost" + path)
            request.unixSocket = socket
            return request
        case .url(let url):
            var request = HTTPRequest(url: url + path)
            request.tls = options.tls
            do throws(FileError) {
                request.proxy = try options.proxy.proxy(for: url)?.reveal(SystemFiles())
                for header in options.headers {
                    request.headers.append((header.name, try header.value.reveal(SystemFiles())))
                }
                if let login = try login() { request.headers.append(("Authorization", login)) }
            } catch {
                throw AgentError(message: "--http.config.file: \(error)")
            }
            return request
        }
    }

    private func login() throws(FileError) -> String? {
        let files = SystemFiles()
        switch options.authorization {
        case .none: return nil
        case .basic(let username, let password):
            let word = try password?.reveal(files) ?? ""
            return "Basic " + HTTPClientOptions.Authorization.basicCredentials(try username.reveal(files), word)
        case .scheme(let scheme, let credentials): return scheme + " " + (try credentials.reveal(files))
        case .oauth2: throw FileError(path: "oauth2", reason: "the agent accepts only basic_auth and bearer tokens")
        }
    }

    /// The address as the user would write it.
    private var shown: String {
        switch address {
        case .url(let url): url
        case .socket(let path): "unix:" + path
        }
    }
}
