import CCurl

/// The target of a redirect, and what may be sent there. Source: RFC 9110, section 15.4.
enum Redirect {
    /// Headers that may be sent to another origin; any other could contain a token.
    private static let harmless: Set<String> = ["accept", "accept-language", "content-type", "user-agent"]

    /// The next request to make; nil if the response is final. A redirect that would turn a POST with a body into a GET
    /// is final too: otherwise a message would count as accepted when only a page was fetched. So is one that would
    /// send a body with a secret to another origin.
    /// - Throws: `.http` for a Location that must not be followed: not http(s), or from https to http.
    static func next(after response: HTTPResponse, to request: HTTPRequest) throws(TransportError) -> HTTPRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response[header: "location"],
            let from = URLParts(request.url)
        else { return nil }
        guard let url = URLParts.resolve(location, against: request.url), let to = URLParts(url),
            to.scheme == "http" || to.scheme == "https"
        else {
            throw TransportError(.http, "\(from.origin): redirects to a URL that is not http or https")
        }
        guard to.scheme == from.scheme || to.scheme == "https" else {
            throw TransportError(.http, "\(from.origin): redirects from https to \(to.origin)")
        }
        var next = request
        next.url = url
        next.redirectLimit -= 1
        // As browsers do: only 307 and 308 keep the method and the body.
        if response.status == 303 || (response.status <= 302 && request.method == "POST") {
            guard request.body.isEmpty else { return nil }
            next.method = request.method == "HEAD" ? "HEAD" : "GET"
            next.headers.removeAll { $0.name.lowercased() == "content-type" }
        }
        if to.origin != from.origin {
            if next.bodyIsSecret, !next.body.isEmpty { return nil }
            next.headers.removeAll { !harmless.contains($0.name.lowercased()) }
            next.signing = nil
            next.tls.serverName = nil
            next.tls.certificateFile = nil
            next.tls.keyFile = nil
            next.tls.certificate = nil
            next.tls.key = nil
        }
        return next
    }
}
