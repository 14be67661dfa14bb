import FoundationEssentials
import Platform
import S3
#if canImport(Glibc)
    import Glibc
#endif

/// What a run has begun and not finished, in a file. Should it be killed, the next one aborts its uploads in parts: a list
/// from the server would not do, since some servers list none, and another machine's uploads must not be touched. Objects
/// that were stored and not read back whole are no backups: the next run makes others in their place.
struct PendingUploads: Sendable {
    private struct Entry: Codable {
        var bucket: String
        var key: String
        /// Of the upload in parts; empty once the object is stored.
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
        try append(Entry(bucket: bucket, key: upload.key, id: upload.id))
    }

    /// Notes objects that are stored, instead of their uploads.
    /// - Throws: `FileError`.
    func noteStored(_ keys: [String], _ files: any FileAccess) throws(FileError) {
        for key in keys { try append(Entry(bucket: bucket, key: key, id: "")) }
        forget(files) { keys.contains($0.key) && !$0.id.isEmpty }
    }

    /// The keys of objects that were stored and have not been read back.
    func unverified(_ files: any FileAccess) -> Set<String> {
        Set(entries(files).filter { $0.bucket == bucket && $0.id.isEmpty }.map(\.key))
    }

    private func append(_ entry: Entry) throws(FileError) {
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

    private func entries(_ files: any FileAccess) -> [Entry] {
        guard let bytes = try? files.read(path, limit: PendingUploads.limitBytes) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            try? JSONDecoder().decode(Entry.self, from: Data(line))
        }
    }

    /// Aborts those of this bucket, and forgets those that are gone.
    /// - Returns: why others are not.
    func abort(_ writer: S3Writer, _ files: any FileAccess) async -> [S3Error] {
        var errors: [S3Error] = []
        var gone: Set<String> = []
        for entry in entries(files) where entry.bucket == bucket && !entry.id.isEmpty {
            do throws(S3Error) {
                try await writer.abort(S3OpenUpload(key: entry.key, id: entry.id))
                gone.insert(entry.id)
            } catch { errors.append(error) }
        }
        forget(files) { gone.contains($0.id) }
        return errors
    }

    /// Forgets keys, which are backups now or are gone.
    func forget(_ keys: some Collection<String>, _ files: any FileAccess) { forget(files) { keys.contains($0.key) } }

    private func forget(_ files: any FileAccess, where isGone: (Entry) -> Bool) {
        let all = entries(files)
        let left = all.filter { $0.bucket != bucket || !isGone($0) }
        guard left.count < all.count else { return }
        try? files.remove(path)
        for entry in left { try? append(entry) }
    }
}
