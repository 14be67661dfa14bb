import FoundationEssentials
import Lab
import Logging
import Platform
import Samples
import Simulation
import Testing
import Transport

@testable import Delivery

struct ReceiverClientTests {
    private func client(_ http: any HTTPClient) -> ReceiverClient {
        ReceiverClient(http: http, files: SystemFiles(), time: VirtualTime())
    }

    private func call(_ options: HTTPClientOptions = HTTPClientOptions(), secrets: [String] = []) -> ReceiverClient.Call
    {
        ReceiverClient.Call(
            url: "https://hooks.example.org/in", body: [], options: options, timeout: .seconds(10), secrets: secrets)
    }

    private func refusal(_ status: Int, _ body: String = "", headers: [(name: String, value: String)] = []) async throws
        -> DeliveryError?
    {
        let client = client(ScriptedHTTP(status, body, headers: headers))
        return client.refusal(try await client.send(call()))
    }

    @Test(arguments: [
        (400, DeliveryError.Reason.clientError, false), (404, .clientError, false), (410, .clientError, false),
        (413, .clientError, false),
        (401, .authError, false), (403, .authError, false), (407, .authError, false),
        (408, .clientError, true), (425, .clientError, true), (429, .rateLimited, true),
        (500, .serverError, true), (502, .serverError, true), (503, .serverError, true), (504, .serverError, true),
        (599, .serverError, true),
        (302, .other, false), (304, .other, false), (600, .other, false),
    ]) func tellsAnswersApart(_ status: Int, _ reason: DeliveryError.Reason, _ retryable: Bool) async throws {
        let refusal = try #require(try await refusal(status, "no"))
        #expect(refusal.reason == reason)
        #expect(refusal.isRetryable == retryable)
        #expect(refusal.message.hasPrefix("HTTP \(status): no"))
        #expect(refusal.message.contains("only 307 and 308") == (300..<400).contains(status))
    }

