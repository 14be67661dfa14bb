import Text

/// A request as handlers see it, read whole.
package struct ServerRequest: Sendable {
    /// Upper case as it came: `GET`, `POST` …
    package var method: String
    /// The request target as it came, still encoded: what a signature was made over.
    package var target: String
    /// The target's path, percent-decoded; as it came where the encoding is broken.
    package var path: String
    /// The query's items in their order, decoded; `a` and `a=` both have the value "".
    package var query: [(name: String, value: String)]
    /// In their order, names as they came.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// The peer's IP address; a Unix socket's path; "" where the system does not say.
    package var remote: String
    package var isTLS: Bool

    package init(
        method: String = "GET", target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        remote: String = "",
        isTLS: Bool = false
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.remote = remote
        self.isTLS = isTLS
        let relative = ServerRequest.relative(target)
        let end = relative.firstIndex { $0 == "?" || $0 == "#" } ?? relative.endIndex
        path = PercentCoding.decode(relative[..<end], plusIsSpace: false) ?? String(relative[..<end])
        query =
            relative[end...].first == "?" ? PercentCoding.items(relative[end...].dropFirst().prefix { $0 != "#" }) : []
    }

    /// The first header of that name, whatever its case.
    package subscript(header name: String) -> String? {
        headers.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The first item of that name in the query.
    package func item(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The query's items and, after them, those of a form in the body.
    package var parameters: [(name: String, value: String)] {
        guard method == "POST", let type = self[header: "content-type"],
            type.lowercased().hasPrefix("application/x-www-form-urlencoded")
        else { return query }
        return query + PercentCoding.items(String(decoding: body, as: UTF8.self)[...])
    }

    /// `http://host/path` (RFC 9112, 3.2.2) means `/path`.
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
