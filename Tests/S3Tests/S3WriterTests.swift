import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Text
import Transport

@testable import S3

/// A writer against scripted answers: what it sends, and what it makes of each failure.
struct S3WriterTests {
    private static let begin = Timestamp(milliseconds: 1_795_467_000_000)

    private static func answer(_ status: Int, _ text: String = "", _ headers: [(name: String, value: String)] = [])
        -> HTTPResponse
    { HTTPResponse(status: status, headers: headers, body: Array(text.utf8)) }

    private static func error(_ status: Int, _ code: String) -> HTTPResponse {
        answer(status, "<Error><Code>\(code)</Code><Message>m</Message></Error>")
    }

    private static let missing = answer(404)
    private static let created = answer(
        200, "<InitiateMultipartUploadResult><UploadId>u 1</UploadId></InitiateMultipartUploadResult>")
    private static let part = answer(200, "", [("etag", "\"e\"")])
    private static let completed = answer(200, "<CompleteMultipartUploadResult/>")

    /// What a request is for.
    private enum Call: String {
        case head, put, create, part, complete, abort, delete, list

        init(_ request: HTTPRequest) {
            let query = request.url.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
            self =
                switch request.method {
                case "HEAD": .head
                case "PUT": query.contains("partNumber") ? .part : .put
                case "POST": query == "uploads=" ? .create : query == "delete=" ? .delete : .complete
                case "DELETE": query.contains("uploadId") ? .abort : .delete
                default: .list
                }
        }
    }

    /// - Parameter answers: by what the request is for; asked with the number of such requests before.
    private func services(
        _ answers: @escaping @Sendable (String, Int) throws(TransportError) -> HTTPResponse
    ) -> Services {
        let counts = Mutex<[String: Int]>([:])
        return Services { request throws(TransportError) in
            let call = Call(request).rawValue
            let before = counts.withLock { counts in
                defer { counts[call, default: 0] += 1 }
                return counts[call, default: 0]
            }
            return try answers(call, before)
        }
    }

    private func writer(_ services: Services, parts: Bool = false) -> S3Writer {
        var options = S3Options(bucket: "b")
        options.credentials = .keys(
            accessKeyID: Secret(value: "id"), secretAccessKey: Secret(value: "key"), sessionToken: nil)
        options.retries = 0
        var writing = S3Writer.Options()
        writing.partBytes = 4
        writing.concurrentParts = 1
        writing.retries = 1
        if parts { writing.partsAbove = 5 }
        // Retries need a time that passes by itself.
        return S3Writer(
            S3Client(options, http: services, files: MemoryFiles(), time: ImpatientTime()) { _ in nil },
            options: writing)
    }

