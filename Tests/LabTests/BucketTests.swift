import Foundation
import Lab
import Logging
import Platform
import Samples
import TestServers
import Testing

struct BucketTests {
    private let noon = Timestamp(year: 2026, month: 11, day: 23, hour: 12)

    @Test func isFilledAsTheBackupJobFillsIt() {
        var bucket = Bucket()
        bucket.fill(at: noon)
        let dailies = bucket.keys.filter { $0.hasPrefix("daily/") }
        let monthlies = bucket.keys.filter { $0.hasPrefix("monthly/") }
        #expect(dailies.count == 29, "thirty days hold a first, which has no daily")
        #expect(monthlies.count == 12)
        #expect(dailies.last == "daily/2026-11-23/vault-snapshot-2026-11-23T02-00-00-000Z.enc")
        #expect(monthlies.first == "monthly/2025-12-01/vault-snapshot-2025-12-01T02-00-00-000Z.enc")
        #expect(monthlies.last == "monthly/2026-11-01/vault-snapshot-2026-11-01T02-00-00-000Z.enc")
        #expect(bucket.newestKey == dailies.last)
    }

    @Test func skippedDaysAreTheNewest() {
        var bucket = Bucket()
        bucket.fill(at: noon, skipping: 2)
        #expect(bucket.newestKey == "daily/2026-11-21/vault-snapshot-2026-11-21T02-00-00-000Z.enc")
        bucket.fill(at: Timestamp(year: 2026, month: 11, day: 1, hour: 12), skipping: 1)
        #expect(bucket.keys.filter { $0.contains("2026-11-01") }.isEmpty)
    }

    /// The beginning of a program with an independent client.
    private func client(_ bucket: EstateEndpoints.Bucket) -> String {
        """
        import base64, boto3, hashlib, os
        from botocore.config import Config
        read = lambda p: open(p).read().strip()
        s3 = boto3.client("s3", endpoint_url="\(bucket.endpoint)", region_name="\(bucket.region)",
            aws_access_key_id=read("\(bucket.accessKeyFile)"), aws_secret_access_key=read("\(bucket.secretKeyFile)"),
            config=Config(s3={"addressing_style": "path"}))
        """
    }

    /// An independent client lists with pagination, reads metadata and decrypts with the key.
    @Test
    func foreignClientListsReadsAndDecrypts() async throws {
        var options = EstateOptions()
        options.postgres = nil
        options.security = .http
        let estate = try await Estate.start(options, platform: .test)
        let bucket = try estate.endpoints().bucket
        estate.changeBucket {
            $0.put("odd/a b+c=ä&<1>.enc", bytes: [1], modified: Timestamp(milliseconds: 0))
            for number in 0..<1100 { $0.put("many/\(number)", bytes: [], modified: Timestamp(milliseconds: 0)) }
        }
        let python = try #require(TestPython.find())
        let program =
            client(bucket) + """

                keys = lambda **a: [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket="\(bucket.name)", **a) for o in p.get("Contents", [])]
                daily = keys(Prefix="daily/", PaginationConfig={"PageSize": 7})
                assert daily == sorted(set(daily)) and 29 <= len(daily) <= 30, daily
                assert len(keys(Prefix="many/")) == 1100
                assert keys(Prefix="odd/") == ["odd/a b+c=ä&<1>.enc"]
                assert s3.get_object(Bucket="\(bucket.name)", Key="odd/a b+c=ä&<1>.enc")["Body"].read() == b"\\x01"
                assert keys(Prefix="none/") == []
                groups = [c["Prefix"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket="\(bucket.name)", Delimiter="/", PaginationConfig={"PageSize": 2}) for c in p.get("CommonPrefixes", [])]
                assert groups == ["daily/", "many/", "monthly/", "odd/"], groups
                head = s3.head_object(Bucket="\(bucket.name)", Key=daily[-1])
                body = s3.get_object(Bucket="\(bucket.name)", Key=daily[-1])["Body"].read()
                assert head["Metadata"]["checksum"] == hashlib.sha256(body).hexdigest()
                assert head["Metadata"]["vault_version"] == "1.8.0-dev" and head["ContentLength"] == len(body)
                assert head["ETag"] == '"%s"' % hashlib.md5(body).hexdigest()
                from cryptography.hazmat.primitives.ciphers.aead import AESGCM
                AESGCM(bytes.fromhex(read("\(bucket.encryptionKeyFile)"))).decrypt(body[:16], body[32:] + body[16:32], None)
                try: s3.head_object(Bucket="\(bucket.name)", Key="none"); raise SystemExit("found")
                except s3.exceptions.ClientError as e: assert e.response["Error"]["Code"] == "404"
                """
        await #expect(throws: Never.self) { try await ChildProcess.run(python, ["-c", program]) }
        await estate.stop()
    }

