import Foundation
import Lab
import Logging
import Platform
import Samples
import Synchronization
import TestServers
import Testing
import Text
import Transport

@testable import S3

private func failure<T>(_ body: () async throws(S3Error) -> T) async -> S3Error? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// A moto that verifies signatures, with a user who may read, and a bucket with awkward keys.
private struct Estate {
    static let odd = "daily/a b+c=d&e%20f/ä€/(x)!'*~;:@,$.enc"
    let moto: Moto
    let transport: CurlTransport
    let identifier: String
    let secret: String

    func put(_ path: String, _ body: [UInt8] = [], _ headers: [(name: String, value: String)] = []) async throws {
        var request = HTTPRequest(url: moto.endpoint + path)
        request.method = "PUT"
        request.body = body
        request.headers = headers
        // moto takes any name for a user of its own as long as authentication is off.
        request.signing = AWSSigning(
            region: "us-east-1", accessKeyID: Secret(value: "a"), secretAccessKey: Secret(value: "b"))
        let response = try await transport.send(request)
        try #require(response.status == 200, "\(path): \(response.text)")
    }

    static func start(keys: Int = 0) async throws -> Estate {
        let moto = try await Moto.start(openRequests: 1_000_000)
        let transport = CurlTransport(platform: .real(log: Logger(label: "test")))
        func iam(_ form: String) async throws -> String {
            var request = HTTPRequest(url: moto.endpoint + "/")
            request.method = "POST"
            request.body = Array(form.utf8)
            request.headers = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
            request.signing = AWSSigning(
                region: "us-east-1", service: "iam", accessKeyID: Secret(value: "a"),
                secretAccessKey: Secret(value: "b"))
            let response = try await transport.send(request)
            try #require(response.status == 200, "\(response.text)")
            return response.text
        }
        _ = try await iam("Action=CreateUser&Version=2010-05-08&UserName=reader")
        let policy =
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:AssumeRole"],"Resource":"*"}]}"#
        _ = try await iam(
            "Action=PutUserPolicy&Version=2010-05-08&UserName=reader&PolicyName=p&PolicyDocument=\(PercentCoding.encode(policy))"
        )
        let trust =
            #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#
        _ = try await iam(
            "Action=CreateRole&Version=2010-05-08&RoleName=backups&AssumeRolePolicyDocument=\(PercentCoding.encode(trust))"
        )
        let role = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}]}"#
        _ = try await iam(
            "Action=PutRolePolicy&Version=2010-05-08&RoleName=backups&PolicyName=p&PolicyDocument=\(PercentCoding.encode(role))"
        )
        let made = try await iam("Action=CreateAccessKey&Version=2010-05-08&UserName=reader")
        func between(_ tag: String) throws -> String {
            let start = try #require(made.range(of: "<\(tag)>")).upperBound
            return String(made[start...].prefix { $0 != "<" })
        }
        let estate = Estate(
            moto: moto, transport: transport, identifier: try between("AccessKeyId"),
            secret: try between("SecretAccessKey"))
        try await estate.put("/backups")
        try await estate.put(
            "/backups/" + PercentCoding.encode(odd, keepingSlashes: true), Array("odd".utf8),
            [
                (name: "x-amz-meta-Vault_Version", value: "1.8.0"), (name: "x-amz-meta-sha256", value: "ab"),
            ])
        for index in 0..<keys { try await estate.put("/backups/many/\(index)%20%2B") }
        var request = HTTPRequest(url: moto.endpoint + "/moto-api/reset-auth")
        request.method = "POST"
        request.body = Array("0".utf8)
        let response = try await transport.send(request)
        try #require(response.status == 200)
        return estate
    }

    func client(bucket: String = "backups", secret other: String? = nil, _ change: (inout S3Options) -> Void = { _ in })
        -> S3Client
    {
        var options = S3Options(bucket: bucket)
        options.endpoint = moto.endpoint
        options.pathStyle = true
        options.credentials = .keys(
            accessKeyID: Secret(value: identifier), secretAccessKey: Secret(value: other ?? secret), sessionToken: nil)
        change(&options)
        return S3Client(options, http: transport, files: SystemFiles())
    }
}

