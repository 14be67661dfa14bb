import Samples

/// One object as a listing shows it.
package struct BackupObject: Sendable, Hashable {
    package var key: String
    /// Bytes.
    package var size: Int64
    /// When it was uploaded or copied; not when the backup was made.
    package var lastModified: Timestamp
    package var etag: String

    package init(key: String, size: Int64, lastModified: Timestamp, etag: String = "") {
        self.key = key
        self.size = size
        self.lastModified = lastModified
        self.etag = etag
    }
}

/// Where backups lie: as much of an object store as watching needs.
package protocol BackupStore: Sendable {
    /// Objects whose keys begin with the prefix, all pages.
    /// - Parameter limit: most objects to return; `truncated` says that there were more.
    /// - Throws: `ProbeFailure` with a reason of the table in README.md.
    func list(prefix: String, limit: Int) async throws(ProbeFailure) -> (objects: [BackupObject], truncated: Bool)

    /// The object's own metadata: names in lower case without `x-amz-meta-`.
    /// - Throws: `ProbeFailure`.
    func metadata(of key: String) async throws(ProbeFailure) -> [String: String]

    /// Hands an object over piece by piece, in order, in constant memory.
    /// - Parameters:
    ///   - limitBytes: a longer object is a failure with the reason `body`.
    ///   - take: must not block.
    /// - Throws: `ProbeFailure`; pieces may have been handed over by then.
    func read(_ key: String, limitBytes: Int, take: @escaping @Sendable ([UInt8]) -> Void) async throws(ProbeFailure)
}
