import Logging
import Platform
import Samples
import Simulation
import Synchronization
import TestServers
import Testing
import Text
import Transport

@testable import S3

private let begin = Timestamp(milliseconds: 1_795_467_000_000)
private let listing = HTTPResponse(
    status: 200, body: Array("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".utf8))

private func answer(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status: status, body: Array(text.utf8))
}

private func keys(_ id: String = "ASIA1", lasts: Duration = .seconds(21_600), at now: Timestamp = begin) -> String {
    #"{"Code":"Success","AccessKeyId":"\#(id)","SecretAccessKey":"hunter2","Token":"t-\#(id)","Expiration":"\#((now + lasts).rfc3339)"}"#
}

private func client(
    _ credentials: S3Credentials, _ services: Services, time: VirtualTime = VirtualTime(wall: begin),
    files: MemoryFiles = MemoryFiles(), environment: [String: String] = [:]
) -> S3Client {
    var options = S3Options(bucket: "b")
    options.region = "eu-west-1"
    options.credentials = credentials
    return S3Client(options, http: services, files: files, time: time) { environment[$0] }
}

private func failure(_ client: S3Client) async -> S3Error? {
    do {
        _ = try await client.list(prefix: "")
        return nil
    } catch { return error }
}

/// The EC2 metadata service, as IMDSv2 answers.
@Sendable private func metadataService(_ request: HTTPRequest) throws(TransportError) -> HTTPResponse {
    let roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
    let token = request.headers.first { $0.name == "X-aws-ec2-metadata-token" }?.value
    return switch (request.method, request.url) {
    case ("PUT", "http://169.254.169.254/latest/api/token"): answer(200, "imds-token")
    case ("GET", roles): token == "imds-token" ? answer(200, "backup-reader\n") : answer(401, "")
    case ("GET", roles + "backup-reader"): token == "imds-token" ? answer(200, keys()) : answer(401, "")
    case (_, let url) where url.hasPrefix("https://b.s3.eu-west-1.amazonaws.com/"): listing
    default: answer(404, "")
    }
}

struct InstanceCredentialTests {
    @Test func theRolesKeysSignUntilTheirEndNears() async throws {
        let services = Services(metadataService)
        let time = VirtualTime(wall: begin)
        let client = client(.instance(.init()), services, time: time)
        _ = try await client.list(prefix: "")
        _ = try await client.list(prefix: "")
        #expect(services.urls.count == 5)
        let signing = services.asked.withLock { $0.last?.signing }
        #expect(try signing?.accessKeyID.reveal(MemoryFiles()) == "ASIA1")
        #expect(try signing?.sessionToken?.reveal(MemoryFiles()) == "t-ASIA1")
        #expect(services.asked.withLock { $0.prefix(3).allSatisfy { $0.proxy == nil && $0.signing == nil } })
        time.move(to: time.monotonic() + .seconds(21_600 - 590))
        let renewed = begin + .seconds(21_600)
        services.become { request throws(TransportError) in
            request.url.hasSuffix("backup-reader")
                ? answer(200, keys("ASIA2", at: renewed)) : try metadataService(request)
        }
        _ = try await client.list(prefix: "")
        #expect(try services.asked.withLock { $0.last?.signing }?.accessKeyID.reveal(MemoryFiles()) == "ASIA2")
    }

