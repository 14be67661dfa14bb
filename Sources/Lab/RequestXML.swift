import Text

/// The XML that clients of S3 send: elements and character references, no attributes but at the root. It is read apart
/// from the reader of the agent, which is what it tests.
struct RequestXML {
    private let content: Substring

    /// Nil unless the body is such a document as a whole.
    init?(_ body: [UInt8], root: String) {
        guard let text = String(validating: body, as: UTF8.self), let start = text.firstRange(of: "<\(root)"),
            let open = text[start.upperBound...].firstIndex(of: ">"),
            let end = text[open...].firstRange(of: "</\(root)>")
        else { return nil }
        content = text[open..<end.lowerBound].dropFirst()
    }

    private init(_ content: Substring) { self.content = content }

    /// The elements of a name, in order, wherever they are.
    func elements(_ name: String) -> [RequestXML] {
        var found: [RequestXML] = []
        var rest = content
        while let start = rest.firstRange(of: "<\(name)>"),
            let end = rest[start.upperBound...].firstRange(of: "</\(name)>")
        {
            found.append(RequestXML(rest[start.upperBound..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return found
    }

    /// The text of the first element of a name; nil without one, or if its text is malformed.
    func text(_ name: String) -> String? {
        guard let text = elements(name).first?.content else { return nil }
        var out = ""
        var rest = text
        while let start = rest.firstIndex(of: "&") {
            out += rest[..<start]
            guard let end = rest[start...].firstIndex(of: ";"),
                let character = RequestXML.character(rest[start..<end].dropFirst())
            else { return nil }
            out.unicodeScalars.append(character)
            rest = rest[end...].dropFirst()
        }
        return out + rest
    }

    private static func character(_ name: Substring) -> Unicode.Scalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        case _ where name.hasPrefix("#x"): UInt32(digits: name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
        case _ where name.hasPrefix("#"): UInt32(digits: name.dropFirst()).flatMap(Unicode.Scalar.init)
        default: nil
        }
    }
}
