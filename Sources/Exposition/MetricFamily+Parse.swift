import Samples
import Text

/// A page that is not in Prometheus' text format.
package struct ExpositionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    package let line: Int
    /// What is wrong there.
    package let message: String

    /// An error at a line.
    package init(line: Int, _ message: String) {
        self.line = line
        self.message = message
    }

    package var description: String { "line \(line): \(message)" }
}

extension MetricFamily {
    /// Parses a page in Prometheus' text format 0.0.4 or 1.0.0, where names of any characters stand in quotes, that of the
    /// metric as the first of the labels; families keep the order of the page. What OpenMetrics adds is accepted: `# EOF`,
    /// `# UNIT`, exemplars (dropped), counters declared without `_total`, timestamps in seconds with a fraction.
    ///
    /// - Parameter text: the page. The caller bounds its size.
    /// - Parameter limit: the maximum number of samples.
    /// - Throws: `ExpositionError` at the first malformed line, or at the first line over a limit: of samples, of
    ///   families (10,000), of bytes in a name or a label's value (4 KiB). Help texts are cut to 1 KiB.
    package static func parse(_ text: [UInt8], limit: Int) throws(ExpositionError) -> [MetricFamily] {
        var parser = ExpositionParser(text, limit: limit)
        try parser.run()
        return parser.families
    }
}

/// Parses in one pass over the bytes, and makes strings only of what is kept.
private struct ExpositionParser {
    private let text: [UInt8]
    private let limit: Int
    private var at = 0
    private var line = 1
    private var samples = 0
    private(set) var families: [MetricFamily] = []
    /// Indices in `families`, by declared names and by the names of the samples so far.
    private var index: [String: Int] = [:]
    /// The name of the last sample and its family. Samples of one name are consecutive, which saves a look-up for most.
    private var lastName = 0..<0
    private var lastNameString = ""
    private var lastFamily = 0

    /// The maximum number of labels of a sample.
    private static let labelLimit = 128
    /// The maximum number of families: each costs a few hundred bytes before its first sample.
    private static let familyLimit = 10_000
    /// The maximum number of bytes of a name or a label's value.
    private static let textLimitBytes = 4096
    /// The bytes of a help text that are kept.
    private static let helpLimitBytes = 1024

    init(_ text: [UInt8], limit: Int) {
        self.text = text
        self.limit = limit
    }

    mutating func run() throws(ExpositionError) {
        while at < text.count {
            skipBlanks()
            if at < text.count, text[at] == UInt8(ascii: "#") {
                try comment()
            } else if !atLineEnd {
                try sample()
            }
            skipLine()
        }
    }

    // MARK: Comments

    private mutating func comment() throws(ExpositionError) {
        at += 1
        skipBlanks()
        let keyword = word()
        let isHelp = equals(keyword, "HELP")
        guard isHelp || equals(keyword, "TYPE") else { return }
        skipBlanks()
        let name: String
        if skipQuote() {
            name = try quoted(.name)
        } else {
            name = string(self.name(colons: true))
        }
        guard !name.isEmpty, atBlank || atLineEnd else { throw fail("invalid metric name in comment") }
        skipBlanks()
        let family = try declare(name)
        if isHelp {
            families[family].help = helpText()
        } else {
            guard let kind = kind(word()) else { throw fail("unknown metric type") }
            families[family].kind = kind
            skipBlanks()
            guard atLineEnd else { throw fail("unexpected text after the metric type") }
        }
    }

    private func kind(_ range: Range<Int>) -> MetricFamily.Kind? {
        switch string(range) {
        case "counter": .counter
        case "gauge": .gauge
        case "histogram": .histogram
        case "summary": .summary
        case "untyped", "unknown", "info", "stateset", "gaugehistogram": .untyped
        default: nil
        }
    }

    private mutating func declare(_ name: String) throws(ExpositionError) -> Int {
        if let known = index[name] { return known }
        guard families.count < Self.familyLimit else { throw fail("more than \(Self.familyLimit) metrics") }
        guard name.utf8.count <= Self.textLimitBytes else { throw tooLong("a metric's name") }
        families.append(MetricFamily(name, .untyped, help: ""))
        index[name] = families.count - 1
        return families.count - 1
    }

    private mutating func helpText() -> String {
        let start = at
        while !atLineEnd { at += 1 }
        let kept = start..<min(at, start + Self.helpLimitBytes)
        return string(kept, escaped: text[kept].contains(UInt8(ascii: "\\")))
    }

    // MARK: Samples