    /// A service that fails for a while takes nothing away; only when the old keys end it is said, and why.
    @Test func aRefreshThatFailsKeepsTheOldKeysToTheirEnd() async throws {
        let services = Services(metadataService)
        let time = VirtualTime(wall: begin)
        let client = client(.instance(.init()), services, time: time)
        _ = try await client.list(prefix: "")
        services.become { request throws(TransportError) in
            request.url.hasPrefix("https://") ? listing : answer(500, "secret-answer")
        }
        time.move(to: time.monotonic() + .seconds(21_600 - 60))
        _ = try await client.list(prefix: "")
        _ = try await client.list(prefix: "")
        // One question in a minute, not one for each request.
        #expect(services.urls.filter { $0.hasPrefix("PUT") }.count == 2)
        time.move(to: time.monotonic() + .seconds(61))
        let error = await failure(client)
        #expect(error?.reason == .noCredentials)
        #expect(error?.message == "the instance's metadata service: the token is refused with 500")
        services.become { request throws(TransportError) in
            request.url.hasSuffix("backup-reader")
                ? answer(200, keys("ASIA2", at: begin + .seconds(21_600))) : try metadataService(request)
        }
        time.move(to: time.monotonic() + .seconds(11))
        _ = try await client.list(prefix: "")
    }

    /// S3 may end a session before its time, as when the role's sessions are revoked.
    @Test func keysThatAreRefusedAreReplacedAtOnce() async throws {
        let services = Services(metadataService)
        let time = VirtualTime(wall: begin)
        let client = client(.instance(.init()), services, time: time)
        _ = try await client.list(prefix: "")
        time.move(to: time.monotonic() + .seconds(60))
        services.become { request throws(TransportError) in
            if request.url.hasSuffix("backup-reader") { return answer(200, keys("ASIA2")) }
            let id = try? request.signing?.accessKeyID.reveal(MemoryFiles())
            return id == "ASIA1"
                ? answer(400, "<Error><Code>ExpiredToken</Code></Error>") : try metadataService(request)
        }
        _ = try await client.list(prefix: "")
        // And where the new ones are refused too, that is S3's word on them.
        services.become { request throws(TransportError) in
            request.url.hasPrefix("https://")
                ? answer(400, "<Error><Code>ExpiredToken</Code></Error>") : try metadataService(request)
        }
        time.move(to: time.monotonic() + .seconds(60))
        #expect(await failure(client)?.reason == .credentials)
    }

    @Test(arguments: [
        (403, "", "403: the service is switched off (HttpEndpoint=disabled in the metadata options)"),
        (404, "", "404: the service does not know IMDSv2 tokens"), (503, "", "the token is refused with 503"),
        (200, "", "the answer is no token"), (200, "two lines\n", "the answer is no token"),
        (200, String(repeating: "x", count: 5000), "the answer is no token"),
    ]) func aTokenThatIsNotGivenIsExplained(_ status: Int, _ body: String, _ said: String) async {
        let services = Services { _ throws(TransportError) in answer(status, body) }
        let error = await failure(client(.instance(.init()), services))
        #expect(error?.reason == .noCredentials)
        #expect(error?.message == "the instance's metadata service: \(said)")
    }

    @Test(arguments: [
        (TransportError.Reason.timeout, "HttpPutResponseHopLimit"), (.connect, "is this machine an EC2 instance?"),
        (.body, "is this machine an EC2 instance?"),
    ]) func silenceIsExplained(_ reason: TransportError.Reason, _ said: String) async {
        let services = Services { _ throws(TransportError) in throw TransportError(reason, "origin: why") }
        let error = await failure(client(.instance(.init()), services))
        #expect(error?.reason == .noCredentials && error?.message.contains(said) == true)
    }

    @Test(arguments: [
        (404, "", "the instance has no role; attach an instance profile that may read the bucket"),
        (401, "", "401: its own token is not accepted"), (200, "../../x", "the answer is not the name of a role"),
        (200, "", "the answer is not the name of a role"), (500, "", "refused with 500"),
    ]) func aRoleThatIsNotNamedIsExplained(_ status: Int, _ body: String, _ said: String) async {
        let services = Services { request throws(TransportError) in
            request.method == "PUT" ? answer(200, "token") : answer(status, body)
        }
        #expect(
            await failure(client(.instance(.init()), services))?.message == "the instance's metadata service: \(said)")
    }

    @Test func theServicesSwitchAndAddressAreTheEnvironments() async throws {
        let services = Services { request throws(TransportError) in
            request.url.hasPrefix("http://[fd00:ec2::254]/latest/api") ? answer(403, "") : listing
        }
        let off = await failure(
            client(.instance(.init()), services, environment: ["AWS_EC2_METADATA_DISABLED": "TRUE"]))
        #expect(off?.message.contains("AWS_EC2_METADATA_DISABLED") == true && services.urls.isEmpty)
        let v6 = client(
            .instance(.init()), services, environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"])
        #expect(await failure(v6)?.message.contains("403") == true)
    }
}

