import HTTPServer

/// What browsers reveal about the page that caused a request. Other clients send none of these headers.
/// Sources: fetch standard, `Origin`; Fetch Metadata, `Sec-Fetch-Site`, `Sec-Fetch-Mode`, `Sec-Fetch-Dest`.
enum CrossSite {
    /// Whether a page of another site sent it, which then must not change anything.
    /// - Parameter externalURL: the URL under which users reach the agent; a proxy may have changed `Host` on the way.
    static func isForeign(_ request: ServerRequest, externalURL: String) -> Bool {
        if let site = request[header: "sec-fetch-site"], site != "same-origin", site != "none" { return true }
        guard let origin = request[header: "origin"] else { return false }
        guard let own = authority(origin) else { return true }
        if own == authority(externalURL), origin.hasPrefix("https:") == externalURL.hasPrefix("https:") { return false }
        return own != (request[header: "host"] ?? "").lowercased()
    }

    /// Whether a page of another site embeds it, as an image, a script or the like. Following a link, in a mail or a
    /// chat, does not count.
    static func isEmbedded(_ request: ServerRequest) -> Bool {
        guard request[header: "sec-fetch-site"] == "cross-site" else { return false }
        return request[header: "sec-fetch-mode"] != "navigate" || request[header: "sec-fetch-dest"] != "document"
    }

    /// `host:port` of a URL in lower case; nil without a scheme, as in the origin `null`.
    private static func authority(_ url: String) -> String? {
        guard let scheme = url.utf8.firstIndex(of: UInt8(ascii: ":")), url[scheme...].hasPrefix("://") else {
            return nil
        }
        return url[scheme...].dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" }.lowercased()
    }
}
