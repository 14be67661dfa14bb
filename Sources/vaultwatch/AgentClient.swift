import ArgumentParser
import FoundationEssentials
import Platform
import Transport

/// An HTTP client for a running agent.
struct AgentClient {
    private let url: String
    private let http = CurlTransport(platform: .real(log: LogOptions.silent))

    init(_ url: String) { self.url = url.hasSuffix("/") ? String(url.dropLast()) : url }

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

    /// - Parameter missing: the message for a 404 response without a body.
    func delete(_ path: String, missing: String) async throws { _ = try await send("DELETE", path, missing: missing) }

    /// The response of Prometheus' query API. Errors are printed as promtool does.
    func query<T: Decodable>(_ type: T.Type, _ path: String) async throws -> T {
        let response = try await exchange("GET", path)
        guard response.status == 200 else {
            let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body))
            Terminal.error(
                "query error: "
                    + (refusal.map { "\($0.errorType): \($0.error)" }
                        ?? "\(shown): HTTP \(response.status): \(response.text.prefix(500))"))
            throw ExitCode.failure
        }
        return try decoded(type, response.body)
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
        var request = HTTPRequest(url: url + path)
        request.method = method
        request.body = body
        if !body.isEmpty { request.headers.append(("Content-Type", "application/json")) }
        request.timeout = .seconds(60)
        request.bodyLimitBytes = 64 << 20
        do {
            return try await http.send(request)
        } catch {
            // The transport's message may already begin with the URL.
            let prefix = error.message.hasPrefix("http") ? "" : shown + ": "
            Terminal.error("\(prefix)\(error.message); is vaultwatch running there? Set its address with --url")
            throw ExitCode(unreachable)
        }
    }

    /// The URL without a password.
    private var shown: String {
        guard let at = url.lastIndex(of: "@"), let scheme = url.firstRange(of: "://") else { return url }
        return String(url[..<scheme.upperBound]) + String(url[url.index(after: at)...])
    }
}
