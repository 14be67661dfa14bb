import Samples

/// One page of ListObjectsV2.
struct S3Page {
    var objects: [S3Object] = []
    var isTruncated = false
    var nextToken: String?

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
            let etag = (entry["ETag"] ?? "").filter { $0 != "\"" }
            objects.append(
                S3Object(
                    key: key, sizeBytes: size, lastModified: modified, etag: etag, storageClass: entry["StorageClass"]))
        }
        isTruncated = root["IsTruncated"] == "true"
        nextToken = root["NextContinuationToken"]
    }
}
