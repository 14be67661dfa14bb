/// Takes known secrets out of text that came from elsewhere.
enum Redaction {
    static func hide(_ secrets: [String], in text: String) -> String {
        var out = text
        // The longest first: one may hold another. Very short ones are no secrets, and replacing them garbles the text.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count })
        where secret.utf8.count >= 4 && out.contains(secret) {
            out = out.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "<secret>")
        }
        return out
    }

    /// What a receiver answered, on one line, short enough for a log.
    static func excerpt(_ body: [UInt8], hiding secrets: [String]) -> String {
        // Cut after hiding, or a secret at the edge would show its beginning.
        let text = hide(secrets, in: String(decoding: body.prefix(8192), as: UTF8.self))
        return EmailHeaders.oneLine(text).truncated(toRunes: 200)
    }

    private static let tokenLength = 16

    /// A secret URL, its path and long words in it, and what stands before an `@` in it: any may come back in an
    /// answer.
    static func parts(ofURL url: String) -> [String] {
        guard let scheme = url.firstRange(of: "://") else { return [url] }
        let rest = url[scheme.upperBound...]
        let path = rest.drop { $0 != "/" && $0 != "?" }
        var parts = path.utf8.count < 8 ? [url] : [url, String(path)]
        // A receiver may repeat no more than the token. Words as short as `services` are none.
        parts += path.split { "/?&=#".contains($0) }.filter { $0.utf8.count >= tokenLength }.map(String.init)
        if let at = rest.prefix(while: { $0 != "/" && $0 != "?" }).lastIndex(of: "@") {
            let user = String(rest[..<at])
            parts.append(user)
            if let colon = user.firstIndex(of: ":") { parts.append(String(user[user.index(after: colon)...])) }
        }
        return parts
    }
}
