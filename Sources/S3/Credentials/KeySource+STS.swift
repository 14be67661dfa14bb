import Platform
import Samples
import Text
import Transport

/// Roles from AWS' token service. Sources: AWS Security Token Service API Reference, AssumeRoleWithWebIdentity and
/// AssumeRole; AWS SDKs and Tools Reference Guide, "Assume role credential provider".
extension KeySource {
    func webIdentityKeys(_ options: S3Credentials.WebIdentityOptions) async throws(S3Error) -> SessionKeys {
        guard let role = options.roleARN ?? variable("AWS_ROLE_ARN") else {
            throw failure("no role: neither role_arn is configured nor AWS_ROLE_ARN set")
        }
        guard let path = options.tokenFile ?? variable("AWS_WEB_IDENTITY_TOKEN_FILE") else {
            throw failure("no token: neither token_file is configured nor AWS_WEB_IDENTITY_TOKEN_FILE set")
        }
        let token = try await line(of: path, "the web identity token")
        let session = options.sessionName ?? variable("AWS_ROLE_SESSION_NAME") ?? "vaultwatch"
        return try await assume(
            "AssumeRoleWithWebIdentity",
            [("RoleArn", role), ("RoleSessionName", session), ("WebIdentityToken", token)],
            endpoint: options.stsEndpoint, signedWith: nil)
    }

    /// - Parameter keys: the keys that assume the role; nil if the form contains a token instead.
    func assume(
        _ action: String, _ parameters: [(String, String)], endpoint: String?, signedWith keys: SessionKeys?
    ) async throws(S3Error) -> SessionKeys {
        let host = "sts.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        var request = HTTPRequest(url: endpoint.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? "https://\(host)/")
        request.method = "POST"
        request.headers = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
        request.body = Array(
            S3Encoding.query(
                [("Action", action), ("Version", "2011-06-15"), ("DurationSeconds", "3600")] + parameters
            ).utf8)
        request.bodyIsSecret = true
        request.timeout = .seconds(10)
        request.bodyLimitBytes = KeySource.answerLimitBytes
        request.tls = tls
        if let keys {
            request.signing = AWSSigning(
                region: region, service: "sts", accessKeyID: keys.accessKeyID, secretAccessKey: keys.secretAccessKey,
                sessionToken: keys.sessionToken)
        }
        let answer: HTTPResponse
        do { answer = try await http.send(request) } catch { throw failure("\(action): \(error.message)") }
        let page = XMLElement.parse(answer.body)
        guard answer.status == 200 else {
            let code = KeySource.code((page?.child("Errors") ?? page)?.child("Error")?["Code"])
            let advice =
                switch code {
                case "AccessDenied": "; the role's trust policy does not let this identity assume it"
                case "ExpiredTokenException", "ExpiredToken": "; the token in the file has ended"
                case "InvalidIdentityToken": "; the role's account does not know the token's provider"
                default: ""
                }
            throw failure("\(action): \(answer.status)\(code.map { " \($0)" } ?? "")\(advice)")
        }
        let found = page?.child("\(action)Result")?.child("Credentials")
        guard page?.name == "\(action)Response", let found, let token = found["SessionToken"],
            let expires = found["Expiration"].flatMap({ Timestamp(rfc3339: $0) }),
            let keys = SessionKeys(found["AccessKeyId"], found["SecretAccessKey"], token: token, expires: expires)
        else { throw failure("\(action): the answer holds no keys") }
        return keys
    }
}