/// Against a server that verifies each signature: one server for all, since it takes seconds to start.
struct S3ClientTests {
    @Test func readsABucketThatVerifiesSignatures() async throws {
        let estate = try await Estate.start(keys: 1050)
        let client = estate.client()
        let odd = Estate.odd

        let all = try await client.list(prefix: "")
        #expect(all.count == 1051)
        #expect(Set(all.map(\.key)).count == 1051)
        #expect(all.contains { $0.key == "many/1049 +" })
        let found = try await client.list(prefix: "daily/a b+c=d&e%20f/ä")
        #expect(found.map(\.key) == [odd])
        #expect(found.first?.sizeBytes == 3)
        #expect(found.first?.etag.count == 32)
        #expect(abs((found.first?.lastModified.milliseconds ?? 0) - SystemTime().wall().milliseconds) < 600_000)
        #expect(try await client.list(prefix: "nothing/").isEmpty)
        #expect(
            await failure { () async throws(S3Error) in try await estate.client { $0.keyLimit = 1000 }.list(prefix: "")
            }?.reason == .limit)

        let metadata = try await client.head(odd)
        #expect(metadata.sizeBytes == 3)
        #expect(metadata.user["sha256"] == "ab")
        #expect(metadata.user["vault_version"] == "1.8.0")
        #expect(metadata.lastModified != nil)
        let bytes = Mutex<[UInt8]>([])
        let got = try await client.get(odd, limitBytes: 3) { piece in bytes.withLock { $0 += piece } }
        #expect(bytes.withLock { $0 } == Array("odd".utf8))
        #expect(got.user["sha256"] == "ab")
        #expect(
            await failure { () async throws(S3Error) in try await client.get(odd, limitBytes: 2) { _ in } }?.reason
                == .limit)

        #expect(await failure { () async throws(S3Error) in try await client.head("missing") }?.reason == .noSuchKey)
        #expect(
            await failure { () async throws(S3Error) in try await client.get("missing", limitBytes: 10) { _ in } }?
                .reason == .noSuchKey)
        let bucket = await failure { () async throws(S3Error) in
            try await estate.client(bucket: "no-such-bucket").list(prefix: "")
        }
        #expect(bucket?.reason == .noSuchBucket)
        let forged = await failure { () async throws(S3Error) in
            try await estate.client(secret: "forged").list(prefix: "")
        }
        #expect(forged?.reason == .credentials)
        #expect(forged?.message.contains("forged") == false)

        // x-amz-request-payer is signed with the rest.
        #expect(try await estate.client { $0.isRequesterPaying = true }.list(prefix: "daily/").count == 1)
        try await readsWithARolesSession(estate)
        await estate.moto.stop()
    }

    /// The token of a session is signed too, and the token service verifies the signature of the question for it.
    private func readsWithARolesSession(_ estate: Estate) async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let file = "\(folder.path)/credentials"
        try """
        [reader]
        aws_access_key_id = \(estate.identifier)
        aws_secret_access_key = \(estate.secret)
        [backups]
        role_arn = arn:aws:iam::123456789012:role/backups
        source_profile = reader

        """.write(toFile: file, atomically: true, encoding: .utf8)
        var profile = S3Credentials.ProfileOptions(name: "backups")
        profile.credentialsFile = file
        profile.configFile = "\(folder.path)/none"
        profile.stsEndpoint = estate.moto.endpoint
        let client = estate.client { $0.credentials = .profile(profile) }
        #expect(try await client.list(prefix: "daily/").count == 1)
        #expect(try await client.head(Estate.odd).sizeBytes == 3)
    }
}

