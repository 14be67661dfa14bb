package import Platform
package import Samples

/// An object to be stored.
package struct S3Upload: Sendable {
    /// How long Object Lock is to keep it.
    package struct Lock: Sendable, Hashable {
        /// `GOVERNANCE` or `COMPLIANCE`.
        package var mode: String
        /// Until when.
        package var until: Timestamp

        /// - Parameter mode: `GOVERNANCE` or `COMPLIANCE`.
        package init(mode: String, until: Timestamp) {
            self.mode = mode
            self.until = until
        }
    }

    /// The whole key.
    package var key: String
    /// The whole of it is stored.
    package var file: OpenFile
    /// In bytes.
    package var size: Int64
    /// 64 hexadecimal digits, of the whole file; an upload whose answer is lost is recognised by it.
    package var sha256: String
    /// `x-amz-meta-…` without that prefix. `checksum` with `sha256` belongs in it.
    package var metadata: [String: String]
    /// Default: the bucket's own.
    package var lock: Lock?

    /// An object without a lock of its own.
    package init(key: String, file: OpenFile, size: Int64, sha256: String, metadata: [String: String]) {
        self.key = key
        self.file = file
        self.size = size
        self.sha256 = sha256
        self.metadata = metadata
    }
}

/// An upload in several parts that was begun and not ended: S3 keeps its parts, and bills them.
package struct S3OpenUpload: Sendable, Hashable {
    /// The key that it would have got.
    package var key: String
    /// S3's name for it.
    package var id: String

    /// - Parameter id: S3's name for it.
    package init(key: String, id: String) {
        self.key = key
        self.id = id
    }
}
