import FoundationEssentials
import Platform
import Samples
import Text

/// What the S3 API tells of a bucket and its objects. Source: Amazon S3 API Reference, ListObjectsV2,
/// ListMultipartUploads, HeadObject, GetObject.
extension Bucket {
    /// Answers GET and HEAD of the bucket.
    func describe(_ request: LabRequest) throws(Refusal) -> LabResponse {
        guard request.method == "GET" else { return LabResponse(200, headers: ["x-amz-bucket-region": region]) }
        func page(_ text: String) -> LabResponse { LabResponse(200, type: "application/xml", text) }
        if let question = configuration.answers.keys.first(where: { request.parameter($0) != nil }) {
            switch configuration.answers[question] {
            case .document(let text): return page(text)
            case .absent:
                throw Refusal(404, BucketConfiguration.absences[question] ?? "NoSuchConfiguration", "Not configured")
            case .denied: throw Refusal(403, "AccessDenied", "Access Denied")
            case .listing: return page(list(request) ?? "")
            case .notImplemented, nil: throw .notImplemented
            }
        }
        if request.parameter("versions") != nil { return page(versions(request)) }
        if request.parameter("uploads") != nil { return page(openUploads(request)) }
        guard request.parameter("list-type") == "2" else { throw .notImplemented }
        guard let listing = list(request) else {
            throw Refusal(400, "InvalidArgument", "The continuation token provided is incorrect")
        }
        var response = page(listing)
        response.headers["x-amz-bucket-region"] = region
        return response
    }

