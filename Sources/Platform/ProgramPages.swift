import Glibc

/// The pages of the program's and its libraries' code.
package enum ProgramPages {
    /// Longer lists than any program's are not read.
    private static let mapLimitBytes = 1 << 20

    /// Lets go of all of them: those that are used come back from the page cache, without the disk; those that only the
    /// start, a reload or a look at a page needed do not. They were most of an idle agent's resident memory. Does nothing
    /// without /proc. Source: madvise(2), MADV_DONTNEED; proc(5), /proc/pid/maps.
    package static func release() {
        guard let maps = try? SystemFiles().read("/proc/self/maps", limit: mapLimitBytes) else { return }
        for line in maps.split(separator: UInt8(ascii: "\n")) {
            guard let range = executableFile(String(decoding: line, as: UTF8.self)),
                let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound)
            else { continue }
            madvise(start, Int(range.count), MADV_DONTNEED)
        }
    }

    /// The addresses of a mapping of a file that is executable and can't have been written to: only there the file has
    /// all that the memory has.
    static func executableFile(_ line: String) -> Range<UInt>? {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
        let bounds = fields[0].split(separator: "-")
        guard bounds.count == 2, let start = UInt(bounds[0], radix: 16), let end = UInt(bounds[1], radix: 16),
            start < end
        else { return nil }
        return start..<end
    }
}
