package import Samples

/// One line of a listing.
package struct S3Object: Sendable, Hashable {
    /// Decoded; at most 1,024 bytes.
    package var key: String
    /// Not negative.
    package var sizeBytes: Int64
    /// When it was uploaded or copied here, which is not when it was made.
    package var lastModified: Timestamp
    /// Without quotes. An MD5 only for plain uploads: not with a `-N` suffix, nor under SSE-KMS.
    package var etag: String
    /// Such as `STANDARD`, `GLACIER`.
    package var storageClass: String?

    /// A made-up entry, for tests and simulations.
    package init(key: String, sizeBytes: Int64, lastModified: Timestamp, etag: String = "", storageClass: String? = nil)
    {
        self.key = key
        self.sizeBytes = sizeBytes
        self.lastModified = lastModified
        self.etag = etag
        self.storageClass = storageClass
    }
}

/// An object's metadata from HEAD or GET.
package struct S3Metadata: Sendable, Hashable {
    /// nil if the answer has no length.
    package var sizeBytes: Int64?
    /// When it was uploaded or copied here.
    package var lastModified: Timestamp?
    /// Without its quotes; see `S3Object.etag`.
    package var etag: String?
    /// nil in a bucket without versioning.
    package var versionID: String?
    /// As given at the upload.
    package var contentType: String?
    /// nil for STANDARD.
    package var storageClass: String?
    /// Value of `x-amz-restore`, as `ongoing-request="false", expiry-date="…"` once an archived object has a readable
    /// copy.
    package var restore: String?
    /// `x-amz-archive-status`, of an object that S3 Intelligent-Tiering moved to an archive tier.
    package var archiveStatus: String?
    /// Until when Object Lock keeps this version; nil if it does not, or if we may not know.
    package var retainedUntil: Timestamp?
    /// Whether Object Lock keeps this version until somebody lifts its legal hold.
    package var hasLegalHold = false
    /// `x-amz-meta-*` without that prefix, names in lower case.
    package var user: [String: String] = [:]
    /// The archive class or tier that the object must be restored from before it can be read; nil if a GET works.
    package var archivedIn: String? {
        if let restore, restore.contains("ongoing-request=\"false\"") { return nil }
        if let archiveStatus { return archiveStatus }
        return storageClass.flatMap { ["GLACIER", "DEEP_ARCHIVE"].contains($0) ? $0 : nil }
    }

    /// Unknown metadata.
    package init() {}
}
