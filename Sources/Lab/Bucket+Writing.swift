import FoundationEssentials
import Samples
import Text

/// What changes single objects. Source: Amazon S3 API Reference, PutObject, DeleteObject, DeleteObjects.
extension Bucket {
    /// What a new object gets beside its content.
    struct Attributes: Sendable {
        var metadata: [String: String] = [:]
        var lock: Lock?
    }

    /// What was computed of a body.
    struct Digests {
        let md5: [UInt8]
        /// In Base64, if the request says it as well.
        let checksum: String?
    }

    private static let keyLimitBytes = 1024
    /// Of all names and values together.
    private static let metadataLimitBytes = 2048
    private static let deletionLimit = 1000

    mutating func store(_ key: String, _ request: LabRequest, at now: Timestamp) throws(Refusal) -> LabResponse {
        guard request.query.isEmpty, request.headers["x-amz-copy-source"] == nil else { throw .notImplemented }
        let attributes = try attributes(key, request, at: now)
        if attributes.lock != nil, request.headers["content-md5"] == nil, !Bucket.hasChecksum(request) {
            throw Refusal(
                400, "InvalidRequest",
                "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
            )
        }
        let digests = try verify(request)
        if request.headers["if-none-match"] == "*", objects[key] != nil {
            throw Refusal(
                412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                more: "<Condition>If-None-Match</Condition>")
        }
        try makeRoom(request.body.count)
        let object = Object(
            bytes: request.body, metadata: attributes.metadata, modified: now, lock: attributes.lock,
            checksum: digests.checksum)
        objects[key] = object
        var headers = ["ETag": "\"\(object.etag)\""]
        headers["x-amz-checksum-sha256"] = digests.checksum
        return LabResponse(200, headers: headers)
    }

    mutating func delete(_ key: String, _ request: LabRequest, at now: Timestamp) throws(Refusal) -> LabResponse {
        guard request.query.isEmpty else { throw .notImplemented }
        return LabResponse(204, headers: remove(key, at: now) ? ["x-amz-delete-marker": "true"] : [:])
    }

