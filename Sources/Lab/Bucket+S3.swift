package import Platform
package import Samples
import Text

/// The S3 API of a bucket in path style: reading, listing, writing and deleting. Signatures are checked for form only.
/// Source: Amazon S3 API Reference, "Error responses".
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
    package mutating func answer(
        _ request: LabRequest, at now: Timestamp, accessKey: String, failure: Failure? = nil, random: any RandomSource
    ) -> LabReply {
        let id = String(random.next(), radix: 16, uppercase: true)
        if failure == .hang { return .hang }
        if failure == .reset { return .reset }
        var response: LabResponse
        do throws(Refusal) {
            if let refusal = refusal(failure, at: now) { throw refusal }
            try authenticate(request, at: now, accessKey: accessKey)
            response = try respond(request, at: now, random: random)
        } catch {
            response = error.response(id, hasBody: request.method != "HEAD")
        }
        response.headers["x-amz-request-id"] = id
        let isCut =
            failure == .truncated && response.status == 200 && ["GET", "HEAD"].contains(request.method)
            && (request.query.isEmpty || request.parameter("list-type") == "2")
        return isCut ? .partial(response, bytes: response.body.count / 2) : .response(response)
    }

    private func refusal(_ failure: Failure?, at now: Timestamp) -> Refusal? {
        switch failure {
        case .accessDenied: Refusal(403, "AccessDenied", "Access Denied")
        case .slowDown:
            Refusal(503, "SlowDown", "Please reduce your request rate.", headers: ["Retry-After": "1"])
        case .requestTimeTooSkewed: .skewed(now)
        case .redirect(let other):
            Refusal(
                301, "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint.",
                more: "<Endpoint>\(name).s3.\(other).amazonaws.com</Endpoint>",
                headers: ["x-amz-bucket-region": other])
        case .internalError: Refusal(500, "InternalError", "We encountered an internal error. Please try again.")
        case .hang, .reset, .truncated, nil: nil
        }
    }

    private func authenticate(_ request: LabRequest, at now: Timestamp, accessKey: String) throws(Refusal) {
        guard let authorization = request.headers["authorization"] else {
            throw Refusal(403, "AccessDenied", "Access Denied")
        }
        guard let found = credential(authorization) else {
            throw Refusal(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.")
        }
        guard found.region == region else {
            throw Refusal(
                400, "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region '\(found.region)' is wrong; expecting '\(region)'",
                more: "<Region>\(region)</Region>")
        }
        guard found.key == accessKey else {
            throw Refusal(
                403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        }
        guard let stamp = request.headers["x-amz-date"] else {
            throw Refusal(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
        }
        guard let signed = time(stamp), (signed - now).milliseconds.magnitude <= 900_000 else { throw .skewed(now) }
    }

    private mutating func respond(
        _ request: LabRequest, at now: Timestamp, random: any RandomSource
    ) throws(Refusal) -> LabResponse {
        let path = PercentCoding.decode(request.path[...], plusIsSpace: false) ?? request.path
        guard path == "/\(name)" || path.hasPrefix("/\(name)/") else {
            throw Refusal(404, "NoSuchBucket", "The specified bucket does not exist")
        }
        let key = String(path.dropFirst(name.count + 2))
        let upload = request.parameter("uploadId")
        switch request.method {
        case "GET", "HEAD":
            guard upload == nil else { throw .notImplemented }
            return key.isEmpty ? try describe(request) : try object(key, request)
        case "PUT" where !key.isEmpty:
            guard let upload else { return try store(key, request, at: now) }
            return try storePart(key, upload, request)
        case "POST" where key.isEmpty && request.parameter("delete") != nil:
            return try deleteTogether(request, at: now)
        case "POST" where !key.isEmpty && request.parameter("uploads") != nil:
            return try beginUpload(key, request, at: now, random: random)
        case "POST" where !key.isEmpty:
            guard let upload else { break }
            return try completeUpload(key, upload, request, at: now)
        case "DELETE" where !key.isEmpty:
            guard let upload else { return try delete(key, request, at: now) }
            return try abortUpload(key, upload)
        default: break
        }
        throw Refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
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
