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
        let program = """
            import boto3, hashlib
            from botocore.config import Config
            read = lambda p: open(p).read().strip()
            s3 = boto3.client("s3", endpoint_url="\(bucket.endpoint)", region_name="\(bucket.region)",
                aws_access_key_id=read("\(bucket.accessKeyFile)"), aws_secret_access_key=read("\(bucket.secretKeyFile)"),
                config=Config(s3={"addressing_style": "path"}))
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
}

extension Platform {
    static var test: Platform { .real(log: Logger(label: "test") { _ in LineLogHandler(level: .error) }) }
}
