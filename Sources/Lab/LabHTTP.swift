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
        self.method = method
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query =
            parts.count < 2
            ? []
            : parts[1].split(separator: "&").map { field in
                let sides = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                // `+` means a space.
                let value =
                    sides.count < 2 ? "" : percentDecoded(sides[1].map { $0 == "+" ? "%20" : String($0) }.joined())
                return (percentDecoded(String(sides[0])), value)
            }
        self.headers = headers
        self.body = body
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

/// What a simulated server does with a request.
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

/// Decodes `%41` to `A`; invalid escapes are left as they are. Source: RFC 3986 §2.1.
func percentDecoded(_ text: String) -> String {
    func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hex(bytes[index + 1]),
            let low = hex(bytes[index + 2])
        {
            out.append(high << 4 | low)
            index += 3
        } else {
            out.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// Escapes all but the unreserved characters of RFC 3986 §2.3 and, with `keepingSlash`, the slash.
func percentEncoded(_ text: String, keepingSlash: Bool = false) -> String {
    var out = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            out.unicodeScalars.append(Unicode.Scalar(byte))
        case UInt8(ascii: "/") where keepingSlash: out += "/"
        default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
    return out
}
