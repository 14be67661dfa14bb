import Text

/// Divides what is read from a log into lines, piece by piece, in bounded memory.
package struct AuditLineSplitter: Sendable {
    /// Longer lines are passed over: a list of ten thousand names has under a megabyte.
    static let lineLimit = 4 << 20

    /// The line that is not complete yet.
    private var rest: [UInt8] = []
    /// Whether the current line is longer than lines may be.
    private var isSkipping = false
    private(set) var skipped: Int64 = 0

    /// Nothing so far.
    package init() {}

    /// The number of bytes taken that belong to the line that is not complete yet.
    var pending: Int64 { Int64(rest.count) + skipped }
    var hasPending: Bool { pending > 0 }

    /// Takes the next bytes.
    /// - Parameter line: called with each complete line, as a range of bytes without its line feed; or with nil for a
    ///   line that is too long.
    package mutating func take(_ bytes: [UInt8], _ line: ([UInt8], Range<Int>?) -> Void) {
        var start = bytes.startIndex
        while let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if isSkipping {
                line(bytes, nil)
                isSkipping = false
                skipped = 0
            } else if rest.isEmpty {
                line(bytes, start..<feed)
            } else {
                rest += bytes[start..<feed]
                line(rest, rest.indices)
                rest.removeAll(keepingCapacity: rest.capacity <= 65_536)
            }
            start = feed + 1
        }
        keep(bytes[start...])
    }

    private mutating func keep(_ piece: ArraySlice<UInt8>) {
        if !isSkipping, rest.count + piece.count <= AuditLineSplitter.lineLimit {
            rest += piece
            return
        }
        isSkipping = true
        skipped = skipped.addingSaturated(Int64(rest.count + piece.count))
        rest = []
    }

    /// Ends the input: what is left is a line without a line feed.
    package mutating func finish(_ line: ([UInt8], Range<Int>?) -> Void) {
        if isSkipping { line([], nil) } else if !rest.isEmpty { line(rest, rest.indices) }
        self = AuditLineSplitter()
    }
}
