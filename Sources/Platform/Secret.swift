/// A credential. It prints as `<secret>` wherever it is interpolated, dumped or logged. A secret in a file is read at
/// each use, so that rotating it needs no restart.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private enum Source: Hashable, Sendable {
        case value(String)
        case file(String)
    }

    private let source: Source

    /// A secret given in the configuration itself.
    package init(value: String) { source = .value(value) }

    /// A secret in a file: the file's first line, without its line ending.
    package init(file path: String) { source = .file(path) }

    /// The file that it is read from, if any; the path is not secret.
    package var path: String? {
        if case .file(let path) = source { path } else { nil }
    }

    /// The secret's text. Call this at each use and do not store the result.
    /// - Throws: `FileError` if the file can't be read or is larger than 64 KiB.
    package func reveal(_ files: any FileAccess) throws(FileError) -> String {
        switch source {
        case .value(let value): return value
        case .file(let path):
            let line = try files.read(path, limit: 65536).prefix {
                $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r")
            }
            return String(decoding: line, as: UTF8.self)
        }
    }

    /// `reveal` for code that runs in tasks: waits at most two seconds for the file.
    /// - Throws: `FileError`; see `FileAccess.inTime`.
    package func revealInTime(_ files: any FileAccess) async throws(FileError) -> String {
        guard case .file(let path) = source else { return try reveal(files) }
        return try await files.inTime(path) { () throws(FileError) in try self.reveal(files) }
    }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
