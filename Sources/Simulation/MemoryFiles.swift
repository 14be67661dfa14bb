package import Platform
package import Samples
#if canImport(Glibc)
    import Glibc
#endif

/// Files that exist only in memory; no others can be read.
package struct MemoryFiles: FileAccess {
    /// Texts by absolute path.
    package var contents: [String: String]
    /// Modification times of files, by path; the epoch for those that are missing here.
    package var modified: [String: Timestamp] = [:]

    /// Files by path.
    package init(_ contents: [String: String] = [:]) { self.contents = contents }

    /// The file's contents.
    package func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        guard let text = contents[path] else { throw FileError(path: path, reason: "No such file or directory") }
        guard text.utf8.count <= limit else { throw FileError(path: path, reason: "larger than \(limit) bytes") }
        return Array(text.utf8)
    }

    /// The file's contents, and its time from `modified`.
    package func readDated(
        _ path: String, limit: Int
    ) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        (try read(path, limit: limit), modified[path] ?? Timestamp(milliseconds: 0))
    }

    /// The file's last bytes.
    package func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        let bytes = try read(path, limit: .max)
        return (Array(bytes.suffix(limit)), bytes.count > limit)
    }

    /// Paths that match the pattern.
    package func glob(_ pattern: String) -> [String] {
        contents.keys.filter { fnmatch(pattern, $0, FNM_PATHNAME) == 0 }.sorted()
    }

    package func makeFolder(_ path: String, mode: UInt32) throws(FileError) { throw MemoryFiles.readOnly(path) }
    package func makePrivate(_ path: String) throws(FileError) { throw MemoryFiles.readOnly(path) }
    package func rename(_ path: String, to new: String) throws(FileError) { throw MemoryFiles.readOnly(path) }
    package func remove(_ path: String) throws(FileError) { throw MemoryFiles.readOnly(path) }

    private static func readOnly(_ path: String) -> FileError {
        FileError(path: path, reason: "Read-only file system")
    }
}
