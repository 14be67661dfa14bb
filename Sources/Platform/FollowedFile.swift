#if canImport(Glibc)
    import Glibc
#endif

/// What tells a file from others, whatever its name is. Source: stat(3type), st_dev and st_ino.
package struct FileIdentity: Sendable, Hashable, Codable {
    /// The file system.
    package var device: UInt64
    /// The file in it.
    package var inode: UInt64

    /// An identity from its parts.
    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// A file that is kept open, so that it can be read on after it was renamed or deleted, for logs that are rotated.
package protocol FollowedFile: AnyObject, Sendable {
    /// Which file it is.
    var identity: FileIdentity { get }
    /// Its size now, in bytes.
    /// - Throws: `FileError`.
    func size() throws(FileError) -> Int64
    /// Bytes from a position; fewer at the file's end, none behind it.
    /// - Parameter limit: the maximum number of bytes to return.
    /// - Throws: `FileError`.
    func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8]
}

/// A file of this machine. Its calls may block, as those of `SystemFiles`.
final class SystemFollowedFile: FollowedFile {
    let identity: FileIdentity
    private let file: OpenFile

    /// - Parameter descriptor: of a regular file; closed with the object.
    init(_ path: String, descriptor: Int32) throws(FileError) {
        file = OpenFile(descriptor: descriptor, path: path)
        let status = try SystemFollowedFile.status(of: file)
        // Numbers of the kernel, of which only equality counts.
        identity = FileIdentity(
            device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(truncatingIfNeeded: status.st_ino))
    }

    func size() throws(FileError) -> Int64 { Int64(clamping: try SystemFollowedFile.status(of: file).st_size) }

    func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8] {
        try file.read(at: offset, limit: limit)
    }

    /// Source: fstat(2).
    private static func status(of file: OpenFile) throws(FileError) -> stat {
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else {
            throw FileError(path: file.path, reason: String(cString: strerror(errno)))
        }
        return status
    }
}

/// A file of a `FileAccess` without identities, such as one in memory: it is the same as long as its path is, and read
/// anew each time.
private final class RereadFile: FollowedFile {
    let identity: FileIdentity
    private let path: String
    private let files: any FileAccess

    init(_ path: String, _ files: any FileAccess) throws(FileError) {
        self.path = path
        self.files = files
        identity = FileIdentity(device: 0, inode: path.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        _ = try size()
    }

    func size() throws(FileError) -> Int64 { Int64(clamping: try files.read(path, limit: .max).count) }

    func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8] {
        Array(try files.read(path, limit: .max).dropFirst(Int(clamping: max(offset, 0))).prefix(max(limit, 0)))
    }
}

extension FileAccess {
    package func follow(_ path: String) throws(FileError) -> any FollowedFile { try RereadFile(path, self) }
}
