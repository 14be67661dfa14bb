import Samples
import Transport

extension S3Metadata {
    init(_ response: HTTPResponse) {
        self.init()
        sizeBytes = response[header: "content-length"].flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
        lastModified = response[header: "last-modified"].flatMap(HTTPDate.parse)
        etag = response[header: "etag"].map(S3Encoding.etag)
        versionID = response[header: "x-amz-version-id"]
        contentType = response[header: "content-type"]
        storageClass = response[header: "x-amz-storage-class"]
        restore = response[header: "x-amz-restore"]
        archiveStatus = response[header: "x-amz-archive-status"]
        retainedUntil = response[header: "x-amz-object-lock-retain-until-date"].flatMap { Timestamp(rfc3339: $0) }
        hasLegalHold = response[header: "x-amz-object-lock-legal-hold"]?.uppercased() == "ON"
        // The first is Google's own, which its servers also send to clients that sign like Amazon's.
        for prefix in ["x-goog-meta-", "x-amz-meta-"] {
            for (name, value) in response.headers where name.hasPrefix(prefix) {
                user[String(name.dropFirst(prefix.count))] = value
            }
        }
    }
}
