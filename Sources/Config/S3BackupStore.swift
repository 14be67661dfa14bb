import Probes
import S3
import Transport

/// A bucket as a backup store for the probes.
struct S3BackupStore: BackupStore {
    let bucket: String
    let client: S3Client

    /// Maximum bytes of keys and tags in one listing. 4 MiB: 20,000 keys of 200 bytes.
    private static let listingLimitBytes = 4 << 20

    func list(prefix: String, limit: Int) async throws(ProbeFailure) -> (objects: [BackupObject], truncated: Bool) {
        do throws(S3Error) {
            var objects: [BackupObject] = []
            var bytes = 0
            var isTruncated = false
            try await client.pages(prefix: prefix) { page in
                for object in page {
                    bytes += object.key.utf8.count + object.etag.utf8.count
                    isTruncated = objects.count >= limit || bytes > S3BackupStore.listingLimitBytes
                    if isTruncated { return false }
                    objects.append(
                        BackupObject(
                            key: object.key, size: object.sizeBytes, lastModified: object.lastModified,
                            etag: object.etag, storageClass: object.storageClass))
                }
                return true
            }
            return (objects, isTruncated)
        } catch {
            throw S3BackupStore.failure(error)
        }
    }

    func deleted(prefix: String, after: String?) async throws(ProbeFailure) -> [S3Deleted] {
        do throws(S3Error) { return try await client.deleted(prefix: prefix, after: after) } catch {
            throw S3BackupStore.failure(error)
        }
    }

    func posture() async throws(ProbeFailure) -> S3Posture {
        do throws(S3Error) { return try await client.posture() } catch { throw S3BackupStore.failure(error) }
    }

    func metadata(of key: String) async throws(ProbeFailure) -> [String: String] {
        do throws(S3Error) {
            return try await client.head(key).user
        } catch {
            throw S3BackupStore.failure(error)
        }
    }

    func read(_ key: String, limitBytes: Int, take: @escaping @Sendable ([UInt8]) -> Void) async throws(ProbeFailure) {
        do throws(S3Error) {
            _ = try await client.get(key, limitBytes: limitBytes, receive: take)
        } catch {
            throw S3BackupStore.failure(error)
        }
    }

    /// The reasons of the table in Sources/Probes/README.md.
    static func failure(_ error: S3Error) -> ProbeFailure {
        let reason =
            switch error.reason {
            case .transport: error.transport?.rawValue ?? "other"
            case .accessDenied: "denied"
            case .noSuchBucket, .noSuchKey, .deleteMarker: "not_found"
            case .archived: "archived"
            case .wrongRegion: "region"
            case .clockSkew: "clock_skew"
            case .credentials: "auth"
            case .noCredentials: "credentials"
            case .malformed, .limit: "body"
            case .untrusted: "listing"
            case .throttled, .server, .other, .exists: "http"
            }
        return ProbeFailure(reason, error.message)
    }
}
