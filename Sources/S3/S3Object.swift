import Samples

/// One line of a listing.
package struct S3Object: Sendable, Hashable {
    package var key: String
    package var sizeBytes: Int64
    /// When it was uploaded or copied here, which is not when it was made.
    package var lastModified: Timestamp
    /// Without its quotes. An MD5 only for plain uploads: not with `-N` at its end, nor under SSE-KMS.
    package var etag: String
    package var storageClass: String?

    package init(key: String, sizeBytes: Int64, lastModified: Timestamp, etag: String = "", storageClass: String? = nil)
    {
        self.key = key
        self.sizeBytes = sizeBytes
        self.lastModified = lastModified
        self.etag = etag
        self.storageClass = storageClass
    }
}

/// What HEAD or GET says of an object.
package struct S3Metadata: Sendable, Hashable {
    package var sizeBytes: Int64?
    package var lastModified: Timestamp?
    package var etag: String?
    package var versionID: String?
    package var contentType: String?
    package var storageClass: String?
    /// `x-amz-meta-*` without that prefix, names in lower case.
    package var user: [String: String] = [:]
    package init() {}
}
