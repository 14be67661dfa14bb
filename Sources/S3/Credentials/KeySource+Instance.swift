import Transport

/// The role of an EC2 instance. Source: Amazon EC2 User Guide, "Use the Instance Metadata Service" (IMDSv2).
extension KeySource {
    private static let tokenSeconds = 300

    func instanceKeys(_ options: S3Credentials.InstanceOptions) async throws(S3Error) -> SessionKeys {
        guard variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else {
            throw failure("AWS_EC2_METADATA_DISABLED is set to true")
        }
        var base = options.endpoint ?? variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? ""
        if base.isEmpty {
            let isIPv6 = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
            base = isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        }
        while base.hasSuffix("/") { base.removeLast() }
        let token = try await metadataToken(base)
        let roles = "\(base)/latest/meta-data/iam/security-credentials/"
        let role: String
        if let configured = options.role {
            role = configured
        } else {
            let answer = try await metadata(roles, token)
            guard answer.status != 404 else {
                throw failure("the instance has no role; attach an instance profile that may read the bucket")
            }
            guard let line = answer.text.split(whereSeparator: \.isNewline).first, KeySource.isRole(line) else {
                throw failure("the answer is not the name of a role")
            }
            role = String(line)
        }
        guard KeySource.isRole(role[...]) else { throw failure("\"\(role.prefix(64))\" is not the name of a role") }
        let answer = try await metadata(roles + role, token)
        guard answer.status != 404 else { throw failure("the instance has no role \"\(role)\"") }
        return try keys(answer.body)
    }

    private func metadataToken(_ base: String) async throws(S3Error) -> String {
        var request = localRequest("\(base)/latest/api/token")
        request.method = "PUT"
        request.headers = [(name: "X-aws-ec2-metadata-token-ttl-seconds", value: "\(KeySource.tokenSeconds)")]
        let answer: HTTPResponse
        do {
            answer = try await http.send(request)
        } catch  where error.reason == .timeout {
            // With one hop too many the answer's packets are dropped, and nothing comes back.
            throw failure(
                "no answer within 3 s; outside EC2 the service does not exist, and for use in a container the instance's HttpPutResponseHopLimit must be 2"
            )
        } catch {
            throw failure("\(error.message); is this machine an EC2 instance?")
        }
        switch answer.status {
        case 200: break
        case 403: throw failure("403: the service is switched off (HttpEndpoint=disabled in the metadata options)")
        case 404, 405: throw failure("\(answer.status): the service does not know IMDSv2 tokens")
        default: throw failure("the token is refused with \(answer.status)")
        }
        let token = answer.text
        guard !token.isEmpty, token.utf8.count <= 4096, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw failure("the answer is no token")
        }
        return token
    }

    private func metadata(_ url: String, _ token: String) async throws(S3Error) -> HTTPResponse {
        var request = localRequest(url)
        request.headers = [(name: "X-aws-ec2-metadata-token", value: token)]
        let answer: HTTPResponse
        do { answer = try await http.send(request) } catch { throw failure(error.message) }
        guard answer.status == 200 || answer.status == 404 else {
            throw failure(
                answer.status == 401 ? "401: its own token is not accepted" : "refused with \(answer.status)")
        }
        return answer
    }

    /// Source: IAM User Guide, "IAM and AWS STS quotas": role names.
    private static func isRole(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "+=,.@_-".utf8.contains(byte)
                }
            }
    }
}
