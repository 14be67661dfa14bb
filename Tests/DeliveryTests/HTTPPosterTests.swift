import Platform
import Samples
import Simulation
import Testing
import Transport

@testable import Delivery

/// Requests that are no messages: remote write's.
struct HTTPPosterTests {
    private let time = VirtualTime(wall: Timestamp(milliseconds: 1_784_203_200_000))

    private func poster(_ http: ScriptedHTTP) -> HTTPPoster {
        var platform = Platform.test(time)
        platform.files = MemoryFiles(["/token": "s3cret-token\n"])
        return HTTPPoster(http: http, platform: platform)
    }

    @Test func aPostHasTheCredentialsOfTheOptionsAndTheCallersHeaders() async throws {
        let http = ScriptedHTTP(400, "no: s3cret-token\nis wrong", headers: [("retry-after", "7")])
        var options = HTTPClientOptions()
        options.authorization = .scheme("Bearer", credentials: Secret(file: "/token"))
        options.headers = [
            .init(name: "X-Scope-OrgID", value: Secret(value: "vault")),
            .init(name: "content-encoding", value: Secret(value: "gzip")),
        ]
        let answer = try await poster(http).post(
            [1, 2, 3], to: "https://mimir/api/v1/push", headers: [("Content-Encoding", "snappy")], options: options,
            timeout: .seconds(9))
        #expect(answer.response.status == 400 && answer.retryAfter == .seconds(7))
        #expect(answer.said == "no: <secret> is wrong")
        let request = try #require(http.requests.first)
        #expect(request.method == "POST" && request.body == [1, 2, 3] && request.timeout == .seconds(9))
        #expect(
            request.headers.map { "\($0.name): \($0.value)" }.sorted() == [
                "Authorization: Bearer s3cret-token", "Content-Encoding: snappy", "User-Agent: vaultwatch",
                "X-Scope-OrgID: vault",
            ])
        // To another host neither the token nor the body goes.
        #expect(request.bodyIsSecret && request.redirectLimit > 0)
    }

    /// As a date, and bounded: a header must not stop everything for a year.
    @Test(arguments: [
        ("Thu, 16 Jul 2026 12:00:30 GMT", Duration.seconds(30)), ("Thu, 16 Jul 2026 11:00:00 GMT", .zero),
        ("99999999", .seconds(3600)), ("Fri, 16 Jul 2027 12:00:00 GMT", .seconds(3600)),
    ])
    func retryAfterIsReadAndBounded(_ value: String, _ expected: Duration) async throws {
        let answer = try await poster(ScriptedHTTP(503, headers: [("retry-after", value)])).post(
            [], to: "https://mimir", headers: [], options: HTTPClientOptions(), timeout: .seconds(1))
        #expect(answer.retryAfter == expected)
    }

    /// A token whose file is away comes back with its rotation; nothing is sent without it.
    @Test func withoutItsTokenNothingIsSent() async {
        let http = ScriptedHTTP(200)
        var options = HTTPClientOptions()
        options.authorization = .scheme("Bearer", credentials: Secret(file: "/none"))
        await #expect(throws: DeliveryError.self) {
            try await poster(http).post(
                [1], to: "https://mimir", headers: [], options: options, timeout: .seconds(1))
        }
        #expect(http.requests.isEmpty)
    }
}
