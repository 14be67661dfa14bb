import ArgumentParser
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
        var request = HTTPRequest(url: url + path)
        request.timeout = .seconds(60)
        request.bodyLimitBytes = 64 << 20
        do {
            let response = try await http.send(request)
            guard response.status == 200 else {
                Terminal.error("\(url): HTTP \(response.status): \(response.text.prefix(500))")
                throw ExitCode(unreachable)
            }
            return response.body
        } catch let error as TransportError {
            Terminal.error("\(url): \(error.message); is vaultwatch running there? --url says where")
            throw ExitCode(unreachable)
        }
    }
}
