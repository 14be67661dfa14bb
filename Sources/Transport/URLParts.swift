import CCurl

/// A URL's parts as libcurl parses them, so that checks and transfers never disagree. Source: libcurl-url(3).
package struct URLParts: Sendable, Hashable {
    /// In lower case.
    var scheme: String
    /// Without brackets around an IPv6 address.
    package private(set) var host: String
    /// The given one, or that of the scheme.
    package private(set) var port: Int

    /// nil if libcurl would not accept it either.
    package init?(_ url: String) {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK,
            let scheme = URLParts.part(handle, CURLUPART_SCHEME),
            let host = URLParts.part(handle, CURLUPART_HOST),
            let port = URLParts.part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) })
        else { return nil }
        self.scheme = scheme
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }

    /// A proxy URL parsed like CURLOPT_PROXY(3): http if no scheme is given, and port 1080, or 443 for https.
    static func proxy(_ text: String) -> URLParts? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        let url = text.contains("://") ? text : "http://\(text)"
        guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK,
            let scheme = part(handle, CURLUPART_SCHEME)?.lowercased(), let host = part(handle, CURLUPART_HOST)
        else { return nil }
        let port = part(handle, CURLUPART_PORT).flatMap { Int($0) } ?? (scheme == "https" ? 443 : 1080)
        return URLParts(
            scheme: scheme, host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port: port)
    }

    private init(scheme: String, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// `https://vault-1.example:8200`: the part that messages may show. A path or query may be a secret, as in a Slack
    /// webhook.
    package var origin: String { "\(scheme)://\(hostInURL):\(port)" }

    /// The value of a Host header: with the port only if it is not the scheme's default.
    var authority: String {
        let usual = (scheme == "https" && port == 443) || (scheme == "http" && port == 80)
        return usual ? hostInURL : "\(hostInURL):\(port)"
    }

    var hostInURL: String { host.contains(":") ? "[\(host)]" : host }

    /// The URL with another host, otherwise unchanged.
    static func replacingHost(of url: String, by host: String) -> String? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_HOST, host.contains(":") ? "[\(host)]" : host, 0) == CURLUE_OK
        else { return nil }
        return part(handle, CURLUPART_URL)
    }

    /// Resolves a Location, absolute or relative to the URL that it came from.
    static func resolve(_ location: String, against url: String) -> String? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_URL, location, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK
        else { return nil }
        return part(handle, CURLUPART_URL)
    }

    private static func part(_ handle: OpaquePointer, _ which: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, which, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
