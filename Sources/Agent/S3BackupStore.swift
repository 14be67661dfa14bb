import Probes
import S3
import Transport

/// A bucket as the backup probes see it.
struct S3BackupStore: BackupStore {
    let client: S3Client

    func list(prefix: String, limit: Int) async throws(ProbeFailure) -> (objects: [BackupObject], truncated: Bool) {
        do throws(S3Error) {
            let objects = try await client.list(prefix: prefix).map {
                BackupObject(key: $0.key, size: $0.sizeBytes, lastModified: $0.lastModified, etag: $0.etag)
            }
            return (Array(objects.prefix(limit)), objects.count > limit)
        } catch {
            throw S3BackupStore.failure(error)
        }
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
            case .wrongRegion: "region"
            case .clockSkew: "clock_skew"
            case .credentials: "auth"
            case .malformed, .limit: "body"
            case .throttled, .server, .other: "http"
            }
        return ProbeFailure(reason, error.message)
    }
}
