import CRE2

/// A regular expression in RE2's syntax, matched in linear time whatever the pattern.
///
/// Offsets in results are UTF-8 byte offsets.
public final class RegularExpression: @unchecked Sendable {
    // RE2 objects are immutable to their users and safe to share between threads (re2.h says so).
    private let regex: OpaquePointer

    public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
        public let pattern: String
        public let message: String
        public var description: String { "invalid regular expression \(pattern.quotedAsInGo): \(message)" }
    }

    public let pattern: String

    /// - Throws: `SyntaxError` with RE2's message.
    public init(_ pattern: String) throws(SyntaxError) {
        self.pattern = pattern
        var copy = pattern
        let compiled = copy.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { cre2_compile($0, text.count) } ?? cre2_compile("", 0)
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

    /// As Prometheus anchors its matchers: `^(?s:…)$`.
    public convenience init(anchored pattern: String) throws(SyntaxError) {
        do {
            try self.init("^(?s:\(pattern))$")
        } catch {
            throw SyntaxError(pattern: pattern, message: error.message)
        }
    }

    deinit { cre2_free(regex) }

    public func matchesWhole(_ text: String) -> Bool { match(text, from: 0, whole: true, groups: 0) != nil }

    /// Whether the pattern is found anywhere in the text.
    public func isFound(in text: String) -> Bool { match(text, from: 0, whole: false, groups: 0) != nil }

    public var groupCount: Int { Int(cre2_group_count(regex)) }

    /// The match of the whole text and its groups (index 0 is the match itself); nil for a group that took no part.
    public func wholeMatch(of text: String) -> [Range<Int>?]? {
        match(text, from: 0, whole: true, groups: groupCount + 1)
    }

    /// The first match at or after a byte offset, with its groups.
    public func firstMatch(in text: String, from start: Int = 0) -> [Range<Int>?]? {
        match(text, from: start, whole: false, groups: groupCount + 1)
    }

    /// Replaces every match, `template` with `$1`, `${1}`, `${name}` and `$$` as in Go's `Regexp.ReplaceAllString`.
    public func replacingAll(in text: String, with template: String) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var copied = 0
        var search = 0
        var lastEnd = -1
        while search <= bytes.count, let groups = firstMatch(in: text, from: search), let whole = groups[0] {
            // An empty match right behind the previous one does not count, as in Go.
            if !(whole.isEmpty && whole.lowerBound == lastEnd) {
                out += bytes[copied..<whole.lowerBound]
                out += expand(template, bytes, groups)
                copied = whole.upperBound
                lastEnd = whole.upperBound
            }
            if whole.isEmpty {
                // Step over one whole character so that the next search starts on a boundary.
                search = whole.upperBound + 1
                while search < bytes.count, bytes[search] & 0xc0 == 0x80 { search += 1 }
            } else {
                search = whole.upperBound
            }
        }
        out += bytes[min(copied, bytes.count)...]
        return String(decoding: out, as: UTF8.self)
    }

    /// The template with the groups of one match put in, as Go's `Regexp.ExpandString` does.
    /// - Parameter groups: as `wholeMatch` or `firstMatch` gave them for `text`.
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