struct ContainerCredentialTests {
    @Test func anECSTaskAsksItsAgent() async throws {
        let services = Services { request throws(TransportError) in
            request.url == "http://169.254.170.2/v2/credentials/x" ? answer(200, keys()) : listing
        }
        let client = client(
            .container, services, environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"])
        _ = try await client.list(prefix: "")
        #expect(services.asked.withLock { $0[0].headers.isEmpty })
    }

    @Test func aPodShowsTheTokenOfItsFile() async throws {
        let services = Services { request throws(TransportError) in
            request.url == "http://169.254.170.23/v1/credentials" ? answer(200, keys()) : listing
        }
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other",
        ]
        _ = try await client(
            .container, services, files: MemoryFiles(["/token": "pod-token\n"]), environment: environment
        )
        .list(prefix: "")
        #expect(services.asked.withLock { $0[0].headers.first?.value } == "pod-token")
        let error = await failure(client(.container, services, environment: environment))
        #expect(error?.reason == .noCredentials && error?.message.contains("/token") == true)
    }

    @Test(arguments: [
        "http://169.254.170.2/x", "http://127.0.0.1:8080/x", "http://127.1.2.3/x", "http://[::1]/x",
        "http://localhost/x",
        "http://[fd00:ec2::23]/x", "https://agent.example/x",
    ]) func mayBeAsked(_ url: String) { #expect(KeySource.mayAsk(url)) }

    @Test(arguments: [
        "http://agent.example/x", "http://169.254.169.254/x", "http://127.0.0.1.evil.example/x",
        "http://169.254.170.2@evil.example/x", "ftp://127.0.0.1/x", "/x", "",
    ]) func mustNotBeAsked(_ url: String) async {
        #expect(!KeySource.mayAsk(url))
        let services = Services { _ throws(TransportError) in listing }
        let error = await failure(
            client(.container, services, environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]))
        #expect(error?.reason == .noCredentials && services.urls.isEmpty)
    }

    /// Nothing of an answer is repeated: it may be a secret.
    @Test(arguments: [
        (401, "hunter2"), (404, "hunter2"), (500, "hunter2"), (200, "hunter2"), (200, "{}"), (200, ""),
        (200, #"{"Code":"hunter2 is the key"}"#), (200, #"{"AccessKeyId":"A","SecretAccessKey":"hunter2"}"#),
        (200, #"{"AccessKeyId":"A","SecretAccessKey":"hunter2","Token":"t","Expiration":"hunter2"}"#),
        (
            200,
            #"{"AccessKeyId":"A\r\nX: y","SecretAccessKey":"hunter2","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#
        ),
        (200, keys(lasts: .seconds(-1))), (200, keys(lasts: .seconds(4))),
        (
            200,
            #"{"AccessKeyId":""# + String(repeating: "A", count: 20_000)
                + #"","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#
        ),
    ]) func badAnswersAreNoKeys(_ status: Int, _ body: String) async {
        let services = Services { request throws(TransportError) in
            request.url.hasPrefix("http://") ? answer(status, body) : listing
        }
        let error = await failure(
            client(.container, services, environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]))
        #expect(error?.reason == .noCredentials)
        #expect(error?.message.contains("hunter2") == false)
        #expect(services.urls.count == 1)
    }
}

struct WebIdentityCredentialTests {
    static let granted = """
        <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
        <Credentials><SessionToken>t1</SessionToken><SecretAccessKey>s1</SecretAccessKey><Expiration>2099-01-01T00:00:00Z</Expiration><AccessKeyId>ASIA1</AccessKeyId></Credentials>
        </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
        """
    private static let environment = [
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/reader", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
    ]

