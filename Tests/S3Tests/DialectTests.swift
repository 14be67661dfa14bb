import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Text
import Transport

@testable import S3

/// Each object store's own way to answer; the table is in Sources/S3/README.md.
struct DialectTests {
    private static let begin = Timestamp(milliseconds: 1_795_467_000_000)

    private static func answer(_ status: Int, _ text: String, _ headers: [(name: String, value: String)] = [])
        -> HTTPResponse
    { HTTPResponse(status: status, headers: headers, body: Array(text.utf8)) }

    private static func page(_ keys: [String], _ more: String = "<IsTruncated>false</IsTruncated>") -> HTTPResponse {
        let contents = keys.map {
            "<Contents><Key>\($0)</Key><LastModified>2026-11-24T00:05:40.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
        }
        return answer(200, "<ListBucketResult>\(more)\(contents.joined())</ListBucketResult>")
    }

    private func client(
        _ services: Services, time: VirtualTime = VirtualTime(wall: begin),
        _ change: (inout S3Options) -> Void = { _ in }
    )
        -> S3Client
    {
        var options = S3Options(bucket: "b")
        options.credentials = .keys(
            accessKeyID: Secret(value: "id"), secretAccessKey: Secret(value: "key"), sessionToken: nil)
        options.retries = 0
        change(&options)
        return S3Client(options, http: services, files: MemoryFiles(), time: time) { _ in nil }
    }

    private func failure(_ client: S3Client, prefix: String = "") async -> S3Error? {
        do {
            _ = try await client.list(prefix: prefix)
            return nil
        } catch { return error }
    }

