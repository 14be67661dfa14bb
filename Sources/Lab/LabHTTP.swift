import HTTPServer

/// A request to a simulated server.
package struct LabRequest: Hashable, Sendable {
    /// `GET`, `POST` …
    package var method: String
    /// The path as received, still percent-encoded.
    package var path: String
    /// Query parameters in order, decoded.
    package var query: [(name: String, value: String)]
    /// Header names in lower case.
    package var headers: [String: String]
    /// The whole body.
    package var body: [UInt8]

    /// - Parameter uri: path and query.
    package init(method: String = "GET", uri: String, headers: [String: String] = [:], body: [UInt8] = []) {
        let request = ServerRequest(method: method, target: uri)
        self.method = method
        path = String(uri.prefix { $0 != "?" })
        query = request.query
        self.headers = headers
        self.body = body
    }

    /// The request as the server read it.
    init(_ request: ServerRequest) {
        var headers: [String: String] = [:]
        for (name, value) in request.headers { headers[name.lowercased()] = value }
        self.init(method: request.method, uri: request.target, headers: headers, body: request.body)
    }

    /// The first query parameter of a name.
    package func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// Compares all parts.
    package static func == (a: LabRequest, b: LabRequest) -> Bool {
        a.method == b.method && a.path == b.path && a.query.elementsEqual(b.query, by: ==) && a.headers == b.headers
            && a.body == b.body
    }

    /// Hashes method, path and body.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(path)
        hasher.combine(body)
    }
}

/// A response.
package struct LabResponse: Hashable, Sendable {
    /// The HTTP status.
    package var status: Int
    /// The headers; the server adds `Content-Length` and `Date`.
    package var headers: [String: String]
    /// The whole body.
    package var body: [UInt8]
    /// Whether the body is sent in chunks without its length, as Vault sends a snapshot. Default: no.
    package var isChunked = false

    /// An empty response unless the rest is given.
    package init(_ status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response with a text of the given content type.
    package init(_ status: Int, type: String, _ text: String, headers: [String: String] = [:]) {
        self.init(status, headers: headers.merging(["Content-Type": type]) { old, _ in old }, body: Array(text.utf8))
    }
}

/// How a simulated server reacts to a request.
package enum LabReply: Hashable, Sendable {
    /// Responds.
    case response(LabResponse)
    /// Never responds; the connection stays open.
    case hang
    /// Resets the connection.
    case reset
    /// Sends the head and the given number of bytes of the body, then closes the connection.
    case partial(LabResponse, bytes: Int)
}
