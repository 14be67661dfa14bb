/// The escaping of html/template, reduced to what notifications need: text and quoted attributes are escaped, and URLs
/// that run scripts are rejected in attributes such as `href`.
enum HTMLEscaping {
    /// Escapes an action's output. An unsafe URL is replaced by `#ZgotmplZ`, as html/template does.
    /// - Parameter before: the output so far, which shows whether the value of a URL attribute starts here.
    static func escape(_ text: String, after before: [UInt8]) -> String {
        escape(startsLink(before) && !isSafeLink(text) ? "#ZgotmplZ" : text)
    }

    /// Escapes text as html/template does, `+` included.
    static func escape(_ text: String) -> String {
        Escapes.html(text).replacing("+", with: "&#43;")
    }

    private static func startsLink(_ before: [UInt8]) -> Bool {
        guard let quote = before.last, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return false }
        let tail = String(decoding: before.suffix(16).dropLast(), as: UTF8.self).lowercased().filter { $0 != " " }
        return ["href=", "src=", "action=", "background=", "cite="].contains { tail.hasSuffix($0) }
    }

    /// Whether a URL is relative, or of a scheme that html/template accepts: http, https or mailto.
    private static func isSafeLink(_ link: String) -> Bool {
        guard let colon = link.firstIndex(of: ":"), !link[..<colon].contains("/") else { return true }
        return ["http", "https", "mailto"].contains(link[..<colon].lowercased())
    }
}