    @Test func thePodsTokenIsTakenToTheRegionsService() async throws {
        let services = Services { request throws(TransportError) in
            request.url == "https://sts.eu-west-1.amazonaws.com/" ? answer(200, Self.granted) : listing
        }
        _ = try await client(
            .webIdentity(.init()), services, files: MemoryFiles(["/token": "e.y.J"]), environment: Self.environment
        ).list(prefix: "")
        let request = services.asked.withLock { $0[0] }
        #expect(
            request.method == "POST" && request.signing == nil && request.bodyIsSecret && request.redirectLimit == 0)
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "Action=AssumeRoleWithWebIdentity&DurationSeconds=3600&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Freader&RoleSessionName=vaultwatch&Version=2011-06-15&WebIdentityToken=e.y.J"
        )
        #expect(try services.asked.withLock { $0[1].signing }?.sessionToken?.reveal(MemoryFiles()) == "t1")
    }

    @Test(arguments: [
        (
            403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>e.y.J</Message></Error></ErrorResponse>",
            "AccessDenied; the role's trust policy does not let this identity assume it"
        ),
        (
            400, "<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error></ErrorResponse>",
            "the token in the file has ended"
        ),
        (
            400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>",
            "does not know the token's provider"
        ),
        (500, "<html>", "500"), (200, "<html>", "the answer holds no keys"),
        (200, "<AssumeRoleWithWebIdentityResponse/>", "the answer holds no keys"),
        (200, granted.replacing("2099", with: "2001"), "the keys had ended at 2001-01-01T00:00:00Z"),
    ]) func refusalsAreExplained(_ status: Int, _ body: String, _ said: String) async {
        let services = Services { _ throws(TransportError) in answer(status, body) }
        let error = await failure(
            client(
                .webIdentity(.init()), services, files: MemoryFiles(["/token": "e.y.J"]), environment: Self.environment
            ))
        #expect(error?.reason == .noCredentials && error?.message.contains(said) == true)
        #expect(error?.message.contains("e.y.J") == false)
    }

    @Test(arguments: ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", ""]) func whatIsNotSetIsNamed(_ name: String) async
    {
        let services = Services { _ throws(TransportError) in listing }
        var environment = Self.environment
        environment[name] = nil
        // With both set the file is what is missing.
        let error = await failure(client(.webIdentity(.init()), services, environment: environment))
        #expect(error?.reason == .noCredentials && error?.message.contains(name.isEmpty ? "/token" : name) == true)
        #expect(services.urls.isEmpty)
    }
}

struct ProfileCredentialTests {
    private static let credentials = """
        # keys
        [default]
        aws_access_key_id = AKIADEFAULT
        aws_secret_access_key = s0
        [ reader ]
        aws_access_key_id=AKIAREADER ; comment
        aws_secret_access_key=s/1+=#
        aws_session_token=t1
        [broken
        aws_access_key_id = NO
        """
    private static let config = """
        [default]
        region = eu-west-1
        s3 =
          aws_access_key_id = NESTED
        [profile role]
        role_arn = arn:aws:iam::1:role/x
        source_profile = default
        external_id = e 1
        [profile chain]
        role_arn = arn:aws:iam::1:role/y
        source_profile = role
        [profile run]
        credential_process = /bin/keys
        [profile bare]
        role_arn = arn:aws:iam::1:role/z
        [reader]
        aws_secret_access_key = wrong
        """
    private static let files = MemoryFiles(["/home/.aws/credentials": credentials, "/home/.aws/config": config])

