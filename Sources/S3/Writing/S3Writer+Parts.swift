import Platform
package import Samples
import Text
import Transport

/// Uploads in parts. A part is read from its file while it is sent.
extension S3Writer {
    /// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
    private static let partLimit: Int64 = 10_000

    private struct Part: Sendable {
        var number: Int
        var etag: String
        /// In Base64; nil if the server keeps none.
        var checksum: String?
    }

    func storeInParts(
        _ upload: S3Upload, _ begun: @Sendable (S3OpenUpload) throws -> Void,
        _ progress: @escaping @Sendable (Int64) -> Void
    ) async throws(S3Error) {
        let (open, keepsChecksums) = try await create(upload)
        do throws(S3Error) {
            do { try begun(open) } catch { throw S3Error(.other, "\(name(upload.key)): \(error)") }
            let parts = try await send(upload, open, keepsChecksums, progress)
            try await complete(upload, open, parts)
        } catch {
            // Also after a cancellation, which would end the request at once.
            await Task { try? await self.abort(open) }.value
            throw error
        }
    }

    private func create(_ upload: S3Upload) async throws(S3Error) -> (S3OpenUpload, keepsChecksums: Bool) {
        var load = S3Client.Load()
        load.headers = headers(upload) + [("x-amz-checksum-algorithm", "SHA256")]
        let response = try await persistently { () throws(S3Error) in
            do throws(S3Error) {
                return try await self.client.send("POST", key: upload.key, query: "uploads=", receive: nil, load: load)
            } catch {
                guard error.isUnknownQuestion else { throw error }
                load.headers.removeAll { $0.name == "x-amz-checksum-algorithm" }
                return try await self.client.send("POST", key: upload.key, query: "uploads=", receive: nil, load: load)
            }
        }
        let page = XMLElement.parse(response.body)
        guard page?.name == "InitiateMultipartUploadResult", let id = page?["UploadId"], !id.isEmpty,
            id.utf8.count <= 1024
        else { throw S3Error(.malformed, "\(name(upload.key)): the answer names no upload", status: response.status) }
        let algorithm = response[header: "x-amz-checksum-algorithm"] ?? page?["ChecksumAlgorithm"]
        return (S3OpenUpload(key: upload.key, id: id), algorithm?.uppercased() == "SHA256")
    }

    /// Sends the parts, some of them at the same time.
    private func send(
        _ upload: S3Upload, _ open: S3OpenUpload, _ keepsChecksums: Bool,
        _ progress: @escaping @Sendable (Int64) -> Void
    ) async throws(S3Error) -> [Part] {
        let least = (upload.size + S3Writer.partLimit - 1) / S3Writer.partLimit
        let size = max(options.partBytes, least)
        let count = Int((upload.size + size - 1) / size)
        let outcome = await withTaskGroup(of: Result<Part, S3Error>.self) { group -> Result<[Part], S3Error> in
            var parts: [Part] = []
            var next = 0
            var sent: Int64 = 0
            func add() {
                let index = next
                next += 1
                group.addTask {
                    await self.part(index, of: upload, open, bytes: size, keepsChecksums)
                }
            }
            while next < min(count, self.options.concurrentParts) { add() }
            while let result = await group.next() {
                switch result {
                case .failure(let error):
                    group.cancelAll()
                    return .failure(error)
                case .success(let part):
                    parts.append(part)
                    sent += min(size, upload.size - Int64(part.number - 1) * size)
                    progress(sent)
                    if next < count { add() }
                }
            }
            return .success(parts.sorted { $0.number < $1.number })
        }
        return try outcome.get()
    }

