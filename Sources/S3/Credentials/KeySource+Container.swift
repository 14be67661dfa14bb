import Transport

/// The role of an ECS task or an EKS pod. Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
extension KeySource {
    func containerKeys() async throws(S3Error) -> SessionKeys {
        let url: String
        if let path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard path.hasPrefix("/"), path.utf8.count <= 2048 else {
                throw failure("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not a path")
            }
            url = "http://169.254.170.2\(path)"
        } else if let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            guard KeySource.mayAsk(full) else {
                throw failure(
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine or its link (127.0.0.0/8, 169.254.170.2, 169.254.170.23, [::1], [fd00:ec2::23])"
                )
            }
            url = full
        } else {
            throw failure(
                "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set: this is neither an ECS task nor a pod with Pod Identity"
            )
        }
        var request = localRequest(url)
        if let path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            let token = try await line(of: path, "the authorization token")
            request.headers = [(name: "Authorization", value: token)]
        } else if let token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            request.headers = [(name: "Authorization", value: token)]
        }
        let answer: HTTPResponse
        do { answer = try await http.send(request) } catch { throw failure(error.message) }
        switch answer.status {
        case 200: return try keys(answer.body)
        case 401, 403: throw failure("\(answer.status): the authorization token is not accepted")
        case 404: throw failure("404: it knows no role for this task or pod")
        default: throw failure("refused with \(answer.status)")
        }
    }

    /// Whether a URL may be requested: unencrypted requests must not leave the machine and its link.
    static func mayAsk(_ url: String) -> Bool {
        guard let host = URLParts(url)?.host.lowercased() else { return false }
        if url.lowercased().hasPrefix("https://") { return true }
        guard url.lowercased().hasPrefix("http://") else { return false }
        if ["localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
