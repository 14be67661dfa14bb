import Platform
import Samples
import Text
import Transport

/// Writes to one bucket: only the recovery commands do. An object of the same key is not overwritten: it is looked for
/// first, and what is sent whole says If-None-Match too, so that two that write at the same time cannot.
///
/// Every body goes with its SHA-256, which the signature covers, and its Content-MD5; servers that know
/// `x-amz-checksum-sha256` compare that too. A request that got no answer is sent again: all of them may be repeated.
/// Sources: Amazon S3 API Reference, PutObject, CreateMultipartUpload, UploadPart, CompleteMultipartUpload,
/// AbortMultipartUpload, ListMultipartUploads.
package final class S3Writer: Sendable {
    /// The bucket, for reading.
    package let client: S3Client
    let options: Options

    /// How objects are written.
    package struct Options: Sendable {
        /// A larger object is sent in parts. Default 64 MiB.
        package var partsAbove: Int64 = 64 << 20
        /// The size of a part, larger if there would be more than 10,000. Default 16 MiB; S3 refuses less than 5 MiB.
        package var partBytes: Int64 = 16 << 20
        /// How many parts are on their way at the same time. Default 3.
        package var concurrentParts = 3
        /// How often a request without an answer is repeated, after 1, 2, 4 … seconds. Default 4.
        package var retries = 4
        /// Limit for one request with a body. Default 10 min.
        package var bodyTimeout: Duration = .seconds(600)

        /// The defaults.
        package init() {}
    }

    /// - Parameter client: of the bucket; its credentials must allow writing.
    package init(_ client: S3Client, options: Options = Options()) {
        self.client = client
        self.options = options
    }

    /// Stores an object, in parts if it is large. If it fails, no part of it is left as far as the server can be reached.
    /// - Parameters:
    ///   - begun: called with an upload in parts as soon as it exists, so that it can be aborted after a crash.
    ///   - progress: called with the number of bytes sent so far.
    /// - Throws: `S3Error`; `.exists` if the key is taken by another object.
    package func store(
        _ upload: S3Upload, begun: @escaping @Sendable (S3OpenUpload) throws -> Void = { _ in },
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws(S3Error) {
        // A server that does not know If-None-Match overwrites.
        if try await metadata(upload.key) != nil {
            throw S3Error(.exists, "\(name(upload.key)): there is an object of that key; it is not overwritten")
        }
        if upload.size > options.partsAbove {
            try await storeInParts(upload, begun, progress)
        } else {
            try await storeWhole(upload)
            progress(upload.size)
        }
    }

    func name(_ key: String) -> String { "s3://\(client.options.bucket)/\(key)" }

    /// An object's metadata; nil without an object.
    func metadata(_ key: String) async throws(S3Error) -> S3Metadata? {
        do throws(S3Error) {
            return try await persistently { () throws(S3Error) in try await self.client.head(key) }
        } catch {
            if error.reason == .noSuchKey || error.reason == .deleteMarker { return nil }
            throw error
        }
    }

    private func storeWhole(_ upload: S3Upload) async throws(S3Error) {
        let payload = try payload(upload, 0, upload.size)
        var load = self.load(payload, sendsChecksum: true)
        load.headers += headers(upload)
        load.headers.append(("If-None-Match", "*"))
        do throws(S3Error) {
            _ = try await put(upload.key, load)
        } catch {
            if error.reason == .exists, try await isOurs(upload) { return }
            guard error.isUnknownQuestion else { throw error }
            // Servers that know neither this condition nor this checksum.
            load.headers.removeAll { ["If-None-Match", "x-amz-checksum-sha256"].contains($0.name) }
            _ = try await put(upload.key, load)
        }
    }

    /// Whether the object under the key is the one that we sent: its answer was lost.
    func isOurs(_ upload: S3Upload) async throws(S3Error) -> Bool {
        let found = try await metadata(upload.key)
        return found?.sizeBytes == upload.size && found?.user["checksum"] == upload.sha256
            && upload.metadata["checksum"] == upload.sha256
    }

    private func put(_ key: String, _ load: S3Client.Load) async throws(S3Error) -> HTTPResponse {
        try await persistently { () throws(S3Error) in
            try await self.client.send("PUT", key: key, query: "", receive: nil, load: load)
        }
    }

    func payload(_ upload: S3Upload, _ offset: Int64, _ count: Int64) throws(S3Error) -> S3Payload {
        do throws(FileError) {
            return try S3Payload(FileSlice(file: upload.file, offset: offset, count: count))
        } catch {
            throw S3Error(.other, "\(name(upload.key)): \(error)")
        }
    }

    func load(_ payload: S3Payload, sendsChecksum: Bool) -> S3Client.Load {
        var load = S3Client.Load()
        load.file = payload.slice
        load.timeout = options.bodyTimeout
        load.headers = [
            ("Content-MD5", payload.md5Base64), ("x-amz-content-sha256", payload.sha256),
        ]
        if sendsChecksum { load.headers.append(("x-amz-checksum-sha256", payload.sha256Base64)) }
        return load
    }

    func headers(_ upload: S3Upload) -> [(name: String, value: String)] {
        var headers = upload.metadata.sorted { $0.key < $1.key }.map {
            (name: "x-amz-meta-\($0.key)", value: $0.value)
        }
        if let lock = upload.lock {
            headers.append(("x-amz-object-lock-mode", lock.mode))
            headers.append(("x-amz-object-lock-retain-until-date", lock.until.rfc3339))
        }
        return headers
    }

    /// Repeats a request that got no answer, or whose body arrived damaged.
    func persistently<Answer>(_ request: () async throws(S3Error) -> Answer) async throws(S3Error) -> Answer {
        var retries = 0
        while true {
            do throws(S3Error) {
                return try await request()
            } catch {
                guard retries < options.retries, error.mayBeRepeated, !Task.isCancelled else { throw error }
                do { try await client.time.sleep(for: .seconds(1 << retries)) } catch { throw client.cancelled }
                retries += 1
            }
        }
    }
}

extension S3Error {
    /// Whether the same request may succeed: nothing was answered, or the body was damaged on its way, or the server is
    /// in trouble.
    var mayBeRepeated: Bool {
        switch reason {
        case .transport:
            switch transport {
            case .tls, .auth, .configuration, .cancelled, nil: false
            default: true
            }
        case .throttled: true
        case .server: status != 501
        case .other: ["BadDigest", "XAmzContentSHA256Mismatch", "RequestTimeout", "IncompleteBody"].contains(code)
        default: false
        }
    }
}
