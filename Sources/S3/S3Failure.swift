import Samples
import Text
import Transport

/// Maps S3's error answers to `S3Error`. Source: Amazon S3 API Reference, "List of error codes". Pure.
enum S3Failure {
    static func error(_ response: HTTPResponse, bucket: String, key: String?, now: Timestamp) -> S3Error {
        // A HEAD has no body, hence no code: only the status is available.
        let page = XMLElement.parse(response.body).flatMap { $0.name == "Error" ? $0 : nil }
        let code = page?["Code"]
        let location = "s3://\(bucket)\(key.map { "/\($0)" } ?? "")"
        let detail = code.map { "\($0)\(page?["Message"].map { ": \($0.prefix(200))" } ?? "")" } ?? "no error page"
        var error = S3Error(
            reason(response, code: code, hasKey: key != nil), "\(location): \(response.status) \(detail)",
            status: response.status, code: code)
        error.region = response[header: "x-amz-bucket-region"] ?? page?["Region"]
        error.host = page?["Endpoint"] ?? response[header: "location"].flatMap(host)
        error.retryAfter = response[header: "retry-after"].flatMap { UInt32($0) }.map { .seconds(Int64($0)) }
        if let date = response[header: "date"].flatMap(HTTPDate.parse) {
            error.skewSeconds = date.seconds - now.seconds
        }
        // A HEAD refused for clock skew only returns 403; the Date distinguishes it from missing permissions.
        if error.reason == .accessDenied, code == nil, let skew = error.skewSeconds, skew.magnitude > 890 {
            error = error.with(.clockSkew)
        }
        return error.reason == .clockSkew ? error : error.withoutSkew()
    }

    private static func reason(_ response: HTTPResponse, code: String?, hasKey: Bool) -> S3Error.Reason {
        switch code {
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException":
            return .wrongRegion
        case "RequestTimeTooSkewed": return .clockSkew
        case "NoSuchBucket": return .noSuchBucket
        case "NoSuchKey", "NoSuchVersion":
            return response[header: "x-amz-delete-marker"] == "true" ? .deleteMarker : .noSuchKey
        case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "InvalidSecurity",
            "TokenRefreshRequired":
            return .credentials
        case "InvalidObjectState": return .archived
        case "PreconditionFailed": return .exists
        case "AccessDenied", "AllAccessDisabled", "AccountProblem": return .accessDenied
        case "SlowDown", "RequestLimitExceeded", "Throttling", "ThrottlingException": return .throttled
        default: break
        }
        switch response.status {
        case 301, 307: return .wrongRegion
        // HEAD in the wrong region: 400, with the region in a header and no other information.
        case 400 where response[header: "x-amz-bucket-region"] != nil: return .wrongRegion
        case 401: return .credentials
        case 403: return .accessDenied
        case 404 where hasKey: return response[header: "x-amz-delete-marker"] == "true" ? .deleteMarker : .noSuchKey
        case 404: return .noSuchBucket
        case 405 where response[header: "x-amz-delete-marker"] == "true": return .deleteMarker
        case 412: return .exists
        case 429, 503: return .throttled
        case 500...: return .server
        default: return .other
        }
    }

    private static func host(_ location: String) -> String? {
        guard let start = location.firstRange(of: "://")?.upperBound else { return nil }
        return String(location[start...].prefix { $0 != "/" && $0 != "?" && $0 != ":" })
    }
}
