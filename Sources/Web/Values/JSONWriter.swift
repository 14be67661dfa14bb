import Samples
import Text

/// Writes JSON in one go, in the order of the calls; no tree in between. Source: RFC 8259.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// A whole document.
    static func document(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        body(&writer)
        return writer.bytes
    }

    mutating func object(_ body: (inout JSONWriter) -> Void) { nest(UInt8(ascii: "{"), UInt8(ascii: "}"), body) }
    mutating func array(_ body: (inout JSONWriter) -> Void) { nest(UInt8(ascii: "["), UInt8(ascii: "]"), body) }

    /// The next value's name.
    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ text: String) {
        separate()
        bytes.append(json: text, hidesMarkup: true)
    }

    mutating func number(_ value: Int64) { raw(String(value)) }
    /// JSON has no NaN and no infinity: null stands for them.
    mutating func number(_ value: Double) { raw(value.isFinite ? goFormat(value) : "null") }
    mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }
    mutating func null() { raw("null") }

    mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }
    mutating func field(_ name: String, _ value: Int) {
        key(name)
        number(Int64(value))
    }
    mutating func field(_ name: String, _ value: Double) {
        key(name)
        number(value)
    }
    mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }
    mutating func field(_ name: String, _ values: some Sequence<String>) {
        key(name)
        array { list in for value in values { list.string(value) } }
    }
    mutating func field(_ name: String, _ values: [String: String]) {
        key(name)
        object { map in for (key, value) in values.sorted(by: { $0.key < $1.key }) { map.field(key, value) } }
    }
    mutating func field(_ name: String, _ labels: Labels) {
        key(name)
        self.labels(labels)
    }

    mutating func labels(_ labels: Labels) {
        object { map in for pair in labels.pairs { map.field(pair.name, pair.value) } }
    }

    /// `[1435781430.781,"1.5"]`, Prometheus' way to write a sample.
    mutating func point(_ milliseconds: Int64, _ value: Double) {
        separate()
        bytes.append(UInt8(ascii: "["))
        bytes += goFormatPlain(Double(milliseconds) / 1000).utf8
        bytes += [UInt8(ascii: ","), UInt8(ascii: "\"")]
        bytes += goFormat(value).utf8
        bytes += [UInt8(ascii: "\""), UInt8(ascii: "]")]
        needsComma = true
    }

    private mutating func raw(_ text: String) {
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
