import Text
import Transport

extension S3Writer {
    /// S3 takes so many keys in one request.
    private static let batchLimit = 1000

    /// Deletes objects. In a bucket with versions each gets a delete marker, and its bytes stay as an older version;
    /// versions are never deleted. Sources: Amazon S3 API Reference, DeleteObjects and DeleteObject.
    /// - Returns: the keys that were not deleted, each with S3's reason.
    /// - Throws: `S3Error` if there was no answer for a batch.
    package func delete(_ keys: [String]) async throws(S3Error) -> [String: String] {
        var failed: [String: String] = [:]
        for start in stride(from: 0, to: keys.count, by: S3Writer.batchLimit) {
            let batch = Array(keys[start..<min(start + S3Writer.batchLimit, keys.count)])
            do throws(S3Error) {
                failed.merge(try await deleteTogether(batch)) { first, _ in first }
            } catch {
                guard error.isUnknownQuestion else { throw error }
                for key in batch {
                    do throws(S3Error) {
                        _ = try await persistently { () throws(S3Error) in
                            try await self.client.send("DELETE", key: key, query: "", receive: nil)
                        }
                    } catch { failed[key] = error.message }
                }
            }
        }
        return failed
    }

    private func deleteTogether(_ keys: [String]) async throws(S3Error) -> [String: String] {
        var text = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>false</Quiet>"
        for key in keys { text += "<Object><Key>\(Markup.escape(key))</Key></Object>" }
        text += "</Delete>"
        var load = S3Client.Load()
        load.body = Array(text.utf8)
        load.headers = [("Content-MD5", S3Payload.md5(of: load.body)), ("Content-Type", "application/xml")]
        let response = try await persistently { () throws(S3Error) in
            try await self.client.send("POST", key: nil, query: "delete=", receive: nil, load: load)
        }
        guard let page = XMLElement.parse(response.body), page.name == "DeleteResult" else {
            throw S3Error(
                .malformed, "s3://\(client.options.bucket): the answer does not say what was deleted",
                status: response.status)
        }
        var failed: [String: String] = [:]
        for error in page.all("Error") {
            guard let key = error["Key"] else { continue }
            failed[key] = "\(error["Code"] ?? "refused"): \((error["Message"] ?? "").prefix(200))"
        }
        // What the answer does not name may still be there.
        let named = Set(page.all("Deleted").compactMap { $0["Key"] })
        for key in keys where failed[key] == nil && !named.contains(key) { failed[key] = "not named in S3's answer" }
        return failed
    }
}
