import Platform
import Transport

/// How to reach one bucket.
package struct S3Options: Sendable, Hashable {
    package var bucket: String
    /// `https://minio.example:9000`; nil means AWS, whose host follows from the region.
    package var endpoint: String?
    package var region = "us-east-1"
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`. Most servers that are not AWS want it.
    package var pathStyle = false
    package var credentials = S3Credentials.environment
    package var tls = TLSOptions()
    package var proxy: String?
    /// For each request; a streamed object has its own.
    package var timeout: Duration = .seconds(10)
    package var objectTimeout: Duration = .seconds(3600)
    /// Most keys that one listing may have.
    package var keyLimit = 100_000

    package init(bucket: String) { self.bucket = bucket }
}

/// Where the keys come from. They are read at each request, so rotating them needs no restart.
package enum S3Credentials: Sendable, Hashable {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    case environment
    /// Each in the configuration or in a file of its own.
    case keys(accessKeyID: Secret, secretAccessKey: Secret, sessionToken: Secret?)
    /// Files `access_key_id`, `secret_access_key` and, where there is one, `session_token` in a directory,
    /// as systemd's `$CREDENTIALS_DIRECTORY` is.
    case directory(String)
    /// A public bucket.
    case anonymous
}