    private mutating func sample() throws(ExpositionError) {
        samples += 1
        guard samples <= limit else { throw fail("more than \(limit) samples") }
        let name = name(colons: true)
        if name.isEmpty {
            // The name is in the braces, in quotes.
            guard at < text.count, text[at] == UInt8(ascii: "{") else { throw fail("invalid metric name") }
            at += 1
            skipBlanks()
            guard skipQuote() else { throw fail("invalid metric name") }
            let quotedName = try quoted(.name)
            guard !quotedName.isEmpty else { throw fail("invalid metric name") }
            skipBlanks()
            guard at < text.count, text[at] == UInt8(ascii: ",") || text[at] == UInt8(ascii: "}") else {
                throw fail("expected ',' or '}' after the metric name")
            }
            if text[at] == UInt8(ascii: ",") { at += 1 }
            var pairs: [Label] = []
            try labels(&pairs)
            skipBlanks()
            return try finishSample(quotedName, try lookUp(quotedName), &pairs)
        }
        let family = try family(of: name)
        skipBlanks()
        var pairs: [Label] = []
        if at < text.count, text[at] == UInt8(ascii: "{") {
            at += 1
            try labels(&pairs)
            skipBlanks()
        } else if at == name.upperBound {
            throw fail(atLineEnd ? "missing value" : "invalid metric name")
        }
        try finishSample(lastNameString, family, &pairs)
    }

    /// The rest of a sample's line: value, timestamp, exemplar.
    private mutating func finishSample(_ name: String, _ family: Int, _ pairs: inout [Label]) throws(ExpositionError) {
        insert(Label(Labels.metricName, name), into: &pairs)
        let value = try number()
        skipBlanks()
        var timestamp: Timestamp?
        if !atLineEnd, text[at] != UInt8(ascii: "#") {
            timestamp = try time()
            skipBlanks()
        }
        // An exemplar follows a second `#`.
        guard atLineEnd || text[at] == UInt8(ascii: "#") else { throw fail("unexpected text after the value") }
        families[family].samples.append(.init(Labels(sorted: pairs), value, timestamp: timestamp))
    }

    private mutating func labels(_ pairs: inout [Label]) throws(ExpositionError) {
        while true {
            skipBlanks()
            if at < text.count, text[at] == UInt8(ascii: "}") {
                at += 1
                return
            }
            let name: String
            if skipQuote() {
                name = try quoted(.name)
            } else {
                let range = self.name(colons: false)
                guard range.count <= Self.textLimitBytes else { throw tooLong("a label's name") }
                name = string(range)
            }
            guard !name.isEmpty else { throw fail("invalid label name") }
            skipBlanks()
            guard at < text.count, text[at] == UInt8(ascii: "=") else {
                throw fail("expected '=' after the label name")
            }
            at += 1
            skipBlanks()
            guard at < text.count, text[at] == UInt8(ascii: "\"") else {
                throw fail("expected '\"' before the label value")
            }
            at += 1
            let value = try quoted(.value)
            guard pairs.count < Self.labelLimit else { throw fail("more than \(Self.labelLimit) labels") }
            let label = Label(name, value)
            guard label.name != Labels.metricName else { throw fail("label name \"__name__\" is reserved") }
            guard insert(label, into: &pairs) else { throw fail("duplicate label \"\(label.name)\"") }
            skipBlanks()
            guard at < text.count, text[at] == UInt8(ascii: ",") || text[at] == UInt8(ascii: "}") else {
                throw fail("expected ',' or '}' after a label")
            }
            if text[at] == UInt8(ascii: ",") { at += 1 }
        }
    }

    /// Inserts a label in order of names, unless its value is empty. Returns false where the name is already present.
    @discardableResult
    private func insert(_ label: Label, into pairs: inout [Label]) -> Bool {
        if label.value.isEmpty { return true }
        var index = pairs.count
        while index > 0, !(pairs[index - 1].name < label.name) {
            if pairs[index - 1].name == label.name { return false }
            index -= 1
        }
        pairs.insert(label, at: index)
        return true
    }

    private enum Quoted: String {
        case name, value
    }

    /// Whether a quote begins here, which is then skipped.
    private mutating func skipQuote() -> Bool {
        guard at < text.count, text[at] == UInt8(ascii: "\"") else { return false }
        at += 1
        return true
    }

    /// A label's value, or a name. Starts after its opening quote and ends after its closing one.
    private mutating func quoted(_ what: Quoted) throws(ExpositionError) -> String {
        let start = at
        var escaped = false
        while true {
            guard !atLineEnd else { throw fail("unterminated label \(what.rawValue)") }
            if text[at] == UInt8(ascii: "\"") { break }
            if text[at] == UInt8(ascii: "\\") {
                escaped = true
                at += 1
                guard !atLineEnd else { throw fail("unterminated label \(what.rawValue)") }
            }
            at += 1
        }
        at += 1
        guard at - 1 - start <= Self.textLimitBytes else { throw tooLong("a label's \(what.rawValue)") }
        return string(start..<at - 1, escaped: escaped)
    }

    /// The family of a sample by its name; an undeclared name becomes a family of its own.
    private mutating func family(of name: Range<Int>) throws(ExpositionError) -> Int {
        if !lastName.isEmpty, name.count == lastName.count, text[name] == text[lastName] {
            return lastFamily
        }
        let found = string(name)
        lastName = name
        lastNameString = found
        lastFamily = try lookUp(found)
        return lastFamily
    }

