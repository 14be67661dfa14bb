package import Samples

/// A deleted object in a bucket with versioning: its latest version is a delete marker, and an older one has its data.
package struct S3Deleted: Sendable, Hashable {
    /// The whole key.
    package var key: String
    /// When the marker was created.
    package var deleted: Timestamp

    /// An object that was deleted at a time.
    package init(key: String, deleted: Timestamp) {
        self.key = key
        self.deleted = deleted
    }
}

extension S3Client {
    /// Maximum number of pages that one search for deleted objects reads.
    private static let pageLimit = 5

    /// Objects below a prefix that a delete marker hides, in the order of their keys; without those that have no older
    /// version. Source: Amazon S3 API Reference, ListObjectVersions.
    /// - Parameter after: starts after this key; nil starts at the prefix. At most 5,000 versions are examined.
    /// - Throws: `S3Error`; servers without versions report `.other` or `.malformed`.
    package func deleted(prefix: String, after: String?) async throws(S3Error) -> [S3Deleted] {
        var markers: [String: Timestamp] = [:]
        var withBytes: Set<String> = []
        var key = after
        var version: String?
        for _ in 0..<S3Client.pageLimit {
            var parameters = [("encoding-type", "url"), ("max-keys", "1000"), ("prefix", prefix), ("versions", "")]
            if let key { parameters.append(("key-marker", key)) }
            if let version { parameters.append(("version-id-marker", version)) }
            let page = try await ask(parameters)
            guard page.name == "ListVersionsResult" else {
                throw S3Error(.malformed, "the answer is not a list of versions")
            }
            let isEncoded = page["EncodingType"] == "url"
            func decoded(_ text: String?) -> String? { text.flatMap { isEncoded ? S3Encoding.decode($0) : $0 } }
            for entry in page.children where entry.name == "Version" || entry.name == "DeleteMarker" {
                guard let key = decoded(entry["Key"]), key.hasPrefix(prefix), key.utf8.count <= S3Page.keyLimitBytes
                else { continue }
                if entry.name == "Version" {
                    withBytes.insert(key)
                } else if entry["IsLatest"] == "true",
                    let time = entry["LastModified"].flatMap({ Timestamp(rfc3339: $0) })
                {
                    markers[key] = time
                }
            }
            guard page["IsTruncated"] == "true", let next = decoded(page["NextKeyMarker"]), !next.isEmpty,
                (next, page["NextVersionIdMarker"]) != (key, version)
            else { break }
            key = next
            version = page["NextVersionIdMarker"]
        }
        return markers.filter { withBytes.contains($0.key) }.map { S3Deleted(key: $0.key, deleted: $0.value) }.sorted {
            $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
        }
    }
}