    /// What it sends differs from the agent's: other checksums, other XML.
    @Test(.timeLimit(.minutes(1))) func foreignClientWritesAndDeletes() async throws {
        var options = EstateOptions()
        options.postgres = nil
        options.security = .http
        let estate = try await Estate.start(options, platform: .test)
        let bucket = try estate.endpoints().bucket
        let python = try #require(TestPython.find())
        let program =
            client(bucket) + """

                B = "\(bucket.name)"
                def fails(call, code, **a):
                    try: call(Bucket=B, **a)
                    except s3.exceptions.ClientError as e: assert e.response["Error"]["Code"] == code, e.response["Error"]
                    else: raise SystemExit("no " + code)
                key = "odd/a b+c=ä&<1>.enc"
                s3.put_object(Bucket=B, Key=key, Body=b"one", Metadata={"checksum": "c", "vault_version": "1"}, ChecksumAlgorithm="SHA256")
                head = s3.head_object(Bucket=B, Key=key, ChecksumMode="ENABLED")
                assert head["Metadata"] == {"checksum": "c", "vault_version": "1"} and head["ContentLength"] == 3, head
                assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"one").digest()).decode(), head
                fails(s3.put_object, "PreconditionFailed", Key=key, Body=b"x", IfNoneMatch="*")
                fails(s3.head_object, "404", Key="none")
                big = os.urandom(5 << 20)
                upload = s3.create_multipart_upload(Bucket=B, Key="odd/m", Metadata={"checksum": "d"}, ChecksumAlgorithm="SHA256")["UploadId"]
                send = lambda n, body: dict(PartNumber=n, **{k: v for k, v in s3.upload_part(Bucket=B, Key="odd/m", UploadId=upload, PartNumber=n, Body=body, ChecksumAlgorithm="SHA256").items() if k in ("ETag", "ChecksumSHA256")})
                last, first = send(2, b"end"), send(1, big)
                assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=B, Prefix="odd/")["Uploads"]] == [upload]
                assert "Uploads" not in s3.list_multipart_uploads(Bucket=B, Prefix="other/")
                fails(s3.complete_multipart_upload, "InvalidPartOrder", Key="odd/m", UploadId=upload, MultipartUpload={"Parts": [last, first]})
                s3.complete_multipart_upload(Bucket=B, Key="odd/m", UploadId=upload, MultipartUpload={"Parts": [first, last]})
                whole = s3.get_object(Bucket=B, Key="odd/m")
                assert whole["Body"].read() == big + b"end" and whole["Metadata"] == {"checksum": "d"}
                assert whole["ETag"] == '"%s-2"' % hashlib.md5(hashlib.md5(big).digest() + hashlib.md5(b"end").digest()).hexdigest()
                fails(s3.abort_multipart_upload, "NoSuchUpload", Key="odd/m", UploadId=upload)
                assert s3.delete_object(Bucket=B, Key="odd/m")["DeleteMarker"]
                gone = s3.delete_objects(Bucket=B, Delete={"Objects": [{"Key": key}, {"Key": "none"}]})["Deleted"]
                assert sorted(d["Key"] for d in gone) == ["none", key], gone
                assert s3.list_objects_v2(Bucket=B, Prefix="odd/")["KeyCount"] == 0
                """
        await #expect(throws: Never.self) { try await ChildProcess.run(python, ["-c", program]) }
        await estate.stop()
    }
}

extension Platform {
    static var test: Platform { .real(log: Logger(label: "test") { _ in LineLogHandler(level: .error) }) }
}