    mutating func deleteTogether(_ request: LabRequest, at now: Timestamp) throws(Refusal) -> LabResponse {
        guard request.headers["content-md5"] != nil || Bucket.hasChecksum(request) else {
            throw Refusal(400, "MissingContentMD5", "Missing required header for this request: Content-MD5")
        }
        _ = try verify(request)
        guard let document = RequestXML(request.body, root: "Delete") else { throw .malformedXML }
        var keys: [String] = []
        for entry in document.elements("Object") {
            guard let key = entry.text("Key"), !key.isEmpty else { throw .malformedXML }
            guard entry.text("VersionId") == nil else { throw .notImplemented }
            keys.append(key)
        }
        guard !keys.isEmpty, keys.count <= Bucket.deletionLimit else { throw .malformedXML }
        let isQuiet = document.text("Quiet") == "true"
        var out = "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for key in keys {
            let hasMarker = remove(key, at: now)
            if isQuiet { continue }
            out += "<Deleted><Key>\(Markup.escape(key))</Key>"
            out += "\(hasMarker ? "<DeleteMarker>true</DeleteMarker>" : "")</Deleted>"
        }
        return LabResponse(200, type: "application/xml", out + "</DeleteResult>")
    }

    /// Deletes an object; one that is missing is no error.
    /// - Returns: whether a marker hides it now.
    private mutating func remove(_ key: String, at now: Timestamp) -> Bool {
        guard objects[key] != nil, isVersioned else {
            delete(key)
            return false
        }
        hide(key, at: now)
        return true
    }

    private var isVersioned: Bool { says("versioning", "<Status>Enabled</Status>") }
    private var isLockable: Bool { says("object-lock", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>") }

    private func says(_ question: String, _ text: String) -> Bool {
        guard case .document(let document) = configuration.answers[question] else { return false }
        return document.contains(text)
    }

    // MARK: Checks

    private static func hasChecksum(_ request: LabRequest) -> Bool {
        request.headers.keys.contains { $0.hasPrefix("x-amz-checksum-") && $0 != "x-amz-checksum-algorithm" }
    }

    /// The metadata and the lock that a request gives to an object.
    func attributes(_ key: String, _ request: LabRequest, at now: Timestamp) throws(Refusal) -> Attributes {
        guard key.utf8.count <= Bucket.keyLimitBytes else {
            throw Refusal(400, "KeyTooLongError", "Your key is too long")
        }
        var found = Attributes()
        let prefix = "x-amz-meta-"
        for (name, value) in request.headers where name.hasPrefix(prefix) {
            found.metadata[String(name.dropFirst(prefix.count))] = value
        }
        let bytes = found.metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard bytes <= Bucket.metadataLimitBytes else {
            throw Refusal(
                400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
        }
        let (mode, date) = (
            request.headers["x-amz-object-lock-mode"], request.headers["x-amz-object-lock-retain-until-date"]
        )
        guard mode != nil || date != nil else { return found }
        guard isLockable else {
            throw Refusal(400, "InvalidRequest", "Bucket is missing Object Lock Configuration")
        }
        guard let mode, ["GOVERNANCE", "COMPLIANCE"].contains(mode),
            let until = date.flatMap({ Timestamp(rfc3339: $0) })
        else {
            throw Refusal(
                400, "InvalidArgument",
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
        }
        guard until > now else {
            throw Refusal(400, "InvalidArgument", "The retain until date must be in the future!")
        }
        found.lock = Lock(mode: mode, until: until)
        return found
    }

    /// Compares a body with what its headers say of it.
    func verify(_ request: LabRequest) throws(Refusal) -> Digests {
        if let length = request.headers["content-length"], length != String(request.body.count) {
            throw Refusal(
                400, "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header")
        }
        guard let signed = request.headers["x-amz-content-sha256"] else {
            throw Refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        }
        // Chunks with signatures of their own.
        guard !signed.hasPrefix("STREAMING-") else { throw .notImplemented }
        let (sha256, md5) = (sha256Bytes(request.body), md5Bytes(request.body))
        guard signed == "UNSIGNED-PAYLOAD" || signed == sha256.hexadecimal else {
            throw Refusal(
                400, "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                more:
                    "<ClientComputedContentSHA256>\(Markup.escape(signed))</ClientComputedContentSHA256><S3ComputedContentSHA256>\(sha256.hexadecimal)</S3ComputedContentSHA256>"
            )
        }
        if let text = request.headers["content-md5"] {
            guard let claimed = Data(base64Encoded: text), claimed.count == md5.count else {
                throw Refusal(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
            }
            guard Array(claimed) == md5 else {
                throw Refusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
            }
        }
        let checksum = request.headers["x-amz-checksum-sha256"]
        if let checksum {
            guard let claimed = Data(base64Encoded: checksum), claimed.count == sha256.count else {
                throw Refusal(400, "InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid.")
            }
            guard Array(claimed) == sha256 else {
                throw Refusal(
                    400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
            }
        }
        return Digests(md5: md5, checksum: checksum)
    }

    /// Refuses what would exceed the limits. Amazon has none of these; the code is that of Ceph's Object Gateway.
    func makeRoom(_ bytes: Int) throws(Refusal) {
        let parts = uploads.values.flatMap(\.parts.values)
        let sizes =
            objects.values.map(\.bytes.count) + hidden.values.map(\.object.bytes.count) + parts.map(\.bytes.count)
        guard sizes.count + uploads.count < limits.entries, bytes <= limits.bytes - sizes.reduce(0, +) else {
            throw Refusal(
                403, "QuotaExceeded",
                "This simulated bucket keeps \(limits.entries) objects and \(limits.bytes >> 20) MiB at most")
        }
    }
}