    private static func query(_ request: HTTPRequest) -> [String: String] {
        let text = request.url.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        return Dictionary(PercentCoding.items(text).map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
    }

    // MARK: Forms of one listing

    @Test(arguments: [
        // AWS: a namespace, fractions, quoted tags as character references.
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated><Contents><Key>k</Key><LastModified>2026-11-24T00:05:40.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>",
        // Ceph: no namespace, microseconds, an owner.
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key><LastModified>2026-11-24T00:05:40.000000Z</LastModified><ETag>\"e\"</ETag><Size>1</Size><Owner><ID>o</ID></Owner></Contents></ListBucketResult>",
        // A prefix of the namespace, no fractions, a bare tag.
        "<s3:ListBucketResult xmlns:s3=\"x\"><s3:IsTruncated>false</s3:IsTruncated><s3:Contents><s3:Key>k</s3:Key><s3:LastModified>2026-11-24T00:05:40Z</s3:LastModified><s3:ETag>e</s3:ETag><s3:Size>1</s3:Size></s3:Contents></s3:ListBucketResult>",
        // Google: generations beside the rest.
        "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'><IsTruncated>false</IsTruncated><Contents><Key>k</Key><Generation>1</Generation><MetaGeneration>1</MetaGeneration><LastModified>2026-11-24T00:05:40.0Z</LastModified><ETag>W/\"e\"</ETag><Size>1</Size></Contents></ListBucketResult>",
        // Escaped though nobody asked: the answer says so itself.
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>%6B</Key><LastModified>2026-11-24T00:05:40+00:00</LastModified><Size>1</Size><ETag>e</ETag></Contents></ListBucketResult>",
    ]) func oneListingInAllForms(_ text: String) async throws {
        let services = Services { _ throws(TransportError) in Self.answer(200, text) }
        let objects = try await client(services).list(prefix: "")
        #expect(objects.map(\.key) == ["k"] && objects.map(\.etag) == ["e"] && objects.map(\.sizeBytes) == [1])
        #expect(objects.map(\.lastModified.rfc3339) == ["2026-11-24T00:05:40Z"])
    }

    /// Google's servers give metadata their own prefix; others write headers in any case, which the transport lowers.
    @Test func metadataUnderItsNames() {
        let metadata = S3Metadata(
            HTTPResponse(
                status: 200,
                headers: [
                    (name: "x-goog-meta-sha256", value: "g"), (name: "x-amz-meta-version", value: "v"),
                    (name: "etag", value: "W/\"e\""), (name: "x-amz-storage-class", value: "STANDARD_IA"),
                ]))
        #expect(metadata.user == ["sha256": "g", "version": "v"])
        #expect(metadata.etag == "e" && metadata.storageClass == "STANDARD_IA" && metadata.archivedIn == nil)
    }

    // MARK: ListObjects

    /// A server that refuses `list-type=2`, and one that overlooks it: both are read by markers, and asked so from then on.
    @Test(arguments: [true, false]) func theFirstVersionOfTheListing(_ refuses: Bool) async throws {
        let services = Services { request throws(TransportError) in
            let query = Self.query(request)
            if refuses, query["list-type"] != nil {
                return Self.answer(501, "<Error><Code>NotImplemented</Code></Error>")
            }
            return switch query["marker"] {
            case nil: Self.page(["a", "b"], "<IsTruncated>true</IsTruncated>")
            case "b": Self.page(["c"], "<IsTruncated>true</IsTruncated><NextMarker>c2</NextMarker>")
            case "c2": Self.page(["d"])
            default: Self.answer(400, "")
            }
        }
        let client = client(services)
        #expect(try await client.list(prefix: "").map(\.key) == ["a", "b", "c", "d"])
        let first = services.asked.withLock { $0.count }
        #expect(first == (refuses ? 4 : 3))
        #expect(try await client.list(prefix: "").count == 4)
        #expect(services.asked.withLock { $0.count } == first + 3)
        #expect(services.asked.withLock { Self.query($0[first])["list-type"] } == nil)
    }

    /// Pages without keys come from buckets full of delete markers.
    @Test func anEmptyPageMayLeadOn() async throws {
        let services = Services { request throws(TransportError) in
            Self.query(request)["continuation-token"] == nil
                ? Self.page([], "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>")
                : Self.page(["a"])
        }
        #expect(try await client(services).list(prefix: "").map(\.key) == ["a"])
    }

    // MARK: Listings that lie

    @Test(arguments: [
        (["d/a", "e/b"], "", "a key is not below the prefix"), (["d/a", "d/a"], "", "a key is listed twice"),
        (["d/b", "d/a"], "", "keys are out of order"),
        (
            ["d/a"], "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>",
            "a key is listed twice"
        ),
        (
            [], "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>",
            "a page leads back to itself"
        ),
    ]) func aListingThatContradictsItselfIsNotTrusted(_ keys: [String], _ more: String, _ said: String) async {
        let services = Services { _ throws(TransportError) in Self.page(keys, more) }
        let error = await failure(client(services), prefix: "d/")
        #expect(error?.reason == .untrusted && error?.message.hasSuffix(said) == true)
        #expect(services.asked.withLock { $0.count } <= 2)
    }

    /// rustfs/rustfs#3217: cut at a limit of the server's own, and called whole.
    @Test(arguments: [true, false]) func aListingThatStopsAtARoundNumberIsAskedOn(_ isCut: Bool) async throws {
        let keys = (100..<200).map { "k\($0)" }
        let services = Services { request throws(TransportError) in
            Self.query(request)["start-after"] == "k199" ? Self.page(isCut ? ["k200"] : []) : Self.page(keys)
        }
        let error = await failure(client(services))
        #expect(error?.reason == (isCut ? .untrusted : nil))
        #expect(error?.message.hasSuffix("it is said to be whole after 100 keys, but others follow") != false)
        #expect(services.asked.withLock { $0.count } == 2)
    }

    /// Directory buckets list in no order.
    @Test func aDirectoryBucketHasNoOrder() async throws {
        let services = Services { _ throws(TransportError) in Self.page(["b", "a"]) }
        #expect(try await client(services) { $0.bucket = "b--euw1-az1--x-s3" }.list(prefix: "").count == 2)
    }

    // MARK: Errors

    @Test(arguments: [
        (403, "InvalidAccessKeyId", S3Error.Reason.credentials), (403, "SignatureDoesNotMatch", .credentials),
        (401, "Unauthorized", .credentials), (403, "RequestTimeTooSkewed", .clockSkew), (503, "SlowDown", .throttled),
        (503, "ServiceUnavailable", .throttled), (429, "TooManyRequests", .throttled), (500, "InternalError", .server),
        (404, "NoSuchBucket", .noSuchBucket), (403, "AccessDenied", .accessDenied),
        (403, "AllAccessDisabled", .accessDenied),
        (301, "PermanentRedirect", .wrongRegion), (400, "AuthorizationHeaderMalformed", .wrongRegion),
        (400, "ExpiredToken", .credentials), (400, "InvalidRegionName", .other),
    ]) func codesHaveTheirReasons(_ status: Int, _ code: String, _ reason: S3Error.Reason) async {
        let services = Services { _ throws(TransportError) in Self.answer(status, "<Error><Code>\(code)</Code></Error>")
        }
        #expect(await failure(client(services))?.reason == reason)
    }

    // MARK: Patience

    /// 503 SlowDown: again after a second, and after two; what it asks for counts up to five.
    @Test func waitsWhereItIsAskedTo() async throws {
        let time = VirtualTime(wall: Self.begin)
        let left = Mutex(2)
        let services = Services { _ throws(TransportError) in
            let isBusy = left.withLock { left in
                left -= 1
                return left >= 0
            }
            return isBusy
                ? Self.answer(503, "<Error><Code>SlowDown</Code></Error>", [(name: "retry-after", value: "3")])
                : Self.page(["a"])
        }
        let client = client(services, time: time) { $0.retries = 2 }
        async let objects = client.list(prefix: "")
        await time.run(for: .seconds(60))
        #expect(try await objects.count == 1)
        #expect(services.asked.withLock { $0.count } == 3)
    }

    @Test(arguments: [(503, 3), (500, 3), (501, 1), (403, 1)]) func givesUpAfterItsTries(_ status: Int, _ tries: Int)
        async
    {
        let time = VirtualTime(wall: Self.begin)
        let services = Services { _ throws(TransportError) in Self.answer(status, "<Error><Code>X</Code></Error>") }
        let client = client(services, time: time) { $0.retries = 2 }
        async let error = failure(client)
        await time.run(for: .seconds(60))
        #expect(await error != nil)
        // A 501 is asked once in each version of the listing.
        #expect(services.asked.withLock { $0.count } == (status == 501 ? 2 : tries))
    }

    /// A caller that waits for a second hears what the store says, and no timeout of its own.
    @Test func patienceEndsBeforeTheCallers() async {
        let time = VirtualTime(wall: Self.begin)
        let services = Services { _ throws(TransportError) in Self.answer(503, "<Error><Code>SlowDown</Code></Error>") }
        let client = client(services, time: time) {
            $0.retries = 2
            $0.patience = .milliseconds(333)
        }
        #expect(await failure(client)?.reason == .throttled)
        #expect(services.asked.withLock { $0.count } == 1)
    }

    // MARK: Addresses

    @Test(arguments: [
        ("https://host/s3", true, "https://host/s3/b/k"), ("https://host/s3/", true, "https://host/s3/b/k"),
        ("https://host:9000", true, "https://host:9000/b/k"), ("https://s3.example", false, "https://b.s3.example/k"),
    ]) func anEndpointMayHaveAPath(_ endpoint: String, _ pathStyle: Bool, _ url: String) async throws {
        let services = Services { _ throws(TransportError) in HTTPResponse(status: 200) }
        _ = try await client(services) {
            $0.endpoint = endpoint
            $0.pathStyle = pathStyle
        }.head("k")
        #expect(services.asked.withLock { $0.map(\.url) } == [url])
    }

    @Test func theRequesterPays() async throws {
        let services = Services { _ throws(TransportError) in Self.page(["a"]) }
        _ = try await client(services) { $0.isRequesterPaying = true }.list(prefix: "")
        _ = try await client(services).list(prefix: "")
        let headers = services.asked.withLock { $0.map { $0.headers.map { "\($0.name): \($0.value)" } } }
        #expect(headers == [["x-amz-request-payer: requester"], []])
    }

    // MARK: Versions

    @Test func findsWhatAMarkerHides() async throws {
        let services = Services { request throws(TransportError) in
            let query = Self.query(request)
            guard query["versions"] != nil else { return Self.answer(400, "") }
            return switch query["key-marker"] {
            case "d/0":
                Self.answer(
                    200,
                    "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>d/1</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker><DeleteMarker><Key>d/1</Key><IsLatest>true</IsLatest><LastModified>2026-11-24T00:05:40Z</LastModified></DeleteMarker></ListVersionsResult>"
                )
            case "d/1":
                Self.answer(
                    200,
                    // d/2 was overwritten since; d/3 has nothing below its marker.
                    "<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>d/1</Key><IsLatest>false</IsLatest></Version><Version><Key>d/2</Key><IsLatest>true</IsLatest></Version><DeleteMarker><Key>d/2</Key><IsLatest>false</IsLatest><LastModified>2026-11-24T00:05:40Z</LastModified></DeleteMarker><DeleteMarker><Key>d/3</Key><IsLatest>true</IsLatest><LastModified>2026-11-24T00:05:40Z</LastModified></DeleteMarker></ListVersionsResult>"
                )
            default: Self.answer(400, "")
            }
        }
        let found = try await client(services).deleted(prefix: "d/", after: "d/0")
        #expect(found.map(\.key) == ["d/1"] && found.first?.deleted.rfc3339 == "2026-11-24T00:05:40Z")
    }

    @Test func versionsWithoutAnEndAreLeft() async throws {
        let count = Mutex(0)
        let services = Services { _ throws(TransportError) in
            let next = count.withLock { count in
                count += 1
                return count
            }
            return Self.answer(
                200,
                "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k\(next)</NextKeyMarker></ListVersionsResult>"
            )
        }
        #expect(try await client(services).deleted(prefix: "", after: nil).isEmpty)
        #expect(count.withLock { $0 } == 5)
    }

    // MARK: Posture

    private static let good: [String: String] = [
        "versioning":
            "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
        "object-lock":
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
        "encryption":
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
        "publicAccessBlock":
            "<PublicAccessBlockConfiguration><BlockPublicAcls>TRUE</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
        "policyStatus": "<PolicyStatus><IsPublic>FALSE</IsPublic></PolicyStatus>",
        "lifecycle":
            "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Prefix>daily/</Prefix></Filter><Expiration><Days>31</Days></Expiration></Rule><Rule><Status>Disabled</Status><Prefix></Prefix><Expiration><Days>1</Days></Expiration></Rule><Rule><Status>Enabled</Status><Filter><And><Prefix>daily/</Prefix><Tag><Key>a</Key></Tag></And></Filter><Expiration><Days>2</Days></Expiration></Rule><Rule><Status>Enabled</Status><Prefix/><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>",
    ]

    @Test func readsHowABucketIsProtected() async throws {
        let services = Services { request throws(TransportError) in
            let question = Self.query(request).keys.first ?? ""
            return Self.answer(200, Self.good[question] ?? "")
        }
        let posture = try await client(services).posture()
        #expect(posture.isVersioned == true && posture.needsMFADelete == true && posture.hasObjectLock == true)
        #expect(posture.lockRetention == .init(mode: "COMPLIANCE", days: 30))
        #expect(posture.isEncrypted == true && posture.blocksPublicAccess == true && posture.isPublic == false)
        #expect(posture.lifecycle?.count == 3 && posture.unknown.isEmpty)
        #expect(posture.expirationDays(below: "daily/") == 31 && posture.expirationDays(below: "monthly/") == nil)
    }

    /// That there is no such configuration is an answer.
    @Test func whatIsNotConfiguredIsOff() async throws {
        let codes = [
            "object-lock": "ObjectLockConfigurationNotFoundError",
            "encryption": "ServerSideEncryptionConfigurationNotFoundError",
            "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration", "policyStatus": "NoSuchBucketPolicy",
            "lifecycle": "NoSuchLifecycleConfiguration",
        ]
        let services = Services { request throws(TransportError) in
            codes[Self.query(request).keys.first ?? ""].map { Self.answer(404, "<Error><Code>\($0)</Code></Error>") }
                ?? Self.answer(200, "<VersioningConfiguration/>")
        }
        let posture = try await client(services).posture()
        #expect(posture.isVersioned == false && posture.hasObjectLock == false && posture.isEncrypted == false)
        #expect(posture.blocksPublicAccess == false && posture.isPublic == false && posture.lifecycle == [])
    }

    /// A lack of rights, a server that does not know the question, and one that answers everything with a listing.
    @Test(arguments: [
        (403, "<Error><Code>AccessDenied</Code></Error>"), (501, "<Error><Code>NotImplemented</Code></Error>"),
        (400, "<Error><Code>InvalidArgument</Code></Error>"), (405, ""), (200, ""),
        (404, "<Error><Code>NoSuchKey</Code></Error>"),
        (200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"), (500, ""),
    ]) func whatIsNotSaidIsNotKnown(_ status: Int, _ text: String) async throws {
        let services = Services { _ throws(TransportError) in Self.answer(status, text) }
        var posture = try await client(services).posture()
        #expect(posture.unknown.count == 6)
        posture.unknown = []
        #expect(posture == S3Posture())
    }
}
