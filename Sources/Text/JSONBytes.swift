/// A streaming JSON writer: it places the commas and escapes strings, and leaves it to the caller to balance the
/// brackets. For hot paths; `JSONEncoder` takes ten times as long. Source: RFC 8259.
package struct JSONBytes {
    /// The JSON written so far, in UTF-8.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty writer.
    package init() {}

    /// Opens an object or an array, with its bracket.
    package mutating func open(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    /// Closes an object or an array, with its bracket.
    package mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    /// Writes the comma, if one is due. Call it before each element of an array.
    package mutating func next() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Writes a member's name with its colon; the value must follow.
    package mutating func key(_ name: String) {
        next()
        text(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member whose value is a string.
    package mutating func field(_ name: String, _ value: String) {
        key(name)
        text(value)
        needsComma = true
    }

    /// Writes a member whose value is a number.
    package mutating func field(_ name: String, _ value: Int64) {
        key(name)
        bytes += String(value).utf8
        needsComma = true
    }

    /// Writes an array of numbers.
    package mutating func list(_ numbers: some Sequence<UInt64>) {
        open("[")
        for number in numbers {
            next()
            bytes += String(number).utf8
        }
        close("]")
    }

    /// Writes an object whose values are strings, in the dictionary's order.
    package mutating func map(_ values: [String: String]) {
        open("{")
        for (name, value) in values { field(name, value) }
        close("}")
    }

    private mutating func text(_ value: String) { bytes.append(json: value) }
}
