import Text

/// Whether a page is what the console writes: its own tags and attributes, and whatever came from outside as text.
///
/// Texts that are fed are wrapped in `canary`, so that one that is written without escaping makes a tag that no page has.
struct PageCheck {
    /// A tag with an attribute, and what would end an attribute.
    static let canary = "\"'><fuzzed fuzzed=\"1\">"

    private static let tags = Set(
        """
        a abbr article aside b blockquote body br button caption circle code col colgroup dd defs desc details div dl dt \
        ellipse em fieldset figcaption figure footer form g h1 h2 h3 h4 head header hr html i input kbd label legend li \
        line link main mark meta nav noscript ol optgroup option output p path polygon polyline pre progress rect \
        script section select small span strong sub summary sup svg symbol table tbody td textarea text tfoot th thead \
        time title tr tspan ul use
        """.split(separator: " ").map(String.init))
    private static let attributes = Set(
        """
        action autocomplete charset checked class colspan content cx cy d datetime defer dx dy fill focusable for headers \
        height hidden href http-equiv id inputmode lang list max maxlength method min minlength multiple name open \
        pattern placeholder points preserveAspectRatio r readonly rel required role rowspan rows rx ry scope selected \
        size spellcheck src start step stroke stroke-dasharray stroke-linecap stroke-width tabindex text-anchor title \
        transform type value viewBox width x x1 x2 xmlns y y1 y2
        """.split(separator: " ").map(String.init))
    /// Attributes whose value is an address.
    private static let addresses: Set = ["href", "src", "action"]

    private let bytes: [UInt8]
    private var at = 0

    /// - Throws: `FuzzFinding` with the place.
    static func check(_ html: [UInt8], _ what: String) throws {
        var check = PageCheck(bytes: html)
        do {
            try check.run()
        } catch let finding as FuzzFinding {
            let start = max(check.at - 120, 0)
            let near = String(decoding: html[start..<min(check.at + 40, html.count)], as: UTF8.self)
            throw FuzzFinding("\(what): \(finding) in …\(near)…")
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func run() throws {
        let doctype = Array("<!doctype html>".utf8)
        if bytes.starts(with: doctype) { at = doctype.count }
        while let byte = next() {
            if byte == UInt8(ascii: "<") { try tag() }
            // Nothing but line feeds and tabulators is left of control characters.
            if byte < 0x20, byte != 10, byte != 9 { throw FuzzFinding("a control character") }
        }
    }

    private mutating func next() -> UInt8? {
        guard at < bytes.count else { return nil }
        at += 1
        return bytes[at - 1]
    }

    private mutating func word() -> String {
        let start = at
        while at < bytes.count, PageCheck.isName(bytes[at]) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || (0x30...0x39).contains(byte) || byte == 0x2d
    }

    /// From behind `<` to behind `>`.
    private mutating func tag() throws {
        let isEnd = at < bytes.count && bytes[at] == UInt8(ascii: "/")
        if isEnd { at += 1 }
        let name = word()
        guard PageCheck.tags.contains(name) else { throw FuzzFinding("the tag \"\(name)\"") }
        while let byte = next() {
            switch byte {
            case UInt8(ascii: ">"): return
            case UInt8(ascii: " "), UInt8(ascii: "\n"): continue
            case UInt8(ascii: "/") where at < bytes.count && bytes[at] == UInt8(ascii: ">"): continue
            case _ where isEnd: throw FuzzFinding("an end of \"\(name)\" with more than its name")
            default:
                at -= 1
                try attribute()
            }
        }
        throw FuzzFinding("a tag \"\(name)\" without an end")
    }

    private mutating func attribute() throws {
        let name = word()
        let isKnown = PageCheck.attributes.contains(name) || name.hasPrefix("data-") || name.hasPrefix("aria-")
        guard isKnown else { throw FuzzFinding("the attribute \"\(name)\"") }
        guard at < bytes.count, bytes[at] == UInt8(ascii: "=") else { return }
        at += 1
        let isQuoted = at < bytes.count && bytes[at] == UInt8(ascii: "\"")
        if isQuoted { at += 1 }
        let start = at
        while at < bytes.count, isQuoted ? bytes[at] != UInt8(ascii: "\"") : !" >\n".utf8.contains(bytes[at]) {
            at += 1
        }
        let value = bytes[start..<at]
        guard at < bytes.count else { throw FuzzFinding("a value of \"\(name)\" without an end") }
        if isQuoted { at += 1 }
        guard !value.contains(where: { isQuoted ? "<>".utf8.contains($0) : "<\"'=`".utf8.contains($0) }) else {
            throw FuzzFinding("a value of \"\(name)\" with markup")
        }
        guard PageCheck.addresses.contains(name) else { return }
        let text = String(decoding: value, as: UTF8.self)
        let isHere = text.hasPrefix("#") || text.hasPrefix("/") && !text.hasPrefix("//")
        guard isHere || text.hasPrefix("https://") || text.hasPrefix("http://") else {
            throw FuzzFinding("a link to \"\(text.prefix(60))\"")
        }
    }

    // MARK: What a page holds

    /// The values of an attribute that begin so, as they are meant, at most eight.
    static func values(of attribute: String, beginning prefix: String, in html: [UInt8]) -> [String] {
        let text = String(decoding: html, as: UTF8.self)
        let start = " \(attribute)=\"\(Markup.escape(prefix))"
        return text.ranges(of: start).prefix(8).map { range in
            let rest = text[text.index(range.lowerBound, offsetBy: attribute.count + 3)...].prefix { $0 != "\"" }
            return [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")].reduce(String(rest))
            {
                $0.replacing($1.0, with: $1.1)
            }
        }
    }
}
