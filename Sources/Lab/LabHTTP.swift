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
        self.method = method
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query =
            parts.count < 2
            ? []
            : parts[1].split(separator: "&").map { field in
                let sides = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                // A form's plus is a space in a query.
                let value =
                    sides.count < 2 ? "" : percentDecoded(sides[1].map { $0 == "+" ? "%20" : String($0) }.joined())
                return (percentDecoded(String(sides[0])), value)
            }
        self.headers = headers
        self.body = body
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

/// `%41` → `A`; what is no escape stays. Source: RFC 3986 §2.1.
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

/// All but unreserved characters escaped, in upper case; RFC 3986 §2.3. A slash is kept if wanted.
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
