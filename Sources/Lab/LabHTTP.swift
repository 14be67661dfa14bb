import HTTPServer

/// A request as the simulated servers see it.
package struct LabRequest: Hashable, Sendable {
    package var method: String
    /// The path as sent, still percent-encoded.
    package var path: String
    /// Query parameters in order, decoded.
    package var query: [(name: String, value: String)]
    /// Header names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]

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

    package static func == (a: LabRequest, b: LabRequest) -> Bool {
        a.method == b.method && a.path == b.path && a.query.elementsEqual(b.query, by: ==) && a.headers == b.headers
            && a.body == b.body
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(path)
        hasher.combine(body)
    }
}

/// An answer.
package struct LabResponse: Hashable, Sendable {
    package var status: Int
    /// `Content-Length` and `Date` are the server's to add.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(_ status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package init(_ status: Int, type: String, _ text: String, headers: [String: String] = [:]) {
        self.init(status, headers: headers.merging(["Content-Type": type]) { old, _ in old }, body: Array(text.utf8))
    }
}

/// What a simulated server does with a request: answer, or fail in one of the ways that real ones do.
package enum LabReply: Hashable, Sendable {
    case response(LabResponse)
    /// Never answers; the connection stays.
    case hang
    /// Breaks the connection with a TCP reset.
    case reset
    /// Sends the head and so many bytes of the body, then closes.
    case partial(LabResponse, bytes: Int)
}
