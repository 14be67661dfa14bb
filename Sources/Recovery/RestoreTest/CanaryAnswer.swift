import Transport

/// What the answer to the read of the secret means.
enum CanaryAnswer {
    /// The fields of a secret; those of a KV mount of version 2 are one level deeper.
    private struct Secret: Decodable {
        let data: [String: Value]?
    }

    /// Whether a value is anything but empty: its content is nobody's business.
    private struct Value: Decodable {
        let isEmpty: Bool

        init(from decoder: any Decoder) throws {
            if let fields = try? decoder.container(keyedBy: AnyKey.self) {
                isEmpty = fields.allKeys.isEmpty
            } else {
                isEmpty = (try? decoder.singleValueContainer().decodeNil()) ?? true
            }
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// - Throws: `RestoreFailure` if the secret will not be read.
    static func result(
        of answer: StagingAnswer<HTTPResponse>, path: String
    ) async throws(RestoreFailure) -> Result<Void, RestoreRun.Pending> {
        switch answer {
        case .value(let response):
            guard let fields = response.decoded(Secret.self)?.data, fields.contains(where: { !$0.value.isEmpty }) else {
                throw RestoreFailure(.canary, "the secret at \(path) is empty in the copy")
            }
            return .success(())
        case .silent(let reason): return .failure(.init(reason: "no answer: \(reason)"))
        case .status(let status, let words):
            switch status {
            case 300..<400:
                throw RestoreFailure(
                    .notItself, "the copy redirects the read to another node (\(status)): it does not serve by itself")
            case 403:
                throw RestoreFailure(
                    .credential,
                    "the copy refuses the token (403 \(words)): the restore worked, but the credential ended before it or is not allowed to read \(path)"
                )
            case 404: throw RestoreFailure(.canary, "the copy has no secret at \(path)")
            case 500 where words.contains("active cluster node not found"), 429, 503:
                return .failure(.init(reason: "\(status) \(words)"))
            case 500 where words == "internal error":
                throw RestoreFailure(
                    .staging,
                    "the copy cannot write its audit log (500 internal error): provide the path of its audit device in staging"
                )
            default: throw RestoreFailure(.canary, "reading \(path) in the copy gives \(status) \(words)")
            }
        }
    }
}
