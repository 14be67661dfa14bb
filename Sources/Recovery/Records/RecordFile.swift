import FoundationEssentials
package import Platform
package import Probes
#if canImport(Glibc)
    import Glibc
#endif

/// A file of what the procedures recorded, which the daemon's `records` names.
package enum RecordFile {
    /// Appends an event as one line, in a single write(2) with O_APPEND, so that programs that record at the same time do
    /// not mix their lines, and waits until it is on the disk. The file is created if it does not exist.
    /// - Throws: `FileError`.
    package static func append(_ event: RecordedEvent, to path: String) throws(FileError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var line = try? Array(encoder.encode(event)) else {
            throw FileError(path: path, reason: "the record has no JSON form")
        }
        line.append(UInt8(ascii: "\n"))
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard write(descriptor, line, line.count) == line.count, fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> FileError {
        FileError(path: path, reason: String(cString: strerror(errno)))
    }
}