    /// Whoever has said 200 has the message; what follows may break or never end.
    @Test func believesAStatusWithoutItsBody() async throws {
        let transport = CurlTransport(
            platform: .real(log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        let endless = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            while connection.write([UInt8](repeating: 0x61, count: 65536)) {}
        }
        let cut = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        }
        let interim = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 100 Continue\r\n\r\n")
        }
        for server in [endless, cut] {
            var call = call()
            call.url = server.url
            #expect(
                try await ReceiverClient(http: transport, files: SystemFiles(), time: SystemTime()).send(call).response
                    .status == 200)
            call.readsBody = true
            let reading = call
            let error = await #expect(throws: DeliveryError.self) {
                try await ReceiverClient(http: transport, files: SystemFiles(), time: SystemTime()).send(reading)
            }
            #expect(error?.isUncertain == true)
        }
        var call = call()
        call.url = interim.url
        let unanswered = call
        await #expect(throws: DeliveryError.self) {
            try await ReceiverClient(http: transport, files: SystemFiles(), time: SystemTime()).send(unanswered)
        }
        transport.close()
    }

    @Test func hidesTheTokenOfAnAddress() {
        let parts = Redaction.parts(
            ofURL: "https://hooks.example.org/services/T0/abcdefghijklmnop1?key=0123456789abcdef&x=1")
        #expect(
            Redaction.hide(parts, in: "no abcdefghijklmnop1, nor 0123456789abcdef, in services")
                == "no <secret>, nor <secret>, in services")
    }

    private static func oauth2() -> HTTPClientOptions {
        var oauth = OAuth2Options(
            clientID: "me&you", clientSecret: Secret(value: "s3cret/word"), tokenURL: "https://login.example.org/token/"
        )
        oauth.scopes = ["a", "b"]
        oauth.endpointParameters = ["audience": "https://x y"]
        var options = HTTPClientOptions()
        options.authorization = .oauth2(oauth)
        return options
    }

    /// Had once, used until shortly before its end, and had anew.
    @Test func hasATokenByItsCredentials() async throws {
        let http = ScriptedHTTP { (request, turn) throws(TransportError) in
            request.url.contains("login")
                ? HTTPResponse(status: 200, body: Array(#"{"access_token":"token-\#(turn)","expires_in":300}"#.utf8))
                : HTTPResponse(status: 200)
        }
        let time = VirtualTime()
        let client = ReceiverClient(http: http, files: SystemFiles(), time: time)
        for _ in 0..<3 { _ = try await client.send(call(ReceiverClientTests.oauth2())) }
        #expect(http.requests.map(\.url.isToken) == [true, false, false, false])
        let asked = try #require(http.requests.first)
        #expect(
            asked.header("authorization") == "Basic " + Data(Array("me%26you:s3cret%2Fword".utf8)).base64EncodedString()
        )
        #expect(
            String(decoding: asked.body, as: UTF8.self)
                == "grant_type=client_credentials&scope=a%20b&audience=https%3A%2F%2Fx%20y")
        #expect(http.requests.last?.header("authorization") == "Bearer token-0")
        await time.advance(through: time.monotonic() + .seconds(291), settle: 1)
        _ = try await client.send(call(ReceiverClientTests.oauth2()))
        #expect(http.requests.last?.header("authorization") == "Bearer token-4")
    }

    @Test func givesCredentialsInTheFormWhereTheHeaderIsNotTaken() async throws {
        let http = ScriptedHTTP { (request, _) throws(TransportError) in
            guard request.url.isToken else { return HTTPResponse(status: 200) }
            return request.header("authorization") != nil
                ? HTTPResponse(status: 401) : HTTPResponse(status: 200, body: Array(#"{"access_token":"t"}"#.utf8))
        }
        #expect(try await client(http).send(call(ReceiverClientTests.oauth2())).response.status == 200)
        #expect(
            String(decoding: http.requests[1].body, as: UTF8.self).hasSuffix(
                "&client_id=me%26you&client_secret=s3cret%2Fword"))
    }

    /// A token that the receiver refuses is had anew, once.
    @Test func hasAnotherTokenAfterARefusal() async throws {
        let http = ScriptedHTTP { (request, turn) throws(TransportError) in
            if request.url.isToken {
                return HTTPResponse(status: 200, body: Array(#"{"access_token":"t\#(turn)"}"#.utf8))
            }
            return HTTPResponse(status: request.header("authorization") == "Bearer t0" ? 401 : 200)
        }
        let client = client(http)
        #expect(try await client.send(call(ReceiverClientTests.oauth2())).response.status == 200)
        let stubborn = ScriptedHTTP { (request, _) throws(TransportError) in
            request.url.isToken
                ? HTTPResponse(status: 200, body: Array(#"{"access_token":"t"}"#.utf8)) : HTTPResponse(status: 401)
        }
        #expect(try await self.client(stubborn).send(call(ReceiverClientTests.oauth2())).response.status == 401)
        #expect(stubborn.requests.count == 4)
    }

    @Test func tellsWhyThereIsNoToken() async throws {
        for (status, body, retryable) in [(403, "no: s3cret/word", false), (503, "later", true), (200, "{}", true)] {
            let error = await #expect(throws: DeliveryError.self) {
                try await client(ScriptedHTTP(status, body)).send(call(ReceiverClientTests.oauth2()))
            }
            #expect(error?.reason == .authError)
            #expect(error?.isRetryable == retryable)
            #expect(error?.message.hasPrefix("oauth2: no token") == true)
            #expect(error?.message.contains("s3cret") == false)
        }
    }

    @Test(arguments: [200, 201, 202, 204]) func takesAnySuccess(_ status: Int) async throws {
        #expect(try await refusal(status) == nil)
    }

    @Test(arguments: [
        ("120", 120), ("0", 0), ("99999999999999999999", 3600), ("7200", 3600),
        // VirtualTime begins at 2025-11-26T02:00:00Z.
        ("Wed, 26 Nov 2025 02:05:00 GMT", 300), ("Wednesday, 26-Nov-25 02:05:00 GMT", 300),
        ("Wed Nov 26 02:05:00 2025", 300),
        ("Tue, 25 Nov 2025 00:00:00 GMT", 0), ("Thu, 27 Nov 2025 00:00:00 GMT", 3600),
    ]) func hearsHowLongToWait(_ value: String, _ seconds: Int64) async throws {
        for status in [429, 503] {
            #expect(try await refusal(status, headers: [("retry-after", value)])?.retryAfter == .seconds(seconds))
        }
    }

    @Test(arguments: [
        "", "soon", "-5", "1.5", "Wed, 31 Foo 2025 00:00:00 GMT", "Wed, 26 Nov 2025 25:00:00 GMT", ",,,,,", "::",
    ])
    func ignoresAWaitThatIsNone(_ value: String) async throws {
        #expect(try await refusal(503, headers: [("retry-after", value)])?.retryAfter == nil)
    }

    @Test func hidesSecretsInAnswers() async throws {
        var options = HTTPClientOptions()
        options.authorization = .basic(username: Secret(value: "ann"), password: Secret(value: "hunter22"))
        options.headers = [HTTPClientOptions.Header(name: "X-Key", value: Secret(value: "k-e-y-1"))]
        options.proxy.url = Secret(value: "http://me:pr0xyword@proxy:3128")
        let http = ScriptedHTTP(400, "hunter22 YW5uOmh1bnRlcjIy k-e-y-1 me:pr0xyword tok-in-url\nand a second line")
        let client = client(http)
        let error = try #require(client.refusal(try await client.send(call(options, secrets: ["tok-in-url"]))))
        #expect(
            error.description == "clientError: HTTP 400: <secret> <secret> <secret> <secret> <secret> and a second line"
        )
        let request = try #require(http.requests.first)
        #expect(request.header("authorization") == "Basic YW5uOmh1bnRlcjIy")
        #expect(request.header("x-key") == "k-e-y-1")
        #expect(request.proxy == "http://me:pr0xyword@proxy:3128")
    }

    @Test func hidesASecretThatTheExcerptWouldCut() async throws {
        let client = client(ScriptedHTTP(400, String(repeating: "x", count: 190) + "SECRETSECRETSECRET"))
        let error = try #require(client.refusal(try await client.send(call(secrets: ["SECRETSECRETSECRET"]))))
        #expect(!error.message.contains("SEC"))
        #expect(error.message.unicodeScalars.count <= 220)
    }

    @Test func hidesSecretsInTransportErrors() async {
        var options = HTTPClientOptions()
        options.authorization = .scheme("Bearer", credentials: Secret(value: "tok-123456"))
        let http = ScriptedHTTP { (_, _) throws(TransportError) in
            throw TransportError(.connect, "sent tok-123456 to nobody")
        }
        await #expect(throws: DeliveryError(.other, retryable: true, "sent <secret> to nobody")) {
            try await client(http).send(call(options))
        }
        #expect(http.requests.first?.header("authorization") == "Bearer tok-123456")
    }

    @Test(arguments: TransportError.Reason.allCases) func triesAgainAfterNoAnswer(_ reason: TransportError.Reason) async
    {
        let http = ScriptedHTTP { (_, _) throws(TransportError) in throw TransportError(reason, "gone") }
        let error = await #expect(throws: DeliveryError.self) { try await client(http).send(call()) }
        #expect(error?.isRetryable == true)
        // Before the request left nobody can have taken it.
        #expect(
            error?.isUncertain == ![
                TransportError.Reason.dns, .connect, .unreachable, .tls, .auth, .configuration, .connections,
                .notBegun,
            ]
            .contains(reason))
        let unreached = ScriptedHTTP { (_, _) throws(TransportError) in
            var error = TransportError(reason, "gone")
            error.isUnsent = true
            throw error
        }
        #expect(
            await #expect(throws: DeliveryError.self) { try await client(unreached).send(call()) }?.isUncertain == false
        )
    }

    @Test func keepsHeadersToOneLineEach() async {
        var options = HTTPClientOptions()
        options.headers = [HTTPClientOptions.Header(name: "X-Key", value: Secret(value: "a\r\nX-Evil: 1"))]
        let http = ScriptedHTTP(200)
        let error = await #expect(throws: DeliveryError.self) { try await client(http).send(call(options)) }
        #expect(error?.isRetryable == false)
        #expect(error?.message.contains("Evil") == false)
        #expect(http.requests.isEmpty)
    }

    @Test func readsASecretAtEachUse() async throws {
        let directory = try TemporaryDirectory()
        var options = HTTPClientOptions()
        options.authorization = .scheme("Bearer", credentials: Secret(file: directory.file("token")))
        let http = ScriptedHTTP(200)
        let missing = await #expect(throws: DeliveryError.self) { try await client(http).send(call(options)) }
        #expect(missing?.reason == .authError)
        #expect(missing?.isRetryable == true)
        for token in ["one", "two"] {
            try directory.write("token", token + "\n")
            _ = try await client(http).send(call(options))
        }
        #expect(http.requests.map { $0.header("authorization") } == ["Bearer one", "Bearer two"])
    }

    @Test func goesPastTheProxyWhereToldTo() async throws {
        var options = HTTPClientOptions()
        options.proxy.url = Secret(value: "http://proxy:3128")
        let http = ScriptedHTTP(200)
        for exceptions in [[], ["example.org"], [".example.org:443"], ["other.org"], ["example.org:8443"], ["*"]] {
            options.proxy.exceptions = exceptions
            _ = try await client(http).send(call(options))
        }
        #expect(http.requests.map { $0.proxy != nil } == [true, false, false, true, true, false])
    }

    /// The proxy's own headers go where the proxy is taken, and no error repeats them.
    @Test func tellsTheProxyItsHeaders() async throws {
        var options = HTTPClientOptions()
        options.proxy.url = Secret(value: "http://proxy:3128")
        options.proxy.connectHeaders = [.init(name: "Proxy-Authorization", value: Secret(value: "Bearer tunnel-word"))]
        let http = ScriptedHTTP(407, "who is Bearer tunnel-word?")
        let client = client(http)
        let error = try #require(client.refusal(try await client.send(call(options))))
        #expect(error.description == "authError: HTTP 407: who is <secret>?")
        options.proxy.exceptions = ["*"]
        _ = try await client.send(call(options))
        #expect(
            http.requests.map { $0.proxyHeaders.map { $0.name + ": " + $0.value } } == [
                ["Proxy-Authorization: Bearer tunnel-word"], [],
            ])
        #expect(http.requests.allSatisfy { $0.header("proxy-authorization") == nil })
        options.proxy.exceptions = []
        options.proxy.connectHeaders = [.init(name: "X", value: Secret(value: "a\r\nb"))]
        await #expect(throws: DeliveryError.self) { try await client.send(call(options)) }
    }

    @Test func takesTheProxyOfTheScheme() async throws {
        var options = HTTPClientOptions()
        options.proxy.urlForHTTP = Secret(value: "http://plain:3128")
        let http = ScriptedHTTP(200)
        _ = try await client(http).send(call(options))
        options.proxy.urlForHTTPS = Secret(value: "http://secure:3128")
        _ = try await client(http).send(call(options))
        options.proxy.exceptions = ["example.org"]
        _ = try await client(http).send(call(options))
        #expect(http.requests.map(\.proxy) == [nil, "http://secure:3128", nil])
    }

    @Test func followsFewRedirectsOrNone() async throws {
        var options = HTTPClientOptions()
        let http = ScriptedHTTP(200)
        _ = try await client(http).send(call(options))
        options.followRedirects = false
        _ = try await client(http).send(call(options))
        #expect(http.requests.map(\.redirectLimit) == [5, 0])
    }
}

extension String {
    fileprivate var isToken: Bool { contains("login.example.org") }
}
