import Dispatch
#if canImport(Glibc)
    import Glibc
#endif

/// How full the server's storage is.
enum PostgresStorage {
    /// A fact that only the capacity's share is made of; it is no metric.
    static let allDatabases = "all databases"

    struct Use: Sendable, Hashable {
        var used: Double
        var capacity: Double?
    }

    /// statvfs(3) of a directory, what only root may use counted as used. On a thread of its own: a network file system
    /// can hang.
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
