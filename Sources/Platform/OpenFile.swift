import CGlibc
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// An open file, closed when the last reference goes. It is read and written at given offsets, so that several readers
/// do not disturb each other; its calls block the calling thread. Sources: open(2), pread(2), pwrite(2).
package final class OpenFile: Sendable {
    /// The path, or the folder of a file without a name, for messages.
    package let path: String
    /// The descriptor; valid as long as this value lives.
    package let descriptor: Int32

    /// Takes over an open descriptor.
    package init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Opens a file without a name in a folder, readable and writable by its owner alone: the kernel removes it when it
    /// is closed, however the process ends. Source: open(2), O_TMPFILE; on a file system without that, a file that is
    /// unlinked at once.
    /// - Throws: `FileError`.
    package convenience init(unnamedIn folder: String) throws(FileError) {
        let descriptor = OpenFile.unnamedDescriptor(in: folder)
        guard descriptor >= 0 else { throw OpenFile.error(folder) }
        self.init(descriptor: descriptor, path: folder)
    }

    /// Opens a file without a name.
    /// - Returns: its descriptor, which children do not inherit; -1 with errno(3) set if there is none.
    static func unnamedDescriptor(in folder: String) -> Int32 { vw_open_unnamed(folder) }

    /// Creates a new file that only its owner may read and write.
    /// - Throws: `FileError`, also if there is one of that name.
    package convenience init(creating path: String) throws(FileError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw OpenFile.error(path) }
        self.init(descriptor: descriptor, path: path)
    }

    /// Writes all bytes at an offset.
    /// - Throws: `FileError`, such as for a full disk.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let count = pwrite(descriptor, start + done, bytes.count - done, Int(offset) + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw OpenFile.error(path)
            }
            // A file system that takes nothing and gives no reason would keep the loop for ever.
            guard count > 0 else { throw FileError(path: path, reason: String(cString: strerror(ENOSPC))) }
            done += count
        }
    }

    /// Reads into a buffer at an offset.
    /// - Returns: the number of bytes read; fewer than the buffer holds only at the end of the file.
    /// - Throws: `FileError`.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count, let start = buffer.baseAddress {
            let count = pread(descriptor, start + done, buffer.count - done, Int(offset) + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw OpenFile.error(path)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes the first bytes of an array at an offset.
    /// - Parameter count: nil for all of them.
    /// - Throws: `FileError`, such as for a full disk.
    package func write(_ bytes: [UInt8], count: Int? = nil, at offset: Int64) throws(FileError) {
        // The array's closure would lose the type of the error.
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in
                try write(UnsafeRawBufferPointer(rebasing: buffer.prefix(count ?? buffer.count)), at: offset)
            }
        }.get()
    }

    /// Reads into the beginning of an array, whose size stays.
    /// - Parameter count: nil for as many bytes as the array has.
    /// - Returns: the number of bytes read; fewer only at the end of the file.
    /// - Throws: `FileError`.
    package func read(into bytes: inout [UInt8], count: Int? = nil, at offset: Int64) throws(FileError) -> Int {
        try bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(FileError) in
                try read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(count ?? buffer.count)), at: offset)
            }
        }.get()
    }

    /// Bytes from an offset; fewer than the limit only at the end of the file.
    /// - Throws: `FileError`.
    package func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(limit, 0))
        let count = try read(into: &bytes, at: offset)
        return count == bytes.count ? bytes : Array(bytes.prefix(count))
    }

    /// Copies another file into this one, from the beginning, and waits until it is on the disk.
    /// - Throws: `FileError`.
    package func copy(_ other: OpenFile, size: Int64) throws(FileError) {
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        var done: Int64 = 0
        while done < size {
            let wanted = Int(min(Int64(chunk.count), size - done))
            guard try other.read(into: &chunk, count: wanted, at: done) == wanted else {
                throw FileError(path: other.path, reason: "ends too early")
            }
            try write(chunk, count: wanted, at: done)
            done += Int64(wanted)
        }
        guard fsync(descriptor) == 0 else { throw OpenFile.error(path) }
    }

    /// Gives an unnamed file a name, with everything that is in it at once. Source: linkat(2), AT_SYMLINK_FOLLOW.
    /// - Throws: `FileError`, also if there is a file of that name, and on a file system without unnamed files.
    package func name(_ new: String) throws(FileError) {
        guard fsync(descriptor) == 0,
            linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, new, AT_SYMLINK_FOLLOW) == 0
        else { throw OpenFile.error(new) }
    }

    /// Moves the position at which a child process reads to the beginning; lseek(2).
    /// - Throws: `FileError`.
    package func rewind() throws(FileError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw OpenFile.error(path) }
    }

    /// The bytes that the file system of a folder still gives to this user; statvfs(3).
    /// - Throws: `FileError`.
    package static func freeBytes(in folder: String) throws(FileError) -> Int64 {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw error(folder) }
        return Int64(clamping: status.f_bavail).multipliedSaturated(by: Int64(clamping: status.f_frsize))
    }

    private static func error(_ path: String) -> FileError {
        FileError(path: path, reason: String(cString: strerror(errno)))
    }
}