/// Answers as scripted and records the requests.
private final class Script: HTTPClient {
    let asked = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable (HTTPRequest) throws(TransportError) -> HTTPResponse

    init(_ answer: @escaping @Sendable (HTTPRequest) throws(TransportError) -> HTTPResponse) { self.answer = answer }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        asked.withLock { $0.append(request) }
        return try answer(request)
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        try await send(request)
    }
}

struct S3ErrorTests {
    static let empty = Array("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".utf8)

    private func client(_ script: Script, endpoint: String? = nil) -> S3Client {
        var options = S3Options(bucket: "b")
        options.endpoint = endpoint
        options.credentials = .environment
        return S3Client(options, http: script, files: SystemFiles()) {
            ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"][$0]
        }
    }

    private static func page(_ code: String, _ more: String = "") -> [UInt8] {
        Array("<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message>\(more)</Error>".utf8)
    }

    /// Another region: asked again there once, signed for it, and from then on at once.
    @Test(arguments: [
        (301, page("PermanentRedirect"), "x-amz-bucket-region"),
        (400, page("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), "x"),
        (400, [], "x-amz-bucket-region"),
    ]) func goesToTheBucketsRegion(_ status: Int, _ body: [UInt8], _ header: String) async throws {
        let script = Script { request throws(TransportError) in
            request.signing?.region == "eu-west-1"
                ? HTTPResponse(status: 200, body: S3ErrorTests.empty)
                : HTTPResponse(status: status, headers: [(name: header, value: "eu-west-1")], body: body)
        }
        let client = client(script)
        #expect(try await client.list(prefix: "").isEmpty)
        #expect(try await client.list(prefix: "").isEmpty)
        let asked = script.asked.withLock { $0 }
        #expect(asked.count == 3)
        #expect(
            asked.map { $0.url.prefix { $0 != "?" } } == [
                "https://b.s3.us-east-1.amazonaws.com/", "https://b.s3.eu-west-1.amazonaws.com/",
                "https://b.s3.eu-west-1.amazonaws.com/",
            ])
        #expect(asked.allSatisfy { $0.redirectLimit == 0 })
    }

    /// Where HEAD tells of an archive, no GET follows.
    @Test(arguments: [
        [(name: "x-amz-storage-class", value: "DEEP_ARCHIVE")],
        [
            (name: "x-amz-storage-class", value: "INTELLIGENT_TIERING"),
            (name: "x-amz-archive-status", value: "ARCHIVE_ACCESS"),
        ],
        [(name: "x-amz-storage-class", value: "GLACIER"), (name: "x-amz-restore", value: "ongoing-request=\"true\"")],
    ]) func anArchivedObjectIsNotFetched(_ headers: [(name: String, value: String)]) async {
        let script = Script { _ throws(TransportError) in HTTPResponse(status: 200, headers: headers) }
        let error = await failure { () async throws(S3Error) in
            try await client(script).get("k", limitBytes: 10, receive: { _ in })
        }
        #expect(error?.reason == .archived && error?.message.contains("ARCHIVE") != error?.message.contains("GLACIER"))
        #expect(script.asked.withLock { $0.map(\.method) } == ["HEAD"])
    }

    @Test func aRefusedReadOfAnArchivedObjectIsNoLackOfRights() {
        let error = S3Failure.error(
            HTTPResponse(status: 403, body: S3ErrorTests.page("InvalidObjectState")), bucket: "b", key: "k",
            now: Timestamp(milliseconds: 0))
        #expect(error.reason == .archived)
    }

    @Test func followsATemporaryRedirectOnlyWithinAmazon() async throws {
        let script = Script { request throws(TransportError) in
            request.url.contains("s3-eu-west-1")
                ? HTTPResponse(status: 200, body: S3ErrorTests.empty)
                : HTTPResponse(
                    status: 307, headers: [(name: "location", value: "https://b.s3-eu-west-1.amazonaws.com/?x")],
                    body: S3ErrorTests.page("TemporaryRedirect"))
        }
        #expect(try await client(script).list(prefix: "").isEmpty)
        let evil = Script { _ throws(TransportError) in
            HTTPResponse(status: 307, headers: [(name: "location", value: "https://b.evil.example/")])
        }
        #expect(
            await failure { () async throws(S3Error) in try await client(evil).list(prefix: "") }?.reason
                == .wrongRegion)
        #expect(evil.asked.withLock { $0.count } == 1)
    }

