import ArgumentParser
import FoundationEssentials
import Platform
import Transport

/// Asks a running agent.
struct AgentClient {
    private let url: String
    private let http = CurlTransport(platform: .real(log: LogOptions.silent))

    init(_ url: String) { self.url = url.hasSuffix("/") ? String(url.dropLast()) : url }

    /// - Parameter unreachable: the exit code when nobody answers.
    /// - Throws: `ExitCode`, after it was said why.
    func get(_ path: String, unreachable: Int32 = 1) async throws -> [UInt8] {
        try await send("GET", path, unreachable: unreachable)
    }

    /// The answer to a GET, decoded.
    func get<T: Decodable>(_ type: T.Type, _ path: String) async throws -> T {
        try decoded(type, try await get(path))
    }

    func post(_ path: String, json body: [UInt8]) async throws -> [UInt8] { try await send("POST", path, body: body) }

    /// - Parameter missing: what to say when there is no such thing; the API answers without a word.
    func delete(_ path: String, missing: String) async throws { _ = try await send("DELETE", path, missing: missing) }

    /// A query's value with all but the plainest characters escaped.
    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            let isPlain =
                (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || byte == 0x2d
                || byte == 0x2e || byte == 0x5f || byte == 0x7e
            out +=
                isPlain
                ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return out
    }

    /// The answer of Prometheus' query API. A refusal is told as promtool tells it.
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
            Terminal.error("\(shown): not an answer of vaultwatch or its peers: \(error)")
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
            // Alertmanager's API says its errors as bare strings of JSON.
            let said = (try? JSONDecoder().decode(String.self, from: Data(response.body))) ?? response.text
            Terminal.error("\(shown): HTTP \(response.status): \(said.prefix(500))")
            throw ExitCode(unreachable)
        }
        return response.body
    }

    /// Any status is an answer. - Throws: `ExitCode`, after it was said why there is none.
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
            // The transport names the origin by itself.
            let position = error.message.hasPrefix("http") ? "" : shown + ": "
            Terminal.error("\(position)\(error.message); is vaultwatch running there? --url says where")
            throw ExitCode(unreachable)
        }
    }

    /// The URL without a password.
    private var shown: String {
        guard let at = url.lastIndex(of: "@"), let scheme = url.firstRange(of: "://") else { return url }
        return String(url[..<scheme.upperBound]) + String(url[url.index(after: at)...])
    }
}
