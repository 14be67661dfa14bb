/// Reads a format string of Go's `Sprintf`, and keeps track of the arguments that it uses.
/// Source: Go's fmt, print.go, `doPrintf`.
struct FormatScanner {
    /// The maximum width and precision; Go's fmt ignores greater ones.
    static let numberLimit = 1_000_000

    private let format: [Unicode.Scalar]
    private let values: [TemplateValue]
    private var position = 0
    private var valueIndex = 0
    /// Whether the format has chosen an argument by its index, `[n]`.
    private(set) var isReordered = false

    init(_ format: [Unicode.Scalar], _ values: [TemplateValue]) {
        self.format = format
        self.values = values
    }

    var isAtEnd: Bool { position >= format.count }

    /// The arguments after the last one used.
    var unusedValues: ArraySlice<TemplateValue> { values[min(valueIndex, values.count)...] }

    /// Skips a character if it is the next one.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard position < format.count, format[position] == scalar else { return false }
        position += 1
        return true
    }

    /// The next character; nil at the end.
    mutating func next() -> Unicode.Scalar? {
        guard position < format.count else { return nil }
        defer { position += 1 }
        return format[position]
    }

    /// The text up to the next `%`.
    mutating func literal() -> String {
        let end = format[position...].firstIndex(of: "%") ?? format.count
        defer { position = end }
        return String(String.UnicodeScalarView(format[position..<end]))
    }

    /// A directive with the flags that are next.
    mutating func flags() -> GoPrinter.Directive {
        var directive = GoPrinter.Directive()
        while position < format.count {
            switch format[position] {
            case "+": directive.plus = true
            case "-": directive.minus = true
            case "#": directive.sharp = true
            case " ": directive.space = true
            case "0": directive.zero = true
            default: return directive
            }
            position += 1
        }
        return directive
    }

    /// A decimal number, at most `numberLimit + 1`; nil where there is none.
    mutating func number() -> Int? {
        var value: Int?
        while position < format.count, format[position].isASCII,
            let digit = Character(format[position]).wholeNumberValue
        {
            value = min((value ?? 0) * 10 + digit, Self.numberLimit + 1)
            position += 1
        }
        return value
    }

    /// `[n]` before a verb or a star, which chooses the argument. Returns false where it is malformed or out of range.
    mutating func argumentIndex() -> Bool {
        guard take("[") else { return true }
        isReordered = true
        let index = number()
        guard take("]") else {
            position = format[position...].firstIndex(of: "]").map { $0 + 1 } ?? format.count
            return false
        }
        guard let index, index >= 1, index <= values.count else { return false }
        valueIndex = index - 1
        return true
    }

    /// The next argument as the width or precision of a `*`; nil where it is missing, not an int or too large.
    mutating func numberFromValue() -> Int? {
        defer { valueIndex += 1 }
        guard valueIndex < values.count, case .int(let value) = values[valueIndex],
            value.magnitude <= UInt64(Self.numberLimit)
        else { return nil }
        // Checked: at most `numberLimit`.
        return Int(value)
    }

    /// The next argument; nil where all are used.
    mutating func nextValue() -> TemplateValue? {
        guard valueIndex < values.count else { return nil }
        defer { valueIndex += 1 }
        return values[valueIndex]
    }
}
