import CRE2

/// A regular expression in RE2's syntax, matched in linear time whatever the pattern.
///
/// Offsets in results are UTF-8 byte offsets.
public final class RegularExpression: @unchecked Sendable {
    // Sendable: an RE2 object is const after construction, and re2.h allows concurrent use by several threads.
    private let regex: OpaquePointer

    /// A pattern that RE2 does not accept.
    public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
        /// The pattern as given.
        public let pattern: String
        /// RE2's reason.
        public let message: String
        public var description: String { "invalid regular expression \(pattern.quotedAsInGo): \(message)" }
    }

    /// The pattern as compiled; for `init(anchored:)` with its anchors.
    public let pattern: String

    /// Default memory limit of an expression: 2 MiB.
    public static let defaultMemoryBytes = 2 << 20

    /// Compiles a pattern.
    /// - Parameter memoryBytes: limits the compiled program and the cache of its states; a pattern whose program does
    ///   not fit is refused, and if the cache is full a match takes longer, still in linear time.
    /// - Throws: `SyntaxError` with RE2's message.
    public init(_ pattern: String, memoryBytes: Int = RegularExpression.defaultMemoryBytes) throws(SyntaxError) {
        self.pattern = pattern
        var copy = pattern
        let compiled = copy.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { cre2_compile($0, text.count, Int64(memoryBytes)) }
                    ?? cre2_compile("", 0, Int64(memoryBytes))
            }
        }
        guard let compiled else { throw SyntaxError(pattern: pattern, message: "out of memory") }
        if let message = cre2_error(compiled) {
            let text = String(cString: message)
            cre2_free(compiled)
            throw SyntaxError(pattern: pattern, message: text)
        }
        regex = compiled
    }

    /// Compiles `^(?s:pattern)$`, which is how Prometheus anchors matchers.
    /// - Throws: `SyntaxError` with RE2's message and the pattern without its anchors.
    public convenience init(anchored pattern: String, memoryBytes: Int = RegularExpression.defaultMemoryBytes)
        throws(SyntaxError)
    {
        do {
            try self.init("^(?s:\(pattern))$", memoryBytes: memoryBytes)
        } catch {
            throw SyntaxError(pattern: pattern, message: error.message)
        }
    }

    deinit { cre2_free(regex) }

    /// Whether the pattern matches the whole text.
    public func matchesWhole(_ text: String) -> Bool { match(text, from: 0, whole: true, groups: 0) != nil }

    /// Whether the pattern is found anywhere in the text.
    public func isFound(in text: String) -> Bool { match(text, from: 0, whole: false, groups: 0) != nil }

    /// Its approximate size in bytes before its first match: 16 for each instruction, and 16 KiB.
    public var compiledBytes: Int { max(0, Int(cre2_program_size(regex))) * 16 + (16 << 10) }

    /// The number of capturing groups, the whole match not counted.
    public var groupCount: Int { Int(cre2_group_count(regex)) }

    /// Matches the whole text.
    /// - Returns: byte ranges of the match (index 0) and of its groups, nil for a group that did not participate; nil
    ///   where the text does not match.
    public func wholeMatch(of text: String) -> [Range<Int>?]? {
        match(text, from: 0, whole: true, groups: groupCount + 1)
    }

    /// The first match at or after a byte offset.
    /// - Returns: ranges as `wholeMatch` returns them.
    public func firstMatch(in text: String, from start: Int = 0) -> [Range<Int>?]? {
        match(text, from: start, whole: false, groups: groupCount + 1)
    }

    /// Replaces every match by the template, in which `$1`, `${1}`, `${name}` and `$$` are expanded as by Go's
    /// `Regexp.ReplaceAllString`.
    public func replacingAll(in text: String, with template: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var copied = 0
        var search = 0
        var lastEnd = -1
        while search <= bytes.count, let groups = firstMatch(in: text, from: search), let whole = groups[0] {
            // As in Go, an empty match that abuts the preceding match is ignored.
            if !(whole.isEmpty && whole.lowerBound == lastEnd) {
                out += bytes[copied..<whole.lowerBound]
                out += expand(template, bytes, groups)
                copied = whole.upperBound
                lastEnd = whole.upperBound
            }
            if whole.isEmpty {
                // Step over one whole UTF-8 character, so that the next search starts on a boundary.
                search = whole.upperBound + 1
                while search < bytes.count, bytes[search] & 0xc0 == 0x80 { search += 1 }
            } else {
                search = whole.upperBound
            }
        }
        out += bytes[min(copied, bytes.count)...]
        return String(decoding: out, as: UTF8.self)
    }

    /// Expands a template with the groups of one match, as Go's `Regexp.ExpandString` does.
    /// - Parameter groups: what `wholeMatch` or `firstMatch` returned for `text`.
    public func expand(_ template: String, in text: String, groups: [Range<Int>?]) -> String {
        String(decoding: expand(template, Array(text.utf8), groups), as: UTF8.self)
    }

    private func expand(_ template: String, _ text: [UInt8], _ groups: [Range<Int>?]) -> [UInt8] {
        let t = Array(template.utf8)
        var out: [UInt8] = []
        var i = 0
        func isWord(_ b: UInt8) -> Bool {
            (b >= 0x30 && b <= 0x39) || (b >= 0x41 && b <= 0x5a) || (b >= 0x61 && b <= 0x7a) || b == 0x5f
        }
        let dollar = UInt8(ascii: "$")
        while i < t.count {
            guard t[i] == dollar, i + 1 < t.count else {
                out.append(t[i])
                i += 1
                continue
            }
            if t[i + 1] == dollar {
                out.append(dollar)
                i += 2
                continue
            }
            let braced = t[i + 1] == UInt8(ascii: "{")
            let start = braced ? i + 2 : i + 1
            var end = start
            while end < t.count, isWord(t[end]) { end += 1 }
            guard end > start, !braced || (end < t.count && t[end] == UInt8(ascii: "}")) else {
                out.append(t[i])
                i += 1
                continue
            }
            let name = String(decoding: t[start..<end], as: UTF8.self)
            let index = Int(name) ?? Int(cre2_group_index(regex, name, name.utf8.count))
            if groups.indices.contains(index), let range = groups[index] { out += text[range] }
            i = braced ? end + 1 : end
        }
        return out
    }

    private func match(_ text: String, from start: Int, whole: Bool, groups: Int) -> [Range<Int>?]? {
        var copy = text
        return copy.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters -> [Range<Int>?]? in
                var ranges = [Int](repeating: -1, count: groups * 2)
                let found =
                    characters.baseAddress.map {
                        cre2_match(regex, $0, characters.count, start, whole, &ranges, Int32(groups))
                    } ?? cre2_match(regex, "", 0, start, whole, &ranges, Int32(groups))
                guard found else { return nil }
                return (0..<groups).map { ranges[2 * $0] < 0 ? nil : ranges[2 * $0]..<ranges[2 * $0 + 1] }
            }
        }
    }
}
