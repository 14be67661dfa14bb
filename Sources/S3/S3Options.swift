package import Platform
package import Transport

/// How to reach one bucket.
package struct S3Options: Sendable, Hashable {
    /// Its name alone.
    package var bucket: String
    /// `https://minio.example:9000`; nil means AWS, whose host follows from the region.
    package var endpoint: String?
    /// For the signature, and for AWS' host; a redirect to another one is followed. Default `us-east-1`.
    package var region = "us-east-1"
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`. Most servers that are not AWS want it.
    package var pathStyle = false
    /// Default: the environment's.
    package var credentials = S3Credentials.environment
    /// For an `https` endpoint.
    package var tls = TLSOptions()
    /// `http://proxy:3128` and the like. Default: none, whatever the environment says.
    package var proxy: String?
    /// For each request but a streamed object's. Default 10 s.
    package var timeout: Duration = .seconds(10)
    /// For the whole of a streamed object. Default 1 h.
    package var objectTimeout: Duration = .seconds(3600)
    /// Keys that one listing may have; more end it with `.limit`. Default 100,000.
    package var keyLimit = 100_000

    /// Every other option at its default.
    package init(bucket: String) { self.bucket = bucket }

    /// Whether a bucket is best addressed in path style: object stores other than Amazon's rarely serve buckets under
    /// host names of their own, and no certificate for *.s3.amazonaws.com covers a name with dots.
    package static func prefersPathStyle(_ bucket: String, endpoint: String?) -> Bool {
        bucket.contains(".") || !(endpoint?.hasSuffix(".amazonaws.com") ?? true)
    }
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