    /// A host or region out of an answer becomes part of a URL to which a signed request goes.
    @Test(arguments: [
        ("<Endpoint>b.@evil.example/.amazonaws.com</Endpoint>", ""),
        ("<Endpoint>b.evil.example:443/x.amazonaws.com</Endpoint>", ""), ("", "evil.example/"), ("", "x@evil.example"),
        ("<Region>evil.example#</Region>", ""),
    ])
    func goesNowhereThatIsNoName(_ elements: String, _ region: String) async throws {
        let evil = Script { _ throws(TransportError) in
            HTTPResponse(
                status: 307, headers: region.isEmpty ? [] : [(name: "x-amz-bucket-region", value: region)],
                body: Array("<Error><Code>TemporaryRedirect</Code>\(elements)</Error>".utf8))
        }
        #expect(
            await failure { () async throws(S3Error) in try await client(evil).list(prefix: "") }?.reason
                == .wrongRegion)
        #expect(evil.asked.withLock { $0.count } == 1)
    }

    /// Sizes, dates and lengths at their extremes: an error or a value, and no trap.
    @Test func survivesExtremesInAnswers() {
        for size in ["9223372036854775807", "-1", "99999999999999999999", ""] {
            let page = S3Page(
                Array(
                    "<ListBucketResult><Contents><Key>k</Key><Size>\(size)</Size><LastModified>9999-12-31T23:59:59Z</LastModified></Contents></ListBucketResult>"
                        .utf8))
            #expect((page == nil) == (size != "9223372036854775807"))
            let metadata = S3Metadata(HTTPResponse(status: 200, headers: [(name: "content-length", value: size)]))
            #expect((metadata.sizeBytes == nil) == (size != "9223372036854775807"))
        }
        for (date, now) in [("Fri, 31 Dec 9999 23:59:59 GMT", Int64.min), ("Thu, 01 Jan 1970 00:00:00 GMT", .max)] {
            let error = S3Failure.error(
                HTTPResponse(status: 403, headers: [(name: "date", value: date)]), bucket: "b", key: "k",
                now: Timestamp(milliseconds: now))
            #expect(error.reason == .clockSkew)
        }
    }

    @Test func measuresTheClocksSkew() async throws {
        let date = HTTPDate.parse("Tue, 24 Nov 2026 00:05:40 GMT")
        #expect(date?.rfc3339 == "2026-11-24T00:05:40Z")
        let now = Timestamp(milliseconds: (date?.milliseconds ?? 0) + 1_200_000)
        let headers = [(name: "date", value: "Tue, 24 Nov 2026 00:05:40 GMT")]
        let get = S3Failure.error(
            HTTPResponse(status: 403, headers: headers, body: S3ErrorTests.page("RequestTimeTooSkewed")), bucket: "b",
            key: nil, now: now)
        #expect(get.reason == .clockSkew)
        #expect(get.skewSeconds == -1200)
        let head = S3Failure.error(HTTPResponse(status: 403, headers: headers), bucket: "b", key: "k", now: now)
        #expect(head.reason == .clockSkew)
        let denied = S3Failure.error(
            HTTPResponse(status: 403, headers: headers), bucket: "b", key: "k", now: date ?? now)
        #expect(denied.reason == .accessDenied)
        #expect(denied.skewSeconds == nil)
    }

    @Test func tellsADeleteMarkerFromAMissingKey() {
        func reason(_ status: Int, _ headers: [(name: String, value: String)] = [], _ body: [UInt8] = [])
            -> S3Error.Reason
        {
            S3Failure.error(
                HTTPResponse(status: status, headers: headers, body: body), bucket: "b", key: "k",
                now: Timestamp(milliseconds: 0)
            ).reason
        }
        #expect(reason(404) == .noSuchKey)
        #expect(reason(404, [(name: "x-amz-delete-marker", value: "true")]) == .deleteMarker)
        #expect(reason(404, [], S3ErrorTests.page("NoSuchBucket")) == .noSuchBucket)
        #expect(reason(403, [], S3ErrorTests.page("AccessDenied")) == .accessDenied)
        #expect(reason(503, [], S3ErrorTests.page("SlowDown")) == .throttled)
        #expect(reason(500) == .server)
    }

    @Test(arguments: [
        "", "<html>", "<ListBucketResult><Contents></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    ])
    func refusesAListingThatIsNone(_ body: String) async {
        let script = Script { _ throws(TransportError) in HTTPResponse(status: 200, body: Array(body.utf8)) }
        #expect(
            await failure { () async throws(S3Error) in try await client(script).list(prefix: "") }?.reason
                == .malformed)
    }

    @Test func namesMissingCredentials() async {
        let script = Script { _ throws(TransportError) in HTTPResponse(status: 200) }
        let client = S3Client(S3Options(bucket: "b"), http: script, files: SystemFiles()) { _ in nil }
        #expect(
            await failure { () async throws(S3Error) in try await client.list(prefix: "") }?.reason == .noCredentials)
        #expect(script.asked.withLock { $0.isEmpty })
    }
}

