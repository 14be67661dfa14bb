import Platform
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

    /// statvfs(3) of a directory; blocks reserved for root count as used. Nil if it does not exist, or its mount is
    /// dead.
    static func fileSystem(_ path: String, _ files: any FileAccess) async -> Use? {
        let use = try? await files.inTime(path) { () throws(FileError) -> Use? in
            var found = statvfs()
            guard statvfs(path, &found) == 0, found.f_blocks > 0 else { return nil }
            let block = Double(found.f_frsize)
            let capacity = Double(found.f_blocks) * block
            return Use(used: capacity - Double(found.f_bavail) * block, capacity: capacity)
        }
        return use ?? nil
    }
}
