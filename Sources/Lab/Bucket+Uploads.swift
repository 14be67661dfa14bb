import Platform
package import Samples
import Text

/// Uploads in parts. Source: Amazon S3 API Reference, CreateMultipartUpload, UploadPart, CompleteMultipartUpload,
/// AbortMultipartUpload.
extension Bucket {
    /// An upload in parts that is not ended.
    package struct Upload: Sendable {
        /// The key of the object to be.
        package let key: String
        /// When it was begun.
        package let begun: Timestamp
        var attributes = Attributes()
        /// Whether each part has a SHA-256 of its own.
        var hasChecksums = false
        var parts: [Int: Part] = [:]

        /// An upload without parts.
        package init(key: String, begun: Timestamp) {
            self.key = key
            self.begun = begun
        }
    }

    struct Part: Sendable {
        let bytes: [UInt8]
        let md5: [UInt8]
        /// In Base64.
        let checksum: String?
    }

    /// Each part but the last has so many bytes.
    private static let leastPartBytes = 5 << 20
    private static let partNumbers = 1...10_000

    /// Adds an upload that somebody began.
    package mutating func begin(_ upload: Upload, id: String) { uploads[id] = upload }

    mutating func beginUpload(
        _ key: String, _ request: LabRequest, at now: Timestamp, random: any RandomSource
    ) throws(Refusal) -> LabResponse {
        var upload = Upload(key: key, begun: now)
        upload.attributes = try attributes(key, request, at: now)
        upload.hasChecksums = request.headers["x-amz-checksum-algorithm"]?.uppercased() == "SHA256"
        guard uploads.count < limits.uploads else {
            throw Refusal(
                403, "QuotaExceeded", "This simulated bucket keeps \(limits.uploads) open uploads at most")
        }
        try makeRoom(0)
        let id = random.uuid()
        begin(upload, id: id)
        var response = page(
            "InitiateMultipartUploadResult", "<Key>\(Markup.escape(key))</Key><UploadId>\(id)</UploadId>")
        if upload.hasChecksums { response.headers["x-amz-checksum-algorithm"] = "SHA256" }
        return response
    }

    mutating func storePart(_ key: String, _ id: String, _ request: LabRequest) throws(Refusal) -> LabResponse {
        _ = try upload(key, id)
        guard request.headers["x-amz-copy-source"] == nil else { throw .notImplemented }
        guard let number = request.parameter("partNumber").flatMap({ Int(digits: $0) }),
            Bucket.partNumbers.contains(number)
        else {
            throw Refusal(
                400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
        }
        let digests = try verify(request)
        // A part that is sent again replaces the first.
        let replaced = uploads[id]?.parts[number]?.bytes.count ?? 0
        try makeRoom(request.body.count - replaced)
        uploads[id]?.parts[number] = Part(bytes: request.body, md5: digests.md5, checksum: digests.checksum)
        var headers = ["ETag": "\"\(digests.md5.hexadecimal)\""]
        headers["x-amz-checksum-sha256"] = digests.checksum
        return LabResponse(200, headers: headers)
    }

    mutating func completeUpload(
        _ key: String, _ id: String, _ request: LabRequest, at now: Timestamp
    ) throws(Refusal) -> LabResponse {
        let upload = try upload(key, id)
        _ = try verify(request)
        guard let document = RequestXML(request.body, root: "CompleteMultipartUpload") else { throw .malformedXML }
        var chosen: [Part] = []
        var last = 0
        for entry in document.elements("Part") {
            guard let number = entry.text("PartNumber").flatMap({ Int(digits: $0) }), let tag = entry.text("ETag")
            else { throw .malformedXML }
            guard number > last else {
                throw Refusal(
                    400, "InvalidPartOrder",
                    "The list of parts was not in ascending order. Parts must be ordered by part number.")
            }
            last = number
            guard let part = upload.parts[number], tag.filter({ $0 != "\"" }) == part.md5.hexadecimal,
                !upload.hasChecksums || entry.text("ChecksumSHA256") == part.checksum
            else {
                throw Refusal(
                    400, "InvalidPart",
                    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
                    more: "<PartNumber>\(number)</PartNumber>")
            }
            chosen.append(part)
        }
        guard !chosen.isEmpty else { throw .malformedXML }
        guard chosen.dropLast().allSatisfy({ $0.bytes.count >= Bucket.leastPartBytes }) else {
            throw Refusal(
                400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        }
        // No more than the parts have taken already.
        uploads[id] = nil
        var bytes: [UInt8] = []
        bytes.reserveCapacity(chosen.reduce(0) { $0 + $1.bytes.count })
        for part in chosen { bytes += part.bytes }
        let object = Object(
            bytes: bytes, metadata: upload.attributes.metadata, modified: now, lock: upload.attributes.lock,
            etag: "\(md5(chosen.flatMap(\.md5)))-\(chosen.count)")
        objects[key] = object
        return page(
            "CompleteMultipartUploadResult",
            "<Key>\(Markup.escape(key))</Key><ETag>&quot;\(object.etag)&quot;</ETag>")
    }

    mutating func abortUpload(_ key: String, _ id: String) throws(Refusal) -> LabResponse {
        _ = try upload(key, id)
        uploads[id] = nil
        return LabResponse(204)
    }

    private func upload(_ key: String, _ id: String) throws(Refusal) -> Upload {
        guard let upload = uploads[id], upload.key == key else {
            throw Refusal(
                404, "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
            )
        }
        return upload
    }

    private func page(_ root: String, _ text: String) -> LabResponse {
        LabResponse(
            200, type: "application/xml",
            "<\(root) xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>\(name)</Bucket>\(text)</\(root)>")
    }
}
