package import Transport

/// How to reach one bucket.
package struct S3Options: Sendable, Hashable {
    /// The bucket's name.
    package var bucket: String
    /// `https://minio.example:9000`; nil means AWS, whose host is derived from the region.
    package var endpoint: String?
    /// For the signature, and for AWS' host; a redirect to another one is followed. Default `us-east-1`.
    package var region = "us-east-1"
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`. Most servers other than AWS require it.
    package var pathStyle = false
    /// Default: from the environment.
    package var credentials = S3Credentials.environment
    /// Sends `x-amz-request-payer: requester` with each request: the requester pays, not the bucket's owner. Default
    /// false.
    package var isRequesterPaying = false
    /// For an `https` endpoint.
    package var tls = TLSOptions()
    /// `http://proxy:3128` and the like. Default: none, even if the environment specifies one.
    package var proxy: String?
    /// For each request except a streamed object. Default 10 s.
    package var timeout: Duration = .seconds(10)
    /// For an entire streamed object. Default 1 h.
    package var objectTimeout: Duration = .seconds(3600)
    /// How often a request is retried after 429, 500 or 503, with increasing delays. Default 2.
    package var retries = 2
    /// No retry starts later than this after the first attempt: the caller has a deadline of its own. Default 10 s.
    package var patience = Duration.seconds(10)
    /// Maximum number of keys in one listing; more end it with `.limit`. Default 100,000.
    package var keyLimit = 100_000

    /// Every other option at its default.
    package init(bucket: String) { self.bucket = bucket }

    /// Whether a bucket is best addressed in path style: object stores other than Amazon's rarely serve buckets under
    /// host names of their own, and no certificate for *.s3.amazonaws.com covers a name with dots.
    package static func prefersPathStyle(_ bucket: String, endpoint: String?) -> Bool {
        bucket.contains(".") || !(endpoint?.hasSuffix(".amazonaws.com") ?? true)
    }
}
