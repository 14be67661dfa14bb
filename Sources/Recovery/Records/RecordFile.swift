import FoundationEssentials
package import Platform
package import Probes
#if canImport(Glibc)
    import Glibc
#endif

/// A file of what the procedures recorded, which the daemon's `records` names.
package enum RecordFile {
    /// Appends an event as one line, in a single write(2) with O_APPEND, so that programs that record at the same time do
    /// not mix their lines, and waits until it is on the disk. The file is created if it does not exist. A line that a full
    /// disk has cut off is ended first, so that it spoils no other.
    /// - Throws: `FileError`.
    package static func append(_ event: RecordedEvent, to path: String) throws(FileError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var line = try? Array(encoder.encode(event)) else {
            throw FileError(path: path, reason: "the record has no JSON form")
        }
        line.append(UInt8(ascii: "\n"))
        let flags = O_APPEND | O_CREAT | O_CLOEXEC
        var descriptor = open(path, O_RDWR | flags, 0o640)
        // Who may only write cannot look at the last line.
        if descriptor < 0, errno == EACCES { descriptor = open(path, O_WRONLY | flags, 0o640) }
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        if isCut(descriptor) { line.insert(UInt8(ascii: "\n"), at: 0) }
        let count = write(descriptor, line, line.count)
        guard count == line.count else {
            throw count < 0 ? failure(path) : FileError(path: path, reason: String(cString: strerror(ENOSPC)))
        }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    /// Whether the file ends within a line.
    private static func isCut(_ descriptor: Int32) -> Bool {
        var status = stat()
        var last: UInt8 = 0
        guard fstat(descriptor, &status) == 0, status.st_size > 0, pread(descriptor, &last, 1, status.st_size - 1) == 1
        else { return false }
        return last != UInt8(ascii: "\n")
    }

    private static func failure(_ path: String) -> FileError {
        FileError(path: path, reason: String(cString: strerror(errno)))
    }
}
