import Platform

/// The files to which logrotate(8) has moved a log's content: `.1`, `.2.gz`; with dateext `-20261101`, `-20261101.gz`.
enum RotatedFiles {
    /// Maximum number of files that are read.
    static let limit = 16

    /// Decompressed data may be this many times larger than the part that is kept.
    private static let unpackedLimitFactor = 64

    /// The paths of a log's rotated files, the newest first.
    static func paths(of path: String, _ files: any FileAccess) async -> [String] {
        let pattern = path.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
        let found = try? await files.inTime(path) { () throws(FileError) in
            files.glob(pattern + "[.-][0-9]*")
        }
        let ages = (found ?? []).compactMap { candidate in
            age(candidate.dropFirst(path.count)).map { (path: candidate, age: $0) }
        }
        return ages.sorted { ($0.age, $0.path) < ($1.age, $1.path) }.prefix(limit).map(\.path)
    }

    /// Whether the name is that of a log, with what logrotate adds.
    static func isRotated(_ path: String, of log: String) -> Bool {
        path.hasPrefix(log) && age(path.dropFirst(log.count)) != nil
    }

    /// A number that grows with a file's age; nil if the suffix is not that of a rotated file.
    private static func age(_ suffix: Substring) -> Int? {
        let stem = suffix.hasSuffix(".gz") ? suffix.dropLast(3) : suffix
        // Numbers longer than a date with hours are not suffixes of logrotate.
        guard stem.utf8.count <= 16, let number = Int(stem.dropFirst().filter { $0 != "-" }), number >= 0 else {
            return nil
        }
        if stem.hasPrefix(".") { return number }
        return stem.hasPrefix("-") ? -number : nil
    }

    /// The end of a rotated file, decompressed if necessary; nil if it cannot be read.
    static func tail(
        _ path: String, limit: Int, _ files: any FileAccess
    ) async -> (bytes: [UInt8], isCut: Bool)? {
        guard path.hasSuffix(".gz") else { return try? await files.tailInTime(path, limit: limit) }
        guard let packed = try? await files.readInTime(path, limit: limit) else { return nil }
        let inflater = Inflater(.gzip)
        var bytes: [UInt8] = []
        var isCut = false
        var unpacked = 0
        for start in stride(from: 0, to: packed.count, by: 4096) where unpacked <= limit * unpackedLimitFactor {
            let fault = packed[start..<min(start + 4096, packed.count)].withUnsafeBufferPointer { piece in
                inflater.take(piece) { out in
                    unpacked += out.count
                    bytes += out
                    guard bytes.count > limit else { return }
                    bytes.removeFirst(bytes.count - limit)
                    isCut = true
                }
            }
            if fault != nil { break }
        }
        return (bytes, isCut)
    }
}
