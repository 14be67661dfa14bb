package import S3
package import Samples

/// One object of a listing.
package struct BackupObject: Sendable, Hashable {
    /// The whole key, prefix included.
    package var key: String
    /// Bytes.
    package var size: Int64
    /// When the object was uploaded or copied, which may be after the backup was made.
    package var lastModified: Timestamp
    /// S3's entity tag, without quotes; changes with the content.
    package var etag: String
    /// As `STANDARD`, `GLACIER`; nil where the listing does not say. An object that moves to another class stays the same
    /// backup: it is no part of what makes two objects equal.
    package var storageClass: String?

    /// The same bytes under the same key.
    package static func == (a: BackupObject, b: BackupObject) -> Bool {
        a.key == b.key && a.size == b.size && a.lastModified == b.lastModified && a.etag == b.etag
    }

    /// By what makes two objects equal.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(key)
        hasher.combine(etag)
    }

    /// A listed object.
    package init(
        key: String, size: Int64, lastModified: Timestamp, etag: String = "", storageClass: String? = nil
    ) {
        self.key = key
        self.size = size
        self.lastModified = lastModified
        self.etag = etag
        self.storageClass = storageClass
    }
}

/// The part of an object store that the backup probes need.
package protocol BackupStore: Sendable {
    /// The bucket's name, for labels.
    var bucket: String { get }

    /// Lists the objects whose keys begin with a prefix, over all pages.
    /// - Parameter limit: the most objects to return; `truncated` tells whether there are more.
    /// - Throws: `ProbeFailure` with a reason of the table in README.md.
    func list(prefix: String, limit: Int) async throws(ProbeFailure) -> (objects: [BackupObject], truncated: Bool)

    /// Objects below a prefix that a delete marker hides while an older version holds their bytes.
    /// - Parameter after: begins behind this key; nil begins at the prefix.
    /// - Throws: `ProbeFailure`, also where the store has no versions or does not show them.
    func deleted(prefix: String, after: String?) async throws(ProbeFailure) -> [S3Deleted]

    /// How the bucket is protected, as far as it says.
    /// - Throws: `ProbeFailure` where there is no answer at all.
    func posture() async throws(ProbeFailure) -> S3Posture

    /// Reads an object's user metadata: names in lower case, without `x-amz-meta-`.
    /// - Throws: `ProbeFailure` with a reason of the table in README.md.
    func metadata(of key: String) async throws(ProbeFailure) -> [String: String]

    /// Streams an object in order, in constant memory.
    /// - Parameters:
    ///   - limitBytes: a larger object fails with the reason `body`.
    ///   - take: receives each piece; must not block.
    /// - Throws: `ProbeFailure`; `take` may have received pieces by then.
    func read(_ key: String, limitBytes: Int, take: @escaping @Sendable ([UInt8]) -> Void) async throws(ProbeFailure)
}
