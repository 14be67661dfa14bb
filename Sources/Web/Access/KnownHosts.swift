/// The names that browsers may reach the agent by. A page of another site can make its own name resolve to the agent's
/// address (DNS rebinding), so that its requests are not cross-site; but their `Host` header has that name.
package struct KnownHosts: Sendable, Hashable {
    private var names: Set<String> = ["localhost"]
    private var domains: [String] = []
    private var isAny = false

    /// - Parameter names: host names; `*.example.org` for every name below `example.org`, `*` for every name.
    ///   `localhost` is always included.
    package init(_ names: some Sequence<String>) {
        for name in names {
            if name == "*" {
                isAny = true
            } else if name.hasPrefix("*.") {
                domains.append(KnownHosts.canonical(name.dropFirst()))
            } else if !name.isEmpty {
                self.names.insert(KnownHosts.canonical(name[...]))
            }
        }
    }

    /// Whether a request with this `Host` header is for the agent; true without one, since browsers always send it.
    /// Addresses are accepted, since DNS rebinding needs a name. Source: RFC 9110, 7.2.
    func accept(_ header: String?) -> Bool {
        guard let header, !isAny else { return true }
        if header.hasPrefix("[") { return header.contains("]") }
        let host = KnownHosts.canonical(header.prefix { $0 != ":" })
        return names.contains(host) || KnownHosts.isIPv4(host) || domains.contains { host.hasSuffix($0) }
    }

    /// In lower case and without the trailing dot.
    private static func canonical(_ name: Substring) -> String {
        let name = name.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    private static func isIPv4(_ host: String) -> Bool {
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8(String(decoding: $0, as: UTF8.self)) != nil }
    }

    /// Whether the text is a valid name for the initialiser, without scheme or port.
    package static func isName(_ text: String) -> Bool {
        let name = text == "*" ? "any" : text.hasPrefix("*.") ? String(text.dropFirst(2)) : text
        return (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
                    || "-_.".utf8.contains(byte)
            }
    }
}