struct XMLElementTests {
    @Test func readsWhatS3Writes() {
        let root = XMLElement.parse(
            Array(
                "<?xml version='1.0'?><!-- c --><n:A x=\"a>b\"><B>1 &lt; 2 &#x20AC;&#65;</B><C/><B><![CDATA[<&>]]></B></n:A>"
                    .utf8))
        #expect(root?.name == "A")
        #expect(root?.all("B").map(\.text) == ["1 < 2 €A", "<&>"])
        #expect(root?["C"] == "")
    }

    @Test(arguments: [
        "<A>", "<A></B>", "<A>&unknown;</A>", "<!DOCTYPE a [<!ENTITY b \"c\">]><A/>", "text<A/>", "<A>&#xD800;</A>",
        "<A><![CDATA[x</A>", "< >", "<A>&#x+41;</A>", "<A>&#+65;</A>", "<A>&#-0;</A>", "<A>&#x;</A>",
    ])
    func refusesWhatIsNotWellFormed(_ text: String) {
        #expect(XMLElement.parse(Array(text.utf8)) == nil)
    }

    @Test func isBounded() {
        #expect(
            XMLElement.parse(Array((String(repeating: "<A>", count: 20) + String(repeating: "</A>", count: 20)).utf8))
                == nil)
        #expect(
            XMLElement.parse(Array(("<A>" + String(repeating: "<B/>", count: XMLElement.elementLimit) + "</A>").utf8))
                == nil)
    }
}

struct S3EncodingTests {
    @Test func encodesAsRFC3986() {
        #expect(PercentCoding.encode("a b+c/ä~*'") == "a%20b%2Bc%2F%C3%A4~%2A%27")
        #expect(PercentCoding.encode("a/b", keepingSlashes: true) == "a/b")
        #expect(
            S3Encoding.query([("prefix", "x/"), ("list-type", "2"), ("delimiter", "")])
                == "delimiter=&list-type=2&prefix=x%2F")
        #expect(S3Encoding.decode("a+b%2B%C3%A4") == "a b+ä")
        #expect(S3Encoding.decode("%") == nil)
        #expect(S3Encoding.decode("%FF") == nil)
    }
}