    private mutating func lookUp(_ name: String) throws(ExpositionError) -> Int {
        if let known = index[name] { return known }
        for (suffix, kinds) in ExpositionParser.suffixes where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.utf8.count))
            guard let declared = index[base], kinds.contains(families[declared].kind) else { continue }
            // OpenMetrics declares a counter without `_total`; `MetricFamily.name` has it.
            if families[declared].kind == .counter { families[declared].name = name }
            index[name] = declared
            return declared
        }
        return try declare(name)
    }

    private static let suffixes: [(String, [MetricFamily.Kind])] = [
        ("_bucket", [.histogram]), ("_sum", [.histogram, .summary]), ("_count", [.histogram, .summary]),
        ("_total", [.counter]),
    ]

    // MARK: Numbers

    /// A value in the syntax of Go's `strconv.ParseFloat`.
    private mutating func number() throws(ExpositionError) -> Double {
        let range = word()
        guard !range.isEmpty else { throw fail("missing value") }
        if let simple = simpleDecimal(range) { return simple }
        guard !text[range].contains(where: { $0 == UInt8(ascii: "(") || $0 == 0 }), let value = Double(string(range))
        else {
            throw fail("invalid value \(string(range.prefix(64)).quotedAsInGo)")
        }
        return value
    }

    /// A fast path for most values: at most 15 digits with at most one point. Both operands of the division are exact,
    /// so its result is correctly rounded (Clinger 1990). Nil for any other form.
    private func simpleDecimal(_ range: Range<Int>) -> Double? {
        var i = range.lowerBound
        let negative = text[i] == UInt8(ascii: "-")
        if negative { i += 1 }
        guard range.upperBound - i <= 16, i < range.upperBound else { return nil }
        var mantissa: UInt64 = 0
        var digits = 0
        var fraction = -1
        while i < range.upperBound {
            let byte = text[i]
            if byte >= 0x30, byte <= 0x39 {
                mantissa = mantissa * 10 + UInt64(byte - 0x30)
                digits += 1
                if fraction >= 0 { fraction += 1 }
            } else if byte == UInt8(ascii: "."), fraction < 0 {
                fraction = 0
            } else {
                return nil
            }
            i += 1
        }
        guard digits > 0, digits <= 15 else { return nil }
        let value = Double(mantissa) / (fraction > 0 ? ExpositionParser.powersOfTen[fraction] : 1)
        return negative ? -value : value
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    private mutating func time() throws(ExpositionError) -> Timestamp {
        let written = string(word().prefix(40))
        if let milliseconds = Int64(written) { return Timestamp(milliseconds: milliseconds) }
        guard written.contains("."), let seconds = Double(written), seconds.isFinite else {
            throw fail("invalid timestamp \(written.quotedAsInGo)")
        }
        return Timestamp(seconds: seconds)
    }

    // MARK: Bytes

    private var atLineEnd: Bool {
        at >= text.count || text[at] == 0x0a || (text[at] == 0x0d && (at + 1 == text.count || text[at + 1] == 0x0a))
    }
    private var atBlank: Bool { at < text.count && (text[at] == 0x20 || text[at] == 0x09) }

    private mutating func skipBlanks() {
        while atBlank { at += 1 }
    }

    private mutating func skipLine() {
        while at < text.count, text[at] != 0x0a { at += 1 }
        at += 1
        line += 1
    }

    /// The bytes up to the next blank or line end.
    private mutating func word() -> Range<Int> {
        let start = at
        while !atLineEnd, !atBlank { at += 1 }
        return start..<at
    }

    private mutating func name(colons: Bool) -> Range<Int> {
        let start = at
        while at < text.count {
            let byte = text[at]
            let letter =
                (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || byte == UInt8(ascii: "_")
                || (colons && byte == UInt8(ascii: ":"))
            guard letter || (byte >= 0x30 && byte <= 0x39 && at > start) else { break }
            at += 1
        }
        return start..<at
    }

    private func equals(_ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { text[range].elementsEqual($0) }
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

    private func string(_ range: Range<Int>, escaped: Bool) -> String {
        guard escaped else { return string(range) }
        var out: [UInt8] = []
        out.reserveCapacity(range.count)
        var i = range.lowerBound
        while i < range.upperBound {
            if text[i] == UInt8(ascii: "\\"), i + 1 < range.upperBound {
                switch text[i + 1] {
                case UInt8(ascii: "n"): out.append(0x0a)
                case UInt8(ascii: "\\"), UInt8(ascii: "\""): out.append(text[i + 1])
                default: out += [text[i], text[i + 1]]
                }
                i += 2
            } else {
                out.append(text[i])
                i += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private func fail(_ message: String) -> ExpositionError { ExpositionError(line: line, message) }
    private func tooLong(_ what: String) -> ExpositionError {
        fail("\(what) is longer than \(Self.textLimitBytes) bytes")
    }
}
