import Dispatch
#if canImport(Glibc)
    import Glibc
#endif

/// How full a server's storage is.
enum PostgresStorage {
    /// The fact from which the used ratio is computed; it is not exported.
    static let allDatabases = "all databases"

    struct Use: Sendable, Hashable {
        var used: Double
        var capacity: Double?
    }

    /// statvfs(3) of a directory; blocks reserved for root count as used. It runs off the cooperative pool, since a
    /// network file system can hang.
    static func fileSystem(_ path: String) async -> Use? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                var found = statvfs()
                guard statvfs(path, &found) == 0, found.f_blocks > 0 else {
                    continuation.resume(returning: nil)
                    return
                }
                let block = Double(found.f_frsize)
                let capacity = Double(found.f_blocks) * block
                continuation.resume(returning: Use(used: capacity - Double(found.f_bavail) * block, capacity: capacity))
            }
        }
    }
}
