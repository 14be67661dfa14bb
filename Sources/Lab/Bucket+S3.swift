import Text
import FoundationEssentials
package import Platform
package import Samples

/// The S3 API of a bucket in path style: ListObjectsV2, HEAD and GET.
/// Source: Amazon S3 API reference, ListObjectsV2, HeadObject, GetObject, error responses.
extension Bucket {
    /// How the service fails.
    package enum Failure: Hashable, Sendable {
        /// 403.
        case accessDenied
        /// 503 with `Retry-After`.
        case slowDown
        /// 403: the clocks differ.
        case requestTimeTooSkewed
        /// 301 to another region.
        case redirect(region: String)
        /// 500.
        case internalError
        /// No response.
        case hang
        /// A TCP reset.
        case reset
        /// Only half of each body.
        case truncated
    }

    /// Answers a request.
    /// - Parameters:
    ///   - accessKey: the only valid access key id; signatures are checked for form only.
    ///   - failure: nil for normal operation.
    package func answer(
        _ request: LabRequest, at now: Timestamp, accessKey: String, failure: Failure? = nil, random: any RandomSource
    ) -> LabReply {
        let id = String(random.next(), radix: 16, uppercase: true)
        func error(
            _ status: Int, _ code: String, _ message: String, _ more: String = "", headers: [String: String] = [:]
        ) -> LabReply {
            let text = """
                <?xml version="1.0" encoding="UTF-8"?>
                <Error><Code>\(code)</Code><Message>\(Markup.escape(message))</Message>\(more)<RequestId>\(id)</RequestId><HostId>lab</HostId></Error>
                """
            let all = headers.merging(["x-amz-request-id": id, "Content-Type": "application/xml"]) { a, _ in a }
            return .response(LabResponse(status, headers: all, body: request.method == "HEAD" ? [] : Array(text.utf8)))
        }
        switch failure {
        case .hang: return .hang
        case .reset: return .reset
        case .accessDenied: return error(403, "AccessDenied", "Access Denied")
        case .slowDown: return error(503, "SlowDown", "Please reduce your request rate.", headers: ["Retry-After": "1"])
        case .requestTimeTooSkewed:
            return error(
                403, "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                "<ServerTime>\(now.rfc3339)</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"
            )
        case .redirect(let other):
            return error(
                301, "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint.",
                "<Endpoint>\(name).s3.\(other).amazonaws.com</Endpoint>", headers: ["x-amz-bucket-region": other])
        case .internalError: return error(500, "InternalError", "We encountered an internal error. Please try again.")
        case .truncated, nil: break
        }
        guard let authorization = request.headers["authorization"] else {
            return error(403, "AccessDenied", "Access Denied")
        }
        switch credential(authorization) {
        case nil: return error(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.")
        case let found? where found.region != region:
            return error(
                400, "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region '\(found.region)' is wrong; expecting '\(region)'",
                "<Region>\(region)</Region>")
        case let found? where found.key != accessKey:
            return error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        default: break
        }
        guard let stamp = request.headers["x-amz-date"] else {
            return error(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
        }
        guard let signed = time(stamp), (signed - now).milliseconds.magnitude <= 900_000 else {
            return error(
                403, "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                "<ServerTime>\(now.rfc3339)</ServerTime>")
        }

        let path = PercentCoding.decode(request.path[...], plusIsSpace: false) ?? request.path
        guard path.hasPrefix("/\(name)") else {
            return error(404, "NoSuchBucket", "The specified bucket does not exist")
        }
        let key = String(path.dropFirst(name.utf8.count + 2))
        guard request.method == "GET" || request.method == "HEAD" else {
            return error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        }
        let response: LabResponse
        if key.isEmpty {
            guard request.method == "GET" else {
                return .response(LabResponse(200, headers: ["x-amz-bucket-region": region, "x-amz-request-id": id]))
            }
            if let question = configuration.answers.keys.first(where: { request.parameter($0) != nil }) {
                switch configuration.answers[question] {
                case .document(let text): return .response(LabResponse(200, type: "application/xml", text))
                case .absent:
                    return error(404, BucketConfiguration.absences[question] ?? "NoSuchConfiguration", "Not configured")
                case .denied: return error(403, "AccessDenied", "Access Denied")
                case .listing: return .response(LabResponse(200, type: "application/xml", list(request) ?? ""))
                case .notImplemented, nil: return error(501, "NotImplemented", "Not implemented")
                }
            }
            if request.parameter("versions") != nil {
                return .response(LabResponse(200, type: "application/xml", versions(request)))
            }
            guard request.parameter("list-type") == "2" else {
                return error(
                    501, "NotImplemented", "A header you provided implies functionality that is not implemented")
            }
            guard let listing = list(request) else {
                return error(400, "InvalidArgument", "The continuation token provided is incorrect")
            }
            response = LabResponse(
                200, type: "application/xml", listing, headers: ["x-amz-request-id": id, "x-amz-bucket-region": region])
        } else {
            guard let object = objects[key] else {
                return error(
                    404, "NoSuchKey", "The specified key does not exist.", "<Key>\(Markup.escape(key))</Key>",
                    headers: hidden[key] == nil ? [:] : ["x-amz-delete-marker": "true"])
            }
            var headers = [
                "ETag": "\"\(object.etag)\"", "Last-Modified": object.modified.httpDate, "Accept-Ranges": "bytes",
                "Content-Type": "application/octet-stream", "x-amz-request-id": id,
            ]
            for (name, value) in object.metadata { headers["x-amz-meta-\(name)"] = value }
            response = LabResponse(200, headers: headers, body: object.bytes)
        }
        return failure == .truncated ? .partial(response, bytes: response.body.count / 2) : .response(response)
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

    /// The access key and region of `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/s3/aws4_request, SignedHeaders=…,
    /// Signature=…`.
    private func credential(_ header: String) -> (key: String, region: String)? {
        guard header.hasPrefix("AWS4-HMAC-SHA256 ") else { return nil }
        let fields = header.dropFirst(17).split(separator: ",").map { $0.drop { $0 == " " } }
        guard let scope = fields.first(where: { $0.hasPrefix("Credential=") })?.dropFirst(11).split(separator: "/"),
            scope.count == 5,
            scope[3] == "s3", scope[4] == "aws4_request",
            fields.contains(where: { $0.hasPrefix("SignedHeaders=") && $0.contains("host") }),
            let signature = fields.first(where: { $0.hasPrefix("Signature=") })?.dropFirst(10), signature.count == 64
        else { return nil }
        return (String(scope[0]), String(scope[2]))
    }

    /// Parses `20261123T205002Z`.
    private func time(_ stamp: String) -> Timestamp? {
        guard stamp.count == 16 else { return nil }
        let c = Array(stamp)
        return Timestamp(
            rfc3339:
                "\(String(c[0..<4]))-\(String(c[4..<6]))-\(String(c[6..<8]))T\(String(c[9..<11])):\(String(c[11..<13])):\(String(c[13..<15]))Z"
        )
    }
}