    private func part(
        _ index: Int, of upload: S3Upload, _ open: S3OpenUpload, bytes: Int64, _ keepsChecksums: Bool
    ) async -> Result<Part, S3Error> {
        do throws(S3Error) {
            let offset = Int64(index) * bytes
            let payload = try payload(upload, offset, min(bytes, upload.size - offset))
            let load = self.load(payload, sendsChecksum: keepsChecksums)
            let query = S3Encoding.query([("partNumber", "\(index + 1)"), ("uploadId", open.id)])
            let response = try await persistently { () throws(S3Error) in
                try await self.client.send("PUT", key: upload.key, query: query, receive: nil, load: load)
            }
            // The tag as it was sent: completing with another one fails.
            guard let etag = response[header: "etag"], !etag.isEmpty, etag.utf8.count <= 256 else {
                throw S3Error(.malformed, "\(name(upload.key)): part \(index + 1) got no entity tag")
            }
            return .success(
                Part(number: index + 1, etag: etag, checksum: keepsChecksums ? payload.sha256Base64 : nil))
        } catch {
            return .failure(error)
        }
    }

    private func complete(_ upload: S3Upload, _ open: S3OpenUpload, _ parts: [Part]) async throws(S3Error) {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            text += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(Markup.escape(part.etag))</ETag>"
            if let checksum = part.checksum { text += "<ChecksumSHA256>\(checksum)</ChecksumSHA256>" }
            text += "</Part>"
        }
        text += "</CompleteMultipartUpload>"
        var load = S3Client.Load()
        load.body = Array(text.utf8)
        load.headers = [("Content-Type", "application/xml")]
        // Joining many parts takes S3 minutes.
        load.timeout = options.bodyTimeout
        let query = S3Encoding.query([("uploadId", open.id)])
        do throws(S3Error) {
            let response = try await persistently { () throws(S3Error) in
                let response = try await self.client.send(
                    "POST", key: upload.key, query: query, receive: nil, load: load)
                // S3 says 200 before it knows how it ends.
                guard let page = XMLElement.parse(response.body), page.name == "Error" else { return response }
                throw S3Failure.error(
                    HTTPResponse(status: 500, headers: response.headers, body: response.body),
                    bucket: self.client.options.bucket, key: upload.key, now: self.client.time.wall())
            }
            guard XMLElement.parse(response.body)?.name == "CompleteMultipartUploadResult" else {
                throw S3Error(
                    .malformed, "\(name(upload.key)): the parts were not joined", status: response.status)
            }
        } catch {
            // The upload is gone after its completion: a lost answer looks like this.
            guard error.code == "NoSuchUpload" || error.reason == .transport, (try? await isOurs(upload)) == true else {
                throw error
            }
        }
    }

    /// Ends an upload and frees its parts; one that is gone is no error.
    package func abort(_ open: S3OpenUpload) async throws(S3Error) {
        do throws(S3Error) {
            _ = try await persistently { () throws(S3Error) in
                try await self.client.send(
                    "DELETE", key: open.key, query: S3Encoding.query([("uploadId", open.id)]), receive: nil)
            }
        } catch {
            guard error.code == "NoSuchUpload" || error.status == 404 else { throw error }
        }
    }

    /// The uploads in parts below a prefix that were begun before a time and not ended, a thousand at most. Some servers
    /// list none.
    package func openUploads(prefix: String, before time: Timestamp) async throws(S3Error) -> [S3OpenUpload] {
        let page = try await client.ask([("encoding-type", "url"), ("prefix", prefix), ("uploads", "")])
        guard page.name == "ListMultipartUploadsResult" else {
            throw S3Error(.malformed, "s3://\(client.options.bucket): the answer is not a list of uploads")
        }
        let isEncoded = page["EncodingType"] == "url"
        return page.all("Upload").prefix(1000).compactMap { entry in
            guard let text = entry["Key"], let key = isEncoded ? S3Encoding.decode(text) : text,
                key.hasPrefix(prefix), let id = entry["UploadId"], !id.isEmpty,
                let begun = entry["Initiated"].flatMap({ Timestamp(rfc3339: $0) }), begun < time
            else { return nil }
            return S3OpenUpload(key: key, id: id)
        }
    }
}
