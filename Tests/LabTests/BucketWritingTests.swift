import Foundation
import Platform
import Samples
import Testing
import Text

@testable import Lab

/// What the estate's bucket answers to those who write. Amazon S3 API Reference, and an S3-compatible server that was
/// asked the same.
struct BucketWritingTests {
    private static let now = Timestamp(year: 2026, month: 11, day: 23, hour: 12)
    private static let part = [UInt8](repeating: 7, count: 5 << 20)

    /// Asks, as a client that says the right digest of its body.
    private func ask(
        _ bucket: inout Bucket, _ method: String, _ target: String, _ body: [UInt8] = [],
        _ headers: [String: String] = [:]
    ) -> LabResponse {
        let scope = "KEY/20261123/\(bucket.region)/s3/aws4_request"
        let signature = String(repeating: "0", count: 64)
        let own = [
            "authorization": "AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host, Signature=\(signature)",
            "x-amz-date": "20261123T120000Z", "x-amz-content-sha256": sha256(body),
        ]
        let reply = bucket.answer(
            LabRequest(
                method: method, uri: "/\(bucket.name)/\(target)", headers: own.merging(headers) { _, given in given },
                body: body), at: BucketWritingTests.now, accessKey: "KEY", random: SystemRandom())
        guard case .response(let response) = reply else { return LabResponse(0) }
        return response
    }

    /// The status and the error code, or the status alone.
    private func outcome(_ response: LabResponse) -> String {
        let text = String(decoding: response.body, as: UTF8.self)
        let code = text.split(separator: "<Code>").dropFirst().first?.prefix { $0 != "<" }
        return "\(response.status)" + (code.map { " " + $0 } ?? "")
    }

    private func text(_ name: String, in response: LabResponse) -> String {
        let text = String(decoding: response.body, as: UTF8.self)
        return text.components(separatedBy: "<\(name)>").dropFirst().first?.components(separatedBy: "<").first ?? ""
    }

    private func md5Header(_ body: [UInt8]) -> [String: String] {
        ["content-md5": Data(md5Bytes(body)).base64EncodedString()]
    }

    // MARK: Whole objects

