package import Platform

extension Moto {
    /// Creates a bucket and a user with all rights on S3, and verifies signatures from then on. The server must have been
    /// started with open requests.
    /// - Returns: the user's access key.
    /// - Throws: `ChildProcessError` with curl's or moto's message.
    package func user(bucket: String) async throws(ChildProcessError) -> (id: String, secret: String) {
        func iam(_ form: String) async throws(ChildProcessError) -> String {
            let answer = try await ChildProcess.run(
                "curl", Moto.signed("iam") + ["-d", "Version=2010-05-08&" + form, endpoint + "/"])
            return String(decoding: answer, as: UTF8.self)
        }
        _ = try await iam("Action=CreateUser&UserName=writer")
        // The policy is percent-encoded JSON: s3:* on everything.
        let policy =
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3A*%22%5D%2C%22Resource%22%3A%22*%22%7D%5D%7D"
        _ = try await iam("Action=PutUserPolicy&UserName=writer&PolicyName=p&PolicyDocument=" + policy)
        let made = try await iam("Action=CreateAccessKey&UserName=writer")
        func between(_ tag: String) throws(ChildProcessError) -> String {
            guard let start = made.firstRange(of: "<\(tag)>")?.upperBound else {
                throw ChildProcessError(program: "moto", reason: "no \(tag) in its answer")
            }
            return String(made[start...].prefix { $0 != "<" })
        }
        let key = (id: try between("AccessKeyId"), secret: try between("SecretAccessKey"))
        try await ChildProcess.run("curl", Moto.signed("s3") + ["-X", "PUT", "\(endpoint)/\(bucket)"])
        try await ChildProcess.run(
            "curl", ["-sf", "-H", "Content-Type: text/plain", "-d", "0", endpoint + "/moto-api/reset-auth"])
        return key
    }

    /// As anybody, while nothing is verified.
    private static func signed(_ service: String) -> [String] {
        ["-sf", "--aws-sigv4", "aws:amz:us-east-1:\(service)", "--user", "a:b"]
    }
}
