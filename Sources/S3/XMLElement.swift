import Text

/// The subset of XML that S3 uses: elements, text, CDATA, character references. Attributes and comments are skipped, a
/// document type is rejected (only the five predefined entities), and depth and number of elements are limited.
/// Source: XML 1.0, fifth edition.
struct XMLElement: Sendable {
    /// Without its namespace prefix.
    var name: String
    var text = ""
    var children: [XMLElement] = []

    static let depthLimit = 16
    static let elementLimit = 50_000

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
    func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }
    subscript(_ name: String) -> String? { children.first { $0.name == name }?.text }

    /// The root element; nil if the document is not well-formed or exceeds a limit.
    static func parse(_ bytes: [UInt8]) -> XMLElement? {
        var reader = XMLReader(bytes)
        return reader.document()
    }
}

private struct XMLReader {
    private let bytes: [UInt8]
    private var at = 0
    private var elements = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
    }

    mutating func document() -> XMLElement? {
        var open: [XMLElement] = []
        while at < bytes.count {
            if bytes[at] != UInt8(ascii: "<") {
                guard let text = text() else { return nil }
                if open.isEmpty {
                    guard text.allSatisfy(\.isWhitespace) else { return nil }
                } else {
                    open[open.count - 1].text += text
                }
            } else if skip("<![CDATA[") {
                guard !open.isEmpty, let data = upTo("]]>"), let text = String(validating: data, as: UTF8.self) else {
                    return nil
                }
                open[open.count - 1].text += text
            } else if skip("<!--") {
                guard upTo("-->") != nil else { return nil }
            } else if skip("<?") {
                guard upTo("?>") != nil else { return nil }
            } else if skip("</") {
                guard let tag = upTo(">"), let element = open.popLast(), Self.name(tag) == element.name else {
                    return nil
                }
                if open.isEmpty { return element }
                open[open.count - 1].children.append(element)
            } else if skip("<") {
                guard let (tag, isEmpty) = tag(), let name = Self.name(tag) else { return nil }
                elements += 1
                guard elements <= XMLElement.elementLimit, open.count < XMLElement.depthLimit else { return nil }
                if !isEmpty {
                    open.append(XMLElement(name: name))
                } else if open.isEmpty {
                    return XMLElement(name: name)
                } else {
                    open[open.count - 1].children.append(XMLElement(name: name))
                }
            }
        }
        return nil
    }

    private mutating func skip(_ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard at + count <= bytes.count else { return false }
        for offset in 0..<count where bytes[at + offset] != prefix.utf8Start[offset] { return false }
        at += count
        return true
    }

    /// The bytes before a marker, which is skipped; nil if it is missing.
    private mutating func upTo(_ mark: StaticString) -> ArraySlice<UInt8>? {
        let start = at
        while at < bytes.count {
            let end = at
            if skip(mark) { return bytes[start..<end] }
            at += 1
        }
        return nil
    }

    /// The inside of a start tag: quoted attribute values may contain `>`.
    private mutating func tag() -> (ArraySlice<UInt8>, isEmpty: Bool)? {
        let start = at
        var quote: UInt8?
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                let inside = bytes[start..<at - 1]
                return inside.last == UInt8(ascii: "/") ? (inside.dropLast(), true) : (inside, false)
            }
        }
        return nil
    }

    private static func name(_ tag: ArraySlice<UInt8>) -> String? {
        let whole = tag.prefix { $0 > 0x20 }
        let local = whole.lastIndex(of: UInt8(ascii: ":")).map { whole[($0 + 1)...] } ?? whole
        guard let first = local.first, first != UInt8(ascii: "!") else { return nil }
        return String(validating: local, as: UTF8.self)
    }

    private mutating func text() -> String? {
        var out: [UInt8] = []
        while at < bytes.count, bytes[at] != UInt8(ascii: "<") {
            if bytes[at] == UInt8(ascii: "&") {
                guard let end = bytes[at...].prefix(12).firstIndex(of: UInt8(ascii: ";")),
                    let scalar = Self.reference(String(decoding: bytes[at + 1..<end], as: UTF8.self))
                else { return nil }
                out += Array(String(Character(scalar)).utf8)
                at = end + 1
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    private static func reference(_ name: String) -> UnicodeScalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        case _ where name.hasPrefix("#x"): UInt32(digits: name.dropFirst(2), radix: 16).flatMap { UnicodeScalar($0) }
        case _ where name.hasPrefix("#"): UInt32(digits: name.dropFirst(1)).flatMap { UnicodeScalar($0) }
        default: nil
        }
    }
}