    private func made(_ name: String, _ services: Services, files: MemoryFiles = files) -> S3Client {
        client(.profile(.init(name: name)), services, files: files, environment: ["HOME": "/home"])
    }

    @Test(arguments: [("default", "AKIADEFAULT", "s0", nil), ("reader", "AKIAREADER", "s/1+=#", "t1")])
    func keysAreRead(_ name: String, _ id: String, _ secret: String, _ token: String?) async throws {
        let services = Services { _ throws(TransportError) in listing }
        _ = try await made(name, services).list(prefix: "")
        let signing = services.asked.withLock { $0[0].signing }
        #expect(try signing?.accessKeyID.reveal(MemoryFiles()) == id)
        #expect(try signing?.secretAccessKey.reveal(MemoryFiles()) == secret)
        #expect(try signing?.sessionToken?.reveal(MemoryFiles()) == token)
    }

    @Test func aRoleIsAssumedWithTheSourcesKeys() async throws {
        let granted = WebIdentityCredentialTests.granted.replacing("AssumeRoleWithWebIdentity", with: "AssumeRole")
        let services = Services { request throws(TransportError) in
            request.url == "https://sts.eu-west-1.amazonaws.com/" ? answer(200, granted) : listing
        }
        _ = try await made("role", services).list(prefix: "")
        let (question, use) = services.asked.withLock { ($0[0], $0[1]) }
        #expect(question.signing?.service == "sts")
        #expect(try question.signing?.accessKeyID.reveal(MemoryFiles()) == "AKIADEFAULT")
        #expect(String(decoding: question.body, as: UTF8.self).contains("ExternalId=e%201&"))
        #expect(try use.signing?.accessKeyID.reveal(MemoryFiles()) == "ASIA1")
    }

    @Test(arguments: [
        ("nobody", "neither /home/.aws/credentials nor /home/.aws/config has it"),
        ("chain", "source_profile \"role\" assumes a role itself, which is not supported"),
        ("run", "credential_process is not supported"),
        ("bare", "role_arn needs source_profile or web_identity_token_file beside it"),
    ]) func whatIsNotSupportedIsSaid(_ name: String, _ said: String) async {
        let services = Services { _ throws(TransportError) in listing }
        let error = await failure(made(name, services))
        #expect(error?.reason == .noCredentials && error?.message.contains(said) == true)
        #expect(services.urls.isEmpty)
    }

    @Test func noFilesAtAll() async {
        let services = Services { _ throws(TransportError) in listing }
        #expect(await failure(made("default", services, files: MemoryFiles()))?.reason == .noCredentials)
        #expect(
            await failure(client(.profile(.init(name: "default")), services))?.message.contains("HOME") == true)
    }
}

struct SessionStateTests {
    /// Two requests at once ask once, and both get the keys.
    @Test func oneQuestionServesAll() async throws {
        let services = Services(metadataService)
        let client = client(.instance(.init()), services)
        async let first = client.list(prefix: "a")
        async let second = client.list(prefix: "b")
        _ = try await (first, second)
        #expect(services.urls.filter { $0.hasPrefix("PUT") }.count == 1)
    }

    /// A clock that steps back makes nothing of it: S3's word ends the session.
    @Test func aShortSessionIsRenewedInItsLastQuarter() throws {
        var state = SessionState()
        let keys = try #require(SessionKeys("a", "s", token: "t", expires: begin + .seconds(900)))
        state.refreshed(.success(keys), Moment(monotonic: Instant(nanoseconds: 0), wall: begin))
        func step(_ seconds: Int64) -> String {
            let now = Moment(monotonic: Instant(nanoseconds: seconds * 1_000_000_000), wall: begin + .seconds(seconds))
            return switch state.next(now) {
            case .use: "use"
            case .refresh: "refresh"
            case .refuse: "refuse"
            }
        }
        #expect([1, 674, 676, 896].map(step) == ["use", "use", "refresh", "refresh"])
    }
}
