/// Removes known secrets from text of external origin.
enum Redaction {
    static func hide(_ secrets: [String], in text: String) -> String {
        var out = text
        // The longest first, since one may contain another. Replacing very short ones would garble the text.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count })
        where secret.utf8.count >= 4 && out.contains(secret) {
            out = out.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "<secret>")
        }
        return out
    }

    /// The start of a receiver's answer, on one line, short enough for a log.
    static func excerpt(_ body: [UInt8], hiding secrets: [String]) -> String {
        // Truncate only after hiding: otherwise the start of a secret could remain at the cut.
        let text = hide(secrets, in: String(decoding: body.prefix(8192), as: UTF8.self))
        return EmailHeaders.oneLine(text).truncated(toRunes: 200)
    }

    private static let tokenLength = 16

    /// A secret URL, its path, the long words in it and its user information: an answer may repeat any of them.
    static func parts(ofURL url: String) -> [String] {
        guard let scheme = url.firstRange(of: "://") else { return [url] }
        let rest = url[scheme.upperBound...]
        let path = rest.drop { $0 != "/" && $0 != "?" }
        var parts = path.utf8.count < 8 ? [url] : [url, String(path)]
        // A receiver may repeat the token alone. Words as short as `services` are not tokens.
        parts += path.split { "/?&=#".contains($0) }.filter { $0.utf8.count >= tokenLength }.map(String.init)
        if let at = rest.prefix(while: { $0 != "/" && $0 != "?" }).lastIndex(of: "@") {
            let user = String(rest[..<at])
            parts.append(user)
            if let colon = user.firstIndex(of: ":") { parts.append(String(user[user.index(after: colon)...])) }
        }
        return parts
    }
}