    @Test func anObjectIsKeptWithItsMetadata() {
        var bucket = Bucket()
        let body = Array("abc".utf8)
        let sum = Data(sha256Bytes(body)).base64EncodedString()
        let headers = md5Header(body).merging(
            [
                "x-amz-checksum-sha256": sum, "x-amz-meta-checksum": "c", "x-amz-meta-vault_version": "1.8.0",
                "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2026-12-23T12:00:00Z",
                "if-none-match": "*",
            ]) { $1 }
        let stored = ask(&bucket, "PUT", "daily/a%20b.enc", body, headers)
        #expect(stored.status == 200 && stored.headers["ETag"] == "\"900150983cd24fb0d6963f7d28e17f72\"")
        let head = ask(&bucket, "HEAD", "daily/a%20b.enc", [], ["x-amz-checksum-mode": "ENABLED"])
        #expect(head.headers["x-amz-meta-checksum"] == "c" && head.headers["x-amz-meta-vault_version"] == "1.8.0")
        #expect(head.headers["ETag"] == stored.headers["ETag"] && head.headers["x-amz-checksum-sha256"] == sum)
        #expect(head.headers["x-amz-object-lock-mode"] == "GOVERNANCE")
        #expect(head.headers["x-amz-object-lock-retain-until-date"] == "2026-12-23T12:00:00Z")
        let read = ask(&bucket, "GET", "daily/a%20b.enc")
        #expect(read.body == body && read.headers["x-amz-checksum-sha256"] == nil)
        #expect(bucket.objects["daily/a b.enc"]?.modified == BucketWritingTests.now)
        // Only who asks for it is kept from overwriting.
        #expect(
            outcome(ask(&bucket, "PUT", "daily/a%20b.enc", [1], headers.filter { $0.key == "if-none-match" }))
                == "412 PreconditionFailed")
        #expect(ask(&bucket, "PUT", "daily/a%20b.enc", [1]).status == 200)
        #expect(ask(&bucket, "GET", "daily/a%20b.enc").body == [1])
    }

    @Test(arguments: [
        (["content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="], "400 BadDigest"), (["content-md5": "short"], "400 InvalidDigest"),
        (["x-amz-content-sha256": String(repeating: "0", count: 64)], "400 XAmzContentSHA256Mismatch"),
        (["x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"], "501 NotImplemented"),
        (["x-amz-checksum-sha256": "AAAA"], "400 InvalidRequest"),
        (["x-amz-checksum-sha256": String(repeating: "A", count: 43) + "="], "400 BadDigest"),
        (["content-length": "4"], "400 IncompleteBody"), (["x-amz-copy-source": "/b/k"], "501 NotImplemented"),
        (["x-amz-meta-a": String(repeating: "a", count: 2048)], "400 MetadataTooLarge"),
        (["x-amz-object-lock-mode": "GOVERNANCE"], "400 InvalidArgument"),
        (
            ["x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2026-11-22T12:00:00Z"],
            "400 InvalidArgument"
        ),
        (
            ["x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2026-12-22T12:00:00Z"],
            "400 InvalidRequest"
        ),
    ]) func whatIsRefusedIsNotStored(headers: [String: String], expected: String) {
        var bucket = Bucket()
        #expect(outcome(ask(&bucket, "PUT", "key", [1, 2, 3], headers)) == expected)
        #expect(ask(&bucket, "HEAD", "key").status == 404 && bucket.objects.isEmpty)
    }

    @Test func otherRefusals() {
        var bucket = Bucket()
        #expect(outcome(ask(&bucket, "PUT", String(repeating: "k", count: 1025), [1])) == "400 KeyTooLongError")
        #expect(outcome(ask(&bucket, "PUT", "key?acl=", [1])) == "501 NotImplemented")
        #expect(outcome(ask(&bucket, "PUT", "")) == "405 MethodNotAllowed")
        #expect(outcome(ask(&bucket, "PATCH", "key")) == "405 MethodNotAllowed")
        #expect(
            outcome(ask(&bucket, "PUT", "key", [1], ["authorization": "none"])) == "400 AuthorizationHeaderMalformed")
        let lock = [
            "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2026-12-22T12:00:00Z",
        ]
        bucket.configuration.answers["object-lock"] = .absent
        #expect(outcome(ask(&bucket, "PUT", "key", [1], lock.merging(md5Header([1])) { $1 })) == "400 InvalidRequest")
        #expect(bucket.objects.isEmpty)
        #expect(ask(&bucket, "PUT", "key", [1], ["x-amz-content-sha256": "UNSIGNED-PAYLOAD"]).status == 200)
    }

    /// A demo runs for weeks.
    @Test func whatIsKeptIsBounded() {
        var bucket = Bucket()
        bucket.limits.entries = 3
        bucket.limits.bytes = 10
        bucket.limits.uploads = 1
        #expect(ask(&bucket, "PUT", "a", [1, 2, 3, 4, 5]).status == 200)
        #expect(outcome(ask(&bucket, "PUT", "b", [UInt8](repeating: 0, count: 6))) == "403 QuotaExceeded")
        #expect(ask(&bucket, "DELETE", "a").status == 204)
        #expect(outcome(ask(&bucket, "PUT", "b", [UInt8](repeating: 0, count: 6))) == "403 QuotaExceeded", "hidden")
        #expect(ask(&bucket, "PUT", "b", [UInt8](repeating: 0, count: 4)).status == 200)
        let id = text("UploadId", in: ask(&bucket, "POST", "c?uploads="))
        #expect(outcome(ask(&bucket, "POST", "c?uploads=")) == "403 QuotaExceeded")
        #expect(outcome(ask(&bucket, "PUT", "c?partNumber=1&uploadId=\(id)", [1])) == "403 QuotaExceeded")
        #expect(ask(&bucket, "DELETE", "c?uploadId=\(id)").status == 204)
        #expect(ask(&bucket, "PUT", "c", [1]).status == 200)
    }

    // MARK: Deletion

    @Test func deletionHidesWhereThereAreVersions() {
        var bucket = Bucket()
        #expect(ask(&bucket, "PUT", "a", [1]).status == 200)
        #expect(outcome(ask(&bucket, "DELETE", "a?versionId=1")) == "501 NotImplemented")
        let hidden = ask(&bucket, "DELETE", "a")
        #expect(hidden.status == 204 && hidden.headers["x-amz-delete-marker"] == "true")
        #expect(ask(&bucket, "HEAD", "a").headers["x-amz-delete-marker"] == "true")
        #expect(ask(&bucket, "DELETE", "none").status == 204)
        bucket.configuration.answers["versioning"] = .document("<VersioningConfiguration/>")
        #expect(ask(&bucket, "PUT", "b", [1]).status == 200)
        #expect(ask(&bucket, "DELETE", "b").headers["x-amz-delete-marker"] == nil)
        #expect(ask(&bucket, "HEAD", "b").headers["x-amz-delete-marker"] == nil && bucket.objects.isEmpty)
    }

    @Test func manyAreDeletedTogether() {
        var bucket = Bucket()
        for key in ["a%26b", "c", "d"] { #expect(ask(&bucket, "PUT", key, [1]).status == 200) }
        func delete(_ content: String, isSummed: Bool = true) -> LabResponse {
            let body = Array("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(content)</Delete>".utf8)
            return ask(&bucket, "POST", "?delete=", body, isSummed ? md5Header(body) : [:])
        }
        #expect(outcome(delete("<Object><Key>c</Key></Object>", isSummed: false)) == "400 MissingContentMD5")
        for malformed in ["", "<Object><Key></Key></Object>", "<Object><Key>a&b</Key></Object>", "<Object></Object>"] {
            #expect(outcome(delete(malformed)) == "400 MalformedXML", "\(malformed)")
        }
        let many = String(repeating: "<Object><Key>c</Key></Object>", count: 1001)
        #expect(outcome(delete(many)) == "400 MalformedXML")
        #expect(bucket.objects.count == 3)
        let answer = delete("<Object><Key>a&amp;b</Key></Object><Object><Key>none</Key></Object>")
        let page = String(decoding: answer.body, as: UTF8.self)
        #expect(page.contains("<Deleted><Key>a&amp;b</Key>") && page.contains("<Deleted><Key>none</Key>"))
        #expect(Set(bucket.objects.keys) == ["c", "d"])
        let quiet = delete("<Quiet>true</Quiet><Object><Key>&#x63;</Key></Object>")
        #expect(quiet.status == 200 && !String(decoding: quiet.body, as: UTF8.self).contains("<Deleted>"))
        #expect(Set(bucket.objects.keys) == ["d"])
    }

    // MARK: Parts

    private func completion(_ parts: [(number: Int, tag: String)]) -> [UInt8] {
        let list = parts.map { "<Part><PartNumber>\($0.number)</PartNumber><ETag>&quot;\($0.tag)&quot;</ETag></Part>" }
        return Array("<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>".utf8)
    }

    @Test func partsInAnyOrderBecomeAnObject() {
        var bucket = Bucket()
        let begun = ask(&bucket, "POST", "daily/k?uploads=", [], ["x-amz-meta-checksum": "c"])
        let id = text("UploadId", in: begun)
        #expect(text("Key", in: begun) == "daily/k" && begun.headers["x-amz-checksum-algorithm"] == nil)
        let other = text("UploadId", in: ask(&bucket, "POST", "other?uploads="))
        let last = Array("end".utf8)
        // One of them twice: the second counts.
        for (number, body) in [(2, last), (1, [9]), (1, Self.part)] {
            let stored = ask(&bucket, "PUT", "daily/k?partNumber=\(number)&uploadId=\(id)", body, md5Header(body))
            #expect(stored.headers["ETag"] == "\"\(md5(body))\"")
        }
        #expect(bucket.objects.isEmpty)
        let listed = String(
            decoding: ask(&bucket, "GET", "?uploads=&prefix=daily%2F&encoding-type=url").body, as: UTF8.self)
        #expect(listed.contains("<UploadId>\(id)</UploadId><Initiated>2026-11-23T12:00:00Z</Initiated>"))
        #expect(!listed.contains(other))
        let joined = ask(
            &bucket, "POST", "daily/k?uploadId=\(id)", completion([(1, md5(Self.part)), (2, md5(last))]))
        #expect(joined.status == 200)
        let tag = md5(md5Bytes(Self.part) + md5Bytes(last)) + "-2"
        #expect(String(decoding: joined.body, as: UTF8.self).contains("<ETag>&quot;\(tag)&quot;</ETag>"))
        let read = ask(&bucket, "GET", "daily/k")
        #expect(read.body == Self.part + last && read.headers["ETag"] == "\"\(tag)\"")
        #expect(read.headers["x-amz-meta-checksum"] == "c")
        // Each upload ends once.
        #expect(outcome(ask(&bucket, "POST", "daily/k?uploadId=\(id)", completion([(1, tag)]))) == "404 NoSuchUpload")
        #expect(outcome(ask(&bucket, "DELETE", "daily/k?uploadId=\(other)")) == "404 NoSuchUpload", "of another key")
        #expect(ask(&bucket, "DELETE", "other?uploadId=\(other)").status == 204)
        #expect(bucket.uploads.isEmpty)
    }

    @Test func wrongPartsAreRefused() {
        var bucket = Bucket()
        let id = text("UploadId", in: ask(&bucket, "POST", "k?uploads="))
        func part(_ number: String, _ body: [UInt8], _ headers: [String: String] = [:]) -> String {
            outcome(ask(&bucket, "PUT", "k?partNumber=\(number)&uploadId=\(id)", body, headers))
        }
        for number in ["0", "10001", "-1", "x", ""] { #expect(part(number, [1]) == "400 InvalidArgument") }
        #expect(part("1", [1], ["content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="]) == "400 BadDigest")
        #expect(part("1", [1]) == "200" && part("2", [2]) == "200")
        func complete(_ parts: [(number: Int, tag: String)]) -> String {
            outcome(ask(&bucket, "POST", "k?uploadId=\(id)", completion(parts)))
        }
        let (one, two) = (md5([1]), md5([2]))
        #expect(complete([(1, one), (2, two)]) == "400 EntityTooSmall")
        #expect(complete([(2, two), (1, one)]) == "400 InvalidPartOrder")
        #expect(complete([(1, two)]) == "400 InvalidPart" && complete([(3, one)]) == "400 InvalidPart")
        #expect(complete([]) == "400 MalformedXML")
        #expect(outcome(ask(&bucket, "POST", "k?uploadId=\(id)", Array("none".utf8))) == "400 MalformedXML")
        #expect(outcome(ask(&bucket, "POST", "k")) == "405 MethodNotAllowed")
        #expect(bucket.objects.isEmpty && bucket.uploads.count == 1)
        // The last may be small, also if it is the only one.
        #expect(complete([(2, two)]) == "200" && bucket.objects["k"]?.bytes == [2])
    }

    @Test func checksumsOfPartsAreCompared() {
        var bucket = Bucket()
        let begun = ask(&bucket, "POST", "k?uploads=", [], ["x-amz-checksum-algorithm": "SHA256"])
        #expect(begun.headers["x-amz-checksum-algorithm"] == "SHA256")
        let id = text("UploadId", in: begun)
        let sum = Data(sha256Bytes([1])).base64EncodedString()
        let stored = ask(&bucket, "PUT", "k?partNumber=1&uploadId=\(id)", [1], ["x-amz-checksum-sha256": sum])
        #expect(stored.headers["x-amz-checksum-sha256"] == sum)
        func complete(_ checksum: String) -> String {
            let text =
                "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\(md5([1]))</ETag>\(checksum)</Part></CompleteMultipartUpload>"
            return outcome(ask(&bucket, "POST", "k?uploadId=\(id)", Array(text.utf8)))
        }
        #expect(complete("") == "400 InvalidPart")
        #expect(complete("<ChecksumSHA256>AAAA</ChecksumSHA256>") == "400 InvalidPart")
        #expect(complete("<ChecksumSHA256>\(sum)</ChecksumSHA256>") == "200")
    }

    /// The newest is known however a job writes the time.
    @Test func backupsOfAnotherJobAreNewest() {
        var bucket = Bucket()
        bucket.fill(at: BucketWritingTests.now)
        let own = "daily/2026-11-23/vault-snapshot-20261123-110000.enc"
        #expect(ask(&bucket, "PUT", own, [1]).status == 200)
        #expect(bucket.newestKey == own)
        let next = bucket.takeBackup(at: BucketWritingTests.now + .seconds(50_400))
        #expect(bucket.newestKey == next)
    }
}
