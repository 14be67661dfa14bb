import Synchronization
import Transport

/// Answers to URLs of credential services and of S3, as scripted; the requests are recorded.
final class Services: HTTPClient {
    let asked = Mutex<[HTTPRequest]>([])
    private let answer: Mutex<@Sendable (HTTPRequest) throws(TransportError) -> HTTPResponse>

    init(_ answer: @escaping @Sendable (HTTPRequest) throws(TransportError) -> HTTPResponse) {
        self.answer = Mutex(answer)
    }

    func become(_ new: @escaping @Sendable (HTTPRequest) throws(TransportError) -> HTTPResponse) {
        answer.withLock { $0 = new }
    }

    var urls: [String] { asked.withLock { $0.map { "\($0.method) \($0.url.prefix { $0 != "?" })" } } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        asked.withLock { $0.append(request) }
        return try answer.withLock { $0 }(request)
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    { try await send(request) }
}
