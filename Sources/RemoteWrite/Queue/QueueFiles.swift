package import Platform

/// The files of a queue. Its calls may block, as those of `FileAccess`; tests keep them in memory.
package protocol QueueFiles: Sendable {
    /// Creates the folder if there is none.
    /// - Throws: `FileError`.
    func makeFolder() throws(FileError)
    /// The names of the files in the folder; none if it can't be read.
    func names() -> [String]
    /// Creates a file that is empty, whether there is one of that name or not.
    /// - Throws: `FileError`.
    func create(_ name: String) throws(FileError) -> any QueueFile
    /// Opens a file to read it.
    /// - Throws: `FileError`.
    func open(_ name: String) throws(FileError) -> any QueueFile
    /// Renames a file, replacing an existing one.
    /// - Throws: `FileError`.
    func rename(_ name: String, to new: String) throws(FileError)
    /// Deletes a file.
    /// - Throws: `FileError`.
    func remove(_ name: String) throws(FileError)
}

/// An open file of a queue.
package protocol QueueFile: Sendable {
    /// Writes all bytes at an offset; they need not be on the disk when it returns.
    /// - Throws: `FileError`, such as for a full disk.
    func write(_ bytes: [UInt8], at offset: Int64) throws(FileError)
    /// Bytes from an offset; fewer at the file's end.
    /// - Throws: `FileError`.
    func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8]
}

/// A folder of this machine's disk. Its files can be read by their owner alone.
package struct DiskFolder: QueueFiles {
    private let path: String
    private let files: any FileAccess

    /// - Parameter path: its parent must exist when it is used first.
    package init(_ path: String, files: any FileAccess) {
        self.path = path
        self.files = files
    }

    /// mkdir(2), for its owner alone.
    package func makeFolder() throws(FileError) { try files.makeFolder(path, mode: 0o700) }

    /// glob(3).
    package func names() -> [String] {
        files.glob(path + "/*").compactMap { $0.split(separator: "/").last.map(String.init) }
    }

    /// Removes an existing file first: another process may still have it open.
    package func create(_ name: String) throws(FileError) -> any QueueFile {
        do throws(FileError) { try files.remove(path(name)) } catch  where error.isMissing {}
        return WrittenFile(file: try OpenFile(creating: path(name)))
    }

    /// The file is read and never written.
    package func open(_ name: String) throws(FileError) -> any QueueFile {
        ReadFile(file: try files.follow(path(name)))
    }

    /// rename(2).
    package func rename(_ name: String, to new: String) throws(FileError) {
        try files.rename(path(name), to: path(new))
    }

    /// unlink(2).
    package func remove(_ name: String) throws(FileError) { try files.remove(path(name)) }

    private func path(_ name: String) -> String { path + "/" + name }
}

/// A file that this process has created, and may read as well.
private struct WrittenFile: QueueFile {
    let file: OpenFile

    func write(_ bytes: [UInt8], at offset: Int64) throws(FileError) { try file.write(bytes, at: offset) }

    func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8] {
        try file.read(at: offset, limit: limit)
    }
}

/// A file of an earlier process.
private struct ReadFile: QueueFile {
    let file: any FollowedFile

    func write(_ bytes: [UInt8], at offset: Int64) throws(FileError) {
        throw FileError(path: "segment", reason: "it is of an earlier process and is only read")
    }

    func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8] {
        try file.read(at: offset, limit: limit)
    }
}
