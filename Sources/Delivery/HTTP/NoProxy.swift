/// `no_proxy`, as curl and Go read it: `*`, hosts with their subdomains, addresses; each with or without a port.
enum NoProxy {
    static func matches(url: String, _ patterns: [String]) -> Bool {
        guard let scheme = url.firstRange(of: "://") else { return false }
        var authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        let (host, port) = split(String(authority).lowercased(), defaultPort: url.hasPrefix("https:") ? "443" : "80")
        return patterns.contains { pattern in
            if pattern == "*" { return true }
            let (wanted, wantedPort) = split(pattern.lowercased(), defaultPort: nil)
            if let wantedPort, wantedPort != port { return false }
            let bare =
                wanted.hasPrefix("*.")
                ? String(wanted.dropFirst(2)) : wanted.hasPrefix(".") ? String(wanted.dropFirst()) : wanted
            return !bare.isEmpty && (host == bare || host.hasSuffix("." + bare))
        }
    }

    private static func split(_ text: String, defaultPort: String?) -> (host: String, port: String?) {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let rest = text[text.index(after: end)...]
            return (
                String(text[text.index(after: text.startIndex)..<end]),
                rest.hasPrefix(":") ? String(rest.dropFirst()) : defaultPort
            )
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        // More than one colon is an IPv6 address without brackets.
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (text, defaultPort)
    }
}
