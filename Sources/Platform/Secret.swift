/// A value that must not be seen: it prints as `<secret>` wherever it is interpolated, dumped or logged.
/// It may stand in a file that is read at each use, so that rotation needs no restart.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private enum Source: Hashable, Sendable {
        case value(String)
        case file(String)
    }

    private let source: Source

    /// A secret given in the configuration itself.
    package init(value: String) { source = .value(value) }

    /// A secret in a file: its first line, without the line's end.
    package init(file path: String) { source = .file(path) }

    /// The file it is read from, if any: a path is no secret.
    package var path: String? {
        if case .file(let path) = source { path } else { nil }
    }

    /// The secret itself. Call it at use and do not keep it.
    /// - Throws: `FileError` when its file can't be read.
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

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
