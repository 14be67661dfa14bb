import Samples
import Text

/// Writes JSON in one go, in the order of the calls; no tree in between. Ten times as fast as `JSONEncoder`, for what is
/// written thousands of times a second. Source: RFC 8259.
package struct JSONWriter {
    /// The document so far.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private let hidesMarkup: Bool

    /// - Parameter hidesMarkup: writes `<`, `>` and `&` as escapes, so that an answer which a client opens as a page
    ///   holds no tag.
    package init(hidesMarkup: Bool = false) { self.hidesMarkup = hidesMarkup }

    /// A whole document.
    package static func document(hidesMarkup: Bool = false, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(hidesMarkup: hidesMarkup)
        body(&writer)
        return writer.bytes
    }

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        nest(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }
    package mutating func array(_ body: (inout JSONWriter) -> Void) { nest(UInt8(ascii: "["), UInt8(ascii: "]"), body) }

    /// The next value's name.
    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ text: String) {
        separate()
        bytes.append(json: text, hidesMarkup: hidesMarkup)
    }

    package mutating func number(_ value: Int64) { raw(String(value)) }
    /// JSON has no NaN and no infinity: null stands for them.
    package mutating func number(_ value: Double) { raw(value.isFinite ? goFormat(value) : "null") }
    package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }
    package mutating func null() { raw("null") }

    package mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }
    package mutating func field(_ name: String, _ value: Int) {
        key(name)
        number(Int64(value))
    }
    package mutating func field(_ name: String, _ value: Double) {
        key(name)
        number(value)
    }
    package mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }
    package mutating func field(_ name: String, _ values: some Sequence<String>) {
        key(name)
        array { list in for value in values { list.string(value) } }
    }
    package mutating func field(_ name: String, _ values: [String: String]) {
        key(name)
        object { map in for (key, value) in values.sorted(by: { $0.key < $1.key }) { map.field(key, value) } }
    }
    package mutating func field(_ name: String, _ value: Int64) {
        key(name)
        number(value)
    }

    /// A value that is JSON already.
    package mutating func raw(_ text: String) {
        separate()
        bytes += text.utf8
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func nest(_ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(open)
        needsComma = false
        body(&self)
        bytes.append(close)
        needsComma = true
    }
}

extension [UInt8] {
    /// Appends a JSON string with its quotes. Source: RFC 8259, section 7.
    /// - Parameter hidesMarkup: escapes `<`, `>` and `&` as Go's encoding/json does, so that a client that sniffs the
    ///   response as HTML finds no tag in it.
    package mutating func append(json text: String, hidesMarkup: Bool = false) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case UInt8(ascii: "\n"): append(contentsOf: "\\n".utf8)
            case 0..<0x20, 0x7f: append(escaped: byte)
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
                if hidesMarkup { append(escaped: byte) } else { append(byte) }
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaped byte: UInt8) {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
        append(contentsOf: "\\u00".utf8)
        append(digit(byte >> 4))
        append(digit(byte & 15))
    }
}
