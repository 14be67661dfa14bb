import Text

/// A complete request, as handlers receive it.
package struct ServerRequest: Sendable {
    /// The method as received: `GET`, `POST` …
    package var method: String
    /// The request target as received, still encoded; signatures are computed over it.
    package var target: String
    /// The path of the target, percent-decoded; unchanged if its encoding is invalid.
    package var path: String
    /// The items of the query in order, decoded; `a` and `a=` both have the value "".
    package var query: [(name: String, value: String)]
    /// The headers in order, names as received.
    package var headers: [(name: String, value: String)]
    /// The whole body.
    package var body: [UInt8]
    /// The client's IP address; "" if it is unknown, as at the other end of a Unix socket.
    package var remote: String
    /// The user of the process at the other end of a Unix socket, as the kernel knows it; nil over TCP.
    package var peerUser: UInt32?
    /// Whether the connection uses TLS.
    package var isTLS: Bool

    /// - Parameter target: path and query, or a whole URL.
    package init(
        method: String = "GET", target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        remote: String = "", peerUser: UInt32? = nil,
        isTLS: Bool = false
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.remote = remote
        self.peerUser = peerUser
        self.isTLS = isTLS
        let relative = ServerRequest.relative(target)
        let end = relative.firstIndex { $0 == "?" || $0 == "#" } ?? relative.endIndex
        path = PercentCoding.decode(relative[..<end], plusIsSpace: false) ?? String(relative[..<end])
        query =
            relative[end...].first == "?" ? PercentCoding.items(relative[end...].dropFirst().prefix { $0 != "#" }) : []
    }

    /// The first header of a name, regardless of case.
    package subscript(header name: String) -> String? {
        headers.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The first query item of a name.
    package func item(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The items of the query, followed by those of a form in the body.
    package var parameters: [(name: String, value: String)] {
        guard method == "POST", let type = self[header: "content-type"],
            type.lowercased().hasPrefix("application/x-www-form-urlencoded")
        else { return query }
        return query + PercentCoding.items(String(decoding: body, as: UTF8.self)[...])
    }

    /// Reduces `http://host/path` (RFC 9112, 3.2.2) to `/path`.
    private static func relative(_ target: String) -> Substring {
        guard !target.hasPrefix("/"), let scheme = target.utf8.firstIndex(of: UInt8(ascii: ":")),
            target[scheme...].hasPrefix("://")
        else {
            return target[...]
        }
        let authority = target[target.index(scheme, offsetBy: 3)...]
        guard let slash = authority.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return authority[slash...]
    }
}
