import Samples

/// One page of ListObjectsV2 or ListObjects.
struct S3Page {
    var objects: [S3Object] = []
    var isTruncated = false
    var nextToken: String?
    /// For ListObjects, and only if the server sends one.
    var nextMarker: String?

    /// The longest key, in bytes. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
    static let keyLimitBytes = 1024

    init?(_ body: [UInt8]) {
        guard let root = XMLElement.parse(body), root.name == "ListBucketResult" else { return nil }
        let isEncoded = root["EncodingType"] == "url"
        for entry in root.all("Contents") {
            guard let raw = entry["Key"], let key = isEncoded ? S3Encoding.decode(raw) : raw,
                key.utf8.count <= S3Page.keyLimitBytes,
                let size = entry["Size"].flatMap({ Int64($0) }), size >= 0,
                let modified = entry["LastModified"].flatMap({ Timestamp(rfc3339: $0) })
            else { return nil }
            let etag = S3Encoding.etag(entry["ETag"] ?? "")
            objects.append(
                S3Object(
                    key: key, sizeBytes: size, lastModified: modified, etag: etag, storageClass: entry["StorageClass"]))
        }
        isTruncated = root["IsTruncated"] == "true"
        nextToken = root["NextContinuationToken"].flatMap { $0.isEmpty ? nil : $0 }
        nextMarker = root["NextMarker"].flatMap { isEncoded ? S3Encoding.decode($0) : $0 }.flatMap {
            $0.isEmpty ? nil : $0
        }
    }
}

/// Checks whether pages can be those of one complete listing. Source: Amazon S3 API Reference, ListObjectsV2: keys in
/// the order of their UTF-8 bytes, each once, all below the prefix. Pure.
struct ListingCheck {
    let prefix: String
    /// False for directory buckets, which have no order.
    let isOrdered: Bool
    private(set) var last: String?
    private(set) var count = 0

    /// Servers that limit pages themselves do so at 100 keys or a multiple.
    private static let round = 100

    init(prefix: String, isOrdered: Bool) {
        self.prefix = prefix
        self.isOrdered = isOrdered
    }

    /// - Returns: what is wrong, in words; nil if nothing is.
    mutating func take(_ objects: [S3Object]) -> String? {
        for object in objects {
            guard object.key.hasPrefix(prefix) else { return "a key is not below the prefix" }
            if let last {
                if object.key == last { return "a key is listed twice" }
                if isOrdered, !last.utf8.lexicographicallyPrecedes(object.key.utf8) { return "keys are out of order" }
            }
            last = object.key
            count += 1
        }
        return nil
    }

    var mayBeCut: Bool { isOrdered && count > 0 && count % ListingCheck.round == 0 }
}
