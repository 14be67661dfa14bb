import Testing
import Transport

@testable import Recovery

struct StagingClientTests {
    private struct Refusing: HTTPClient {
        let words: String

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            HTTPResponse(status: 500, body: Array("{\"errors\": [\"\(words)\"]}".utf8))
        }

        func stream(
            _ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void
        ) async throws(TransportError) -> HTTPResponse { throw TransportError(.other, "not asked for") }
    }

    /// They go into the record, of which the daemon reads the end alone.
    @Test func wordsOfAnErrorAreCut() async throws {
        let http = Refusing(words: String(repeating: "x", count: 100_000))
        let client = StagingClient(RestoreTestOptions(kind: .raft, url: "https://s"), http: http)
        guard case .status(500, let words) = await client.send(client.request("GET", "sys/health")) else {
            Issue.record("another answer")
            return
        }
        #expect(words.hasPrefix("xxx") && words.utf8.count <= 1000)
    }
}