    private func upload(_ text: String = "0123456789") throws -> S3Upload {
        let file = try OpenFile(unnamedIn: "/tmp")
        let bytes = Array(text.utf8)
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in try file.write(buffer, at: 0) }
        }.get()
        let sha = try S3Payload(FileSlice(file: file, offset: 0, count: Int64(bytes.count))).sha256
        return S3Upload(
            key: "daily/k.enc", file: file, size: Int64(bytes.count), sha256: sha,
            metadata: ["checksum": sha, "vault_version": "1.8.0"])
    }

    private func failure(_ writer: S3Writer, _ upload: S3Upload) async -> S3Error? {
        do throws(S3Error) {
            try await writer.store(upload)
            return nil
        } catch { return error }
    }

    private func calls(_ services: Services) -> [String] {
        services.asked.withLock { $0.map { Call($0).rawValue } }
    }

    private func header(_ request: HTTPRequest, _ name: String) -> String? {
        request.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    @Test func smallObjectGoesWholeWithItsDigests() async throws {
        let services = services { call, _ throws(TransportError) in call == "head" ? Self.missing : Self.answer(200) }
        let upload = try upload()
        #expect(await failure(writer(services), upload) == nil)
        #expect(calls(services) == ["head", "put"])
        let put = try #require(services.asked.withLock { $0.last })
        // md5sum, sha256sum and base64 of the same ten digits.
        #expect(header(put, "Content-MD5") == "eB5eJF1ptWaXm4bijSPyxw==")
        #expect(
            header(put, "x-amz-content-sha256") == "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882")
        #expect(header(put, "x-amz-checksum-sha256") == "hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=")
        #expect(header(put, "x-amz-meta-checksum") == upload.sha256)
        #expect(header(put, "x-amz-meta-vault_version") == "1.8.0")
        #expect(header(put, "If-None-Match") == "*")
        #expect(put.bodyFile?.count == 10)
    }

    @Test func keyThatIsTakenIsNotOverwritten() async throws {
        let services = services { _, _ throws(TransportError) in Self.answer(200) }
        #expect(await failure(writer(services), try upload())?.reason == .exists)
        #expect(calls(services) == ["head"])
    }

    /// Somebody stored it between the question and the upload.
    @Test func refusedConditionIsNoSuccess() async throws {
        let services = services { call, before throws(TransportError) in
            call == "head" ? (before == 0 ? Self.missing : Self.answer(200)) : Self.error(412, "PreconditionFailed")
        }
        #expect(await failure(writer(services), try upload())?.reason == .exists)
    }

    /// The answer to the first attempt was lost; the second one finds the first one's object.
    @Test func lostAnswerIsRecognised() async throws {
        let upload = try upload()
        let services = services { call, before throws(TransportError) in
            switch (call, before) {
            case ("head", 0): return Self.missing
            case ("head", _):
                return Self.answer(200, "", [("content-length", "10"), ("x-amz-meta-checksum", upload.sha256)])
            case ("put", 0): throw TransportError(.reset, "reset")
            default: return Self.error(412, "PreconditionFailed")
            }
        }
        #expect(await failure(writer(services), upload) == nil)
        #expect(calls(services) == ["head", "put", "put", "head"])
    }

    @Test(arguments: ["BadDigest", "XAmzContentSHA256Mismatch", "RequestTimeout"])
    func damageOnTheWayIsSentAgain(code: String) async throws {
        let services = services { call, before throws(TransportError) in
            call == "head" ? Self.missing : before == 0 ? Self.error(400, code) : Self.answer(200)
        }
        #expect(await failure(writer(services), try upload()) == nil)
        #expect(calls(services) == ["head", "put", "put"])
    }

    @Test func deniedIsNotRepeated() async throws {
        let services = services { call, _ throws(TransportError) in
            call == "head" ? Self.missing : Self.error(403, "AccessDenied")
        }
        #expect(await failure(writer(services), try upload())?.reason == .accessDenied)
        #expect(calls(services) == ["head", "put"])
    }

    /// An older server that knows neither the condition nor the checksum.
    @Test func serverWithoutConditionsGetsNone() async throws {
        let services = services { call, before throws(TransportError) in
            call == "head" ? Self.missing : before == 0 ? Self.error(501, "NotImplemented") : Self.answer(200)
        }
        #expect(await failure(writer(services), try upload()) == nil)
        let last = try #require(services.asked.withLock { $0.last })
        #expect(header(last, "If-None-Match") == nil && header(last, "x-amz-checksum-sha256") == nil)
        #expect(header(last, "Content-MD5") != nil)
    }

    @Test func lockIsAskedFor() async throws {
        let services = services { call, _ throws(TransportError) in call == "head" ? Self.missing : Self.answer(200) }
        var upload = try upload()
        upload.lock = S3Upload.Lock(mode: "GOVERNANCE", until: Self.begin)
        #expect(await failure(writer(services), upload) == nil)
        let put = try #require(services.asked.withLock { $0.last })
        #expect(header(put, "x-amz-object-lock-mode") == "GOVERNANCE")
        #expect(header(put, "x-amz-object-lock-retain-until-date") == Self.begin.rfc3339)
    }

    // MARK: Parts

    @Test func largeObjectGoesInParts() async throws {
        let services = services { call, _ throws(TransportError) in
            switch call {
            case "head": Self.missing
            case "create": Self.created
            case "part": Self.part
            default: Self.completed
            }
        }
        let upload = try upload()
        let begun = Mutex<[S3OpenUpload]>([])
        let sent = Mutex<[Int64]>([])
        try await writer(services, parts: true).store(
            upload, begun: { open in begun.withLock { $0.append(open) } },
            progress: { bytes in sent.withLock { $0.append(bytes) } })
        #expect(calls(services) == ["head", "create", "part", "part", "part", "complete"])
        #expect(begun.withLock { $0 } == [S3OpenUpload(key: upload.key, id: "u 1")])
        #expect(sent.withLock { $0 } == [4, 8, 10])
        let asked = services.asked.withLock { $0 }
        #expect(asked[1].headers.contains { $0.name == "x-amz-meta-checksum" })
        #expect(asked[2...4].map { $0.bodyFile?.offset } == [0, 4, 8])
        #expect(asked[2...4].map { $0.bodyFile?.count } == [4, 4, 2])
        // Signature Version 4 sorts and escapes.
        #expect(asked[2].url.hasSuffix("?partNumber=1&uploadId=u%201"))
        // The server did not say that it keeps checksums.
        #expect(header(asked[2], "x-amz-checksum-sha256") == nil)
        #expect(
            String(decoding: asked[5].body, as: UTF8.self).contains(
                "<Part><PartNumber>3</PartNumber><ETag>&quot;e&quot;</ETag></Part>"))
        #expect(header(asked[5], "x-amz-content-sha256")?.utf8.count == 64)
    }

    @Test func checksumsOfPartsGoWhereTheServerKeepsThem() async throws {
        let services = services { call, _ throws(TransportError) in
            switch call {
            case "head": Self.missing
            case "create":
                Self.answer(
                    200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
                    [("x-amz-checksum-algorithm", "SHA256")])
            case "part": Self.part
            default: Self.completed
            }
        }
        #expect(await failure(writer(services, parts: true), try upload()) == nil)
        let asked = services.asked.withLock { $0 }
        let checksum = try #require(header(asked[2], "x-amz-checksum-sha256"))
        #expect(
            String(decoding: asked[5].body, as: UTF8.self).contains("<ChecksumSHA256>\(checksum)</ChecksumSHA256>"))
    }

    /// Whatever fails after its begin, the upload is aborted: its parts would be stored and billed for ever.
    @Test(arguments: [
        "part denied", "part unreachable", "complete fails", "complete says 200 and means no", "no entity tag",
        "not noted",
    ]) func failedUploadIsAborted(_ what: String) async throws {
        let services = services { call, before throws(TransportError) in
            switch call {
            case "head": return Self.missing
            case "create": return Self.created
            case "abort": return Self.answer(204)
            case "part":
                if what == "part denied", before == 1 { return Self.error(403, "AccessDenied") }
                if what == "part unreachable" { throw TransportError(.connect, "refused") }
                return what == "no entity tag" ? Self.answer(200) : Self.part
            default:
                return what == "complete fails"
                    ? Self.error(400, "EntityTooSmall") : Self.error(200, "InternalError")
            }
        }
        let writer = writer(services, parts: true)
        let upload = try upload()
        do throws(S3Error) {
            try await writer.store(
                upload,
                begun: { _ in if what == "not noted" { throw FileError(path: "p", reason: "full") } })
            Issue.record("it was stored")
        } catch {
            #expect(calls(services).last == "abort", "\(error)")
        }
    }

    /// Completed, and the answer was lost: the upload is gone, the object is there.
    @Test func lostAnswerOfTheCompletionIsRecognised() async throws {
        let upload = try upload()
        let services = services { call, before throws(TransportError) in
            switch call {
            case "head":
                return before == 0
                    ? Self.missing
                    : Self.answer(200, "", [("content-length", "10"), ("x-amz-meta-checksum", upload.sha256)])
            case "create": return Self.created
            case "part": return Self.part
            default:
                if before == 0 { throw TransportError(.timeout, "no answer") }
                return Self.error(404, "NoSuchUpload")
            }
        }
        #expect(await failure(writer(services, parts: true), upload) == nil)
    }

    // MARK: The rest

    @Test func openUploadsOfOthersAreLeftOut() async throws {
        let services = Services { _ throws(TransportError) in
            Self.answer(
                200,
                """
                <ListMultipartUploadsResult><EncodingType>url</EncodingType>\
                <Upload><Key>daily/a+b</Key><UploadId>1</UploadId><Initiated>2026-11-01T00:00:00.000Z</Initiated></Upload>\
                <Upload><Key>daily/c</Key><UploadId>2</UploadId><Initiated>2027-11-01T00:00:00.000Z</Initiated></Upload>\
                <Upload><Key>other/d</Key><UploadId>3</UploadId><Initiated>2026-11-01T00:00:00.000Z</Initiated></Upload>\
                </ListMultipartUploadsResult>
                """)
        }
        let open = try await writer(services).openUploads(prefix: "daily/", before: Self.begin)
        #expect(open == [S3OpenUpload(key: "daily/a b", id: "1")])
    }

    @Test func abortOfWhatIsGoneIsNoError() async throws {
        let services = Services { _ throws(TransportError) in Self.error(404, "NoSuchUpload") }
        try await writer(services).abort(S3OpenUpload(key: "k", id: "u"))
    }

    @Test func deletionTellsWhatStays() async throws {
        let services = Services { _ throws(TransportError) in
            Self.answer(
                200,
                "<DeleteResult><Deleted><Key>a&amp;1</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code><Message>locked</Message></Error></DeleteResult>"
            )
        }
        let failed = try await writer(services).delete(["a&1", "b", "c"])
        #expect(failed == ["b": "AccessDenied: locked", "c": "not named in S3's answer"])
        let request = try #require(services.asked.withLock { $0.first })
        #expect(header(request, "Content-MD5")?.utf8.count == 24)
        // Amazon refuses a request without it.
        #expect(
            header(request, "x-amz-content-sha256")
                == "4d7470dbeedc6f6ffa8c50336329f4d6de765e23cfd2ab8c1a34d47074921f9d")
        #expect(String(decoding: request.body, as: UTF8.self).contains("<Key>a&amp;1</Key>"))
    }

    @Test func serverWithoutBatchesGetsSingleDeletions() async throws {
        let services = Services { request throws(TransportError) in
            request.method == "POST" ? Self.error(501, "NotImplemented") : Self.answer(204)
        }
        #expect(try await writer(services).delete(["a", "b"]).isEmpty)
        #expect(services.urls.suffix(2).map { $0.prefix(6) } == ["DELETE", "DELETE"])
    }
}

/// Sleeps end at once.
private struct ImpatientTime: TimeSource {
    func monotonic() -> Instant { Instant(nanoseconds: 0) }
    func wall() -> Timestamp { Timestamp(milliseconds: 1_795_467_000_000) }
    func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
        body()
        return 0
    }
    func cancel(_ timer: TimerID) {}
}