    /// Answers GET and HEAD of an object.
    func object(_ key: String, _ request: LabRequest) throws(Refusal) -> LabResponse {
        guard let object = objects[key] else {
            throw Refusal(
                404, "NoSuchKey", "The specified key does not exist.", more: "<Key>\(Markup.escape(key))</Key>",
                headers: hidden[key] == nil ? [:] : ["x-amz-delete-marker": "true"])
        }
        var headers = [
            "ETag": "\"\(object.etag)\"", "Last-Modified": object.modified.httpDate, "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        ]
        for (name, value) in object.metadata { headers["x-amz-meta-\(name)"] = value }
        if let lock = object.lock {
            headers["x-amz-object-lock-mode"] = lock.mode
            headers["x-amz-object-lock-retain-until-date"] = lock.until.rfc3339
        }
        if let checksum = object.checksum, request.headers["x-amz-checksum-mode"] == "ENABLED" {
            headers["x-amz-checksum-sha256"] = checksum
        }
        return LabResponse(200, headers: headers, body: object.bytes)
    }

    private func list(_ request: LabRequest) -> String? {
        let prefix = request.parameter("prefix") ?? ""
        let delimiter = request.parameter("delimiter") ?? ""
        let limit = max(0, min(1000, request.parameter("max-keys").flatMap { Int($0) } ?? 1000))
        let isEncoded = request.parameter("encoding-type") == "url"
        func show(_ text: String) -> String {
            isEncoded ? PercentCoding.encode(text, keepingSlashes: true) : Markup.escape(text)
        }
        var after = request.parameter("start-after") ?? ""
        if let token = request.parameter("continuation-token") {
            guard let data = Data(base64Encoded: token) else { return nil }
            after = String(decoding: data, as: UTF8.self)
        }
        var contents = ""
        var groups: [String] = []
        var count = 0
        var last = ""
        var isTruncated = false
        for key in keys
        where key.hasPrefix(prefix) && after.utf8.lexicographicallyPrecedes(key.utf8) {
            var group: String?
            if !delimiter.isEmpty, let end = range(of: delimiter, in: key, from: prefix) { group = String(key[..<end]) }
            if let group, groups.last == group || (!after.isEmpty && after.hasPrefix(group)) { continue }
            guard count < limit else {
                isTruncated = true
                break
            }
            count += 1
            last = group.map { $0 + "\u{10FFFF}" } ?? key
            if let group {
                groups.append(group)
            } else if let object = objects[key] {
                contents += "<Contents><Key>\(show(key))</Key><LastModified>\(object.modified.rfc3339)</LastModified>"
                contents +=
                    "<ETag>&quot;\(object.etag)&quot;</ETag><Size>\(object.bytes.count)</Size><StorageClass>STANDARD</StorageClass></Contents>"
            }
        }
        var out =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        out +=
            "<Name>\(name)</Name><Prefix>\(show(prefix))</Prefix><KeyCount>\(count)</KeyCount><MaxKeys>\(limit)</MaxKeys>"
        if !delimiter.isEmpty { out += "<Delimiter>\(show(delimiter))</Delimiter>" }
        if isEncoded { out += "<EncodingType>url</EncodingType>" }
        out += "<IsTruncated>\(isTruncated)</IsTruncated>"
        if let token = request.parameter("continuation-token") {
            out += "<ContinuationToken>\(Markup.escape(token))</ContinuationToken>"
        }
        if isTruncated {
            out += "<NextContinuationToken>\(Data(last.utf8).base64EncodedString())</NextContinuationToken>"
        }
        out += contents
        for group in groups { out += "<CommonPrefixes><Prefix>\(show(group))</Prefix></CommonPrefixes>" }
        return out + "</ListBucketResult>"
    }

    /// The versions hidden by a marker, all on one page. Source: Amazon S3 API Reference, ListObjectVersions.
    private func versions(_ request: LabRequest) -> String {
        let prefix = request.parameter("prefix") ?? ""
        let after = request.parameter("key-marker") ?? ""
        var out = "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
        func add(_ kind: String, _ key: String, _ time: Timestamp, isLatest: Bool) {
            out +=
                "<\(kind)><Key>\(PercentCoding.encode(key, keepingSlashes: true))</Key><VersionId>1</VersionId><IsLatest>\(isLatest)</IsLatest><LastModified>\(time.rfc3339)</LastModified></\(kind)>"
        }
        for key in Set(objects.keys).union(hidden.keys).sorted() where key.hasPrefix(prefix) && key > after {
            if let object = objects[key] { add("Version", key, object.modified, isLatest: true) }
            if let (object, time) = hidden[key] {
                add("DeleteMarker", key, time, isLatest: objects[key] == nil)
                add("Version", key, object.modified, isLatest: false)
            }
        }
        return out + "</ListVersionsResult>"
    }

    /// The end of the first delimiter after the prefix.
    private func range(of delimiter: String, in key: String, from prefix: String) -> String.Index? {
        var index = key.index(key.startIndex, offsetBy: prefix.count)
        while index < key.endIndex {
            if key[index...].hasPrefix(delimiter) { return key.index(index, offsetBy: delimiter.count) }
            index = key.index(after: index)
        }
        return nil
    }

    /// The uploads in parts that are open, all on one page.
    private func openUploads(_ request: LabRequest) -> String {
        let prefix = request.parameter("prefix") ?? ""
        let isEncoded = request.parameter("encoding-type") == "url"
        func show(_ text: String) -> String {
            isEncoded ? PercentCoding.encode(text, keepingSlashes: true) : Markup.escape(text)
        }
        var out = "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        out += "<Bucket>\(name)</Bucket><Prefix>\(show(prefix))</Prefix><IsTruncated>false</IsTruncated>"
        if isEncoded { out += "<EncodingType>url</EncodingType>" }
        let found = uploads.filter { $0.value.key.hasPrefix(prefix) }
        for (id, upload) in found.sorted(by: { ($0.value.key, $0.key) < ($1.value.key, $1.key) }) {
            out += "<Upload><Key>\(show(upload.key))</Key><UploadId>\(Markup.escape(id))</UploadId>"
            out += "<Initiated>\(upload.begun.rfc3339)</Initiated></Upload>"
        }
        return out + "</ListMultipartUploadsResult>"
    }
}
