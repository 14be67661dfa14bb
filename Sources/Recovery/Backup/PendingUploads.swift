import FoundationEssentials
import Platform
import S3
#if canImport(Glibc)
    import Glibc
#endif

/// The uploads in parts that a run has begun, in a file: should it be killed, the next one aborts them. A list from the
/// server would not do: some servers list none, and another machine's uploads must not be touched.
struct PendingUploads: Sendable {
    private struct Entry: Codable {
        var bucket: String
        var key: String
        var id: String
    }

    private let path: String
    private let bucket: String

    private static let limitBytes = 1 << 20

    /// - Parameter folder: that of temporary files.
    init(folder: String, bucket: String) {
        path = folder + "/pending-uploads.jsonl"
        self.bucket = bucket
    }

    /// Notes an upload before its first part is sent.
    /// - Throws: `FileError`.
    func note(_ upload: S3OpenUpload) throws(FileError) {
        let entry = Entry(bucket: bucket, key: upload.key, id: upload.id)
        guard var line = try? Array(JSONEncoder().encode(entry)) else {
            throw FileError(path: path, reason: "the upload's name has no JSON form")
        }
        line.append(UInt8(ascii: "\n"))
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, line, line.count) == line.count, fsync(descriptor) == 0 else {
            throw FileError(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Those of this bucket that a run has left.
    func left(_ files: any FileAccess) -> [S3OpenUpload] {
        guard let bytes = try? files.read(path, limit: PendingUploads.limitBytes) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)), entry.bucket == bucket else {
                return nil
            }
            return S3OpenUpload(key: entry.key, id: entry.id)
        }
    }

    /// Forgets all of them: they are completed or aborted.
    func clear(_ files: any FileAccess) { try? files.remove(path) }
}
