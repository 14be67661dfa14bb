import Samples
import Text

/// Go's `fmt` for template values: `Sprint`, `Sprintln`, `Sprintf`. All throw `TemplateFailure` where the output
/// exceeds the limit.
struct GoPrinter {
    private(set) var out = ""
    private var size = 0
    private let limit: Int

    /// - Parameter limit: the maximum size of the output, in bytes.
    init(limit: Int) { self.limit = limit }

    /// `Sprint`.
    static func print(_ values: [TemplateValue], limit: Int) throws(TemplateFailure) -> String {
        var printer = GoPrinter(limit: limit)
        for (index, value) in values.enumerated() {
            // Sprint separates two operands by a space where neither is a string.
            if index > 0, values[index - 1].text == nil, value.text == nil { try printer.write(" ") }
            try printer.write(value, Directive())
        }
        return printer.out
    }

    /// The output of an action: as `print`, but without the `&` that fmt writes before a pointer to a struct.
    static func display(_ value: TemplateValue, limit: Int) throws(TemplateFailure) -> String {
        var printer = GoPrinter(limit: limit)
        try printer.write(value, Directive(), depth: 1)
        return printer.out
    }

    /// `Sprintln`.
    static func printLine(_ values: [TemplateValue], limit: Int) throws(TemplateFailure) -> String {
        var printer = GoPrinter(limit: limit)
        for (index, value) in values.enumerated() {
            if index > 0 { try printer.write(" ") }
            try printer.write(value, Directive())
        }
        try printer.write("\n")
        return printer.out
    }

    /// `Sprintf`.
    static func printf(_ format: String, _ values: [TemplateValue], limit: Int) throws(TemplateFailure) -> String {
        var printer = GoPrinter(limit: limit)
        try printer.printf(Array(format.unicodeScalars), values)
        return printer.out
    }

    /// The flags, width, precision and verb of a `%` directive.
    struct Directive {
        var verb: Unicode.Scalar = "v"
        var plus = false
        var minus = false
        var sharp = false
        var space = false
        var zero = false
        var width: Int?
        var precision: Int?
    }

    private mutating func write(_ text: String) throws(TemplateFailure) {
        size += text.utf8.count
        guard size <= limit else { throw TemplateFailure("more than \(limit) bytes of output") }
        out += text
    }

    // MARK: - Format strings

    private mutating func printf(_ format: [Unicode.Scalar], _ values: [TemplateValue]) throws(TemplateFailure) {
        var scanner = FormatScanner(format, values)
        while !scanner.isAtEnd {
            if scanner.take("%") {
                try directive(&scanner)
            } else {
                try write(scanner.literal())
            }
        }
        // Go does not report unused arguments where the format chooses arguments by index.
        if !scanner.isReordered, !scanner.unusedValues.isEmpty { try extra(scanner.unusedValues) }
    }

    /// One directive, from behind its `%`. Mistakes are part of the output, such as `%!d(MISSING)`.
    private mutating func directive(_ scanner: inout FormatScanner) throws(TemplateFailure) {
        var directive = scanner.flags()
        var isIndexValid = scanner.argumentIndex()
        try width(&scanner, &directive)
        if scanner.take(".") {
            isIndexValid = scanner.argumentIndex() && isIndexValid
            try precision(&scanner, &directive)
        }
        isIndexValid = scanner.argumentIndex() && isIndexValid
        guard let verb = scanner.next() else { return try write("%!(NOVERB)") }
        directive.verb = verb
        if verb == "%" {
            try write("%")
        } else if !isIndexValid {
            try write("%!\(verb)(BADINDEX)")
        } else if let value = scanner.nextValue() {
            try write(value, directive)
        } else {
            try write("%!\(verb)(MISSING)")
        }
    }

    private mutating func width(_ scanner: inout FormatScanner, _ directive: inout Directive) throws(TemplateFailure) {
        guard scanner.take("*") else {
            directive.width = scanner.number().flatMap { $0 <= FormatScanner.numberLimit ? $0 : nil }
            return
        }
        guard let width = scanner.numberFromValue() else { return try write("%!(BADWIDTH)") }
        directive.width = Int(clamping: width.magnitude)
        if width < 0 { directive.minus = true }
    }

    private mutating func precision(_ scanner: inout FormatScanner, _ directive: inout Directive)
        throws(TemplateFailure)
    {
        guard scanner.take("*") else {
            let precision = scanner.number() ?? 0
            directive.precision = precision <= FormatScanner.numberLimit ? precision : nil
            return
        }
        guard let precision = scanner.numberFromValue() else { return try write("%!(BADPREC)") }
        directive.precision = precision < 0 ? nil : precision
    }

    /// The arguments that no directive used: `%!(EXTRA string=a, int=1)`.
    private mutating func extra(_ values: ArraySlice<TemplateValue>) throws(TemplateFailure) {
        try write("%!(EXTRA ")
        for (index, value) in values.enumerated() {
            if index > 0 { try write(", ") }
            if case .null = value {
                try write("<nil>")
            } else {
                try write(value.typeName + "=")
                try write(value, Directive())
            }
        }
        try write(")")
    }

    // MARK: - Values

    private mutating func write(_ value: TemplateValue, _ directive: Directive, depth: Int = 0) throws(TemplateFailure)
    {
        switch directive.verb {
        case "T":
            try string(value.typeName, value, directive, verb: "s")
            return
        case "p":
            try badVerb(value, directive)
            return
        default: break
        }
        switch value {
        case .null:
            if directive.verb == "v" { try pad("<nil>", directive) } else { try write("%!\(directive.verb)(<nil>)") }
        case .bool(let bool):
            if directive.verb == "v" || directive.verb == "t" {
                try pad(bool ? "true" : "false", directive)
            } else {
                try badVerb(value, directive)
            }
        case .int(let int): try integer(int, value, directive)
        case .duration(let nanoseconds):
            if ["v", "s", "q"].contains(directive.verb) {
                try string(GoFormat.duration(nanoseconds), value, directive)
            } else {
                try integer(nanoseconds, value, directive)
            }
        case .float(let float): try self.float(float, value, directive)
        case .string(let text), .html(let text): try string(text, value, directive)
        case .time(let time): try string(time.description, value, directive)
        case .object(let object):
            if let underlying = object.underlying {
                try write(underlying, directive, depth: depth)
            } else {
                try structure(object, directive, depth)
            }
        case .list(let list):
            let sharp = directive.sharp && directive.verb == "v"
            try write(sharp ? list.typeName + "{" : "[")
            for (index, item) in list.items.enumerated() {
                if index > 0 { try write(sharp ? ", " : " ") }
                try write(item, directive, depth: depth + 1)
            }
            try write(sharp ? "}" : "]")
        case .map(let map):
            let sharp = directive.sharp && directive.verb == "v"
            try write(sharp ? value.typeName + "{" : "map[")
            for (index, key) in map.sortedKeys.enumerated() {
                if index > 0 { try write(sharp ? ", " : " ") }
                try write(.string(key), directive, depth: depth + 1)
                try write(":")
                try write(map.values[key] ?? map.zero, directive, depth: depth + 1)
            }
            try write(sharp ? "}" : "]")
        }
    }

    /// A struct: `{a b}`, with field names for `%+v`. Only at the outermost level is a pointer marked, by `&`.
    private mutating func structure(_ object: TemplateObject, _ directive: Directive, _ depth: Int)
        throws(TemplateFailure)
    {
        guard depth < 50 else { throw TemplateFailure("nested too deeply to print") }
        if object.typeName.hasPrefix("*"), depth == 0 { try write("&") }
        let sharp = directive.sharp && directive.verb == "v"
        try write(sharp ? object.typeName.drop { $0 == "*" } + "{" : "{")
        for (index, field) in object.fields.enumerated() {
            if index > 0 { try write(sharp ? ", " : " ") }
            if sharp || (directive.plus && directive.verb == "v") { try write(field.name + ":") }
            try write(field.value, directive, depth: depth + 1)
        }
        try write("}")
    }

    /// A verb that does not suit the value: `%!d(string=hi)`. Width and precision apply to the value.
    private mutating func badVerb(_ value: TemplateValue, _ directive: Directive) throws(TemplateFailure) {
        try write("%!\(directive.verb)(\(value.typeName)=")
        var plain = directive
        plain.verb = "v"
        plain.sharp = false
        try write(value, plain)
        try write(")")
    }

    private mutating func pad(_ text: String, _ directive: Directive, zero: Bool = false) throws(TemplateFailure) {
        let missing = (directive.width ?? 0) - text.unicodeScalars.count
        guard missing > 0 else {
            try write(text)
            return
        }
        guard size + missing <= limit else { throw TemplateFailure("more than \(limit) bytes of output") }
        if directive.minus {
            try write(text + String(repeating: " ", count: missing))
        } else if zero, let sign = text.first, sign == "-" || sign == "+" || sign == " " {
            try write(String(sign) + String(repeating: "0", count: missing) + text.dropFirst())
        } else {
            try write(String(repeating: zero ? "0" : " ", count: missing) + text)
        }
    }

    private mutating func string(
        _ text: String, _ value: TemplateValue, _ directive: Directive, verb: Unicode.Scalar? = nil
    ) throws(TemplateFailure) {
        var text = text
        if let precision = directive.precision, directive.verb != "x", directive.verb != "X" {
            var cut = String.UnicodeScalarView()
            cut.append(contentsOf: text.unicodeScalars.prefix(precision))
            text = String(cut)
        }
        switch verb ?? directive.verb {
        case "v": try pad(directive.sharp ? text.quotedAsInGo : text, directive)
        case "s": try pad(text, directive, zero: directive.zero)
        case "q": try pad(directive.sharp && !text.contains("`") ? "`\(text)`" : text.quotedAsInGo, directive)
        case "x", "X":
            let upper = directive.verb == "X"
            let bytes = text.utf8.prefix(directive.precision ?? .max)
            let prefix = directive.sharp && !bytes.isEmpty ? (upper ? "0X" : "0x") : ""
            guard size + bytes.count * 5 <= limit else { throw TemplateFailure("more than \(limit) bytes of output") }
            let pairs = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: upper) }
            try pad(prefix + pairs.joined(separator: directive.space ? " " + prefix : ""), directive)
        default: try badVerb(value, directive)
        }
    }

    private mutating func integer(_ int: Int64, _ value: TemplateValue, _ directive: Directive) throws(TemplateFailure)
    {
        let radix: Int
        var prefix = ""
        switch directive.verb {
        case "v", "d": radix = 10
        case "b":
            radix = 2
            if directive.sharp { prefix = "0b" }
        case "o":
            radix = 8
            if directive.sharp { prefix = "0" }
        case "O":
            radix = 8
            prefix = "0o"
        case "x", "X":
            radix = 16
            if directive.sharp { prefix = directive.verb == "X" ? "0X" : "0x" }
        case "c":
            try pad(String(Character(scalar(int))), directive)
            return
        case "q":
            let character = String(Character(scalar(int)))
            try pad(
                character == "'"
                    ? "'\\''" : "'" + character.quotedAsInGo.dropFirst().dropLast().replacing("\\\"", with: "\"") + "'",
                directive)
            return
        case "U":
            let hexadecimal = String(int.magnitude, radix: 16, uppercase: true)
            try pad("U+" + String(repeating: "0", count: max(0, 4 - hexadecimal.count)) + hexadecimal, directive)
            return
        default:
            try badVerb(value, directive)
            return
        }
        var digits = String(int.magnitude, radix: radix, uppercase: directive.verb == "X")
        if let precision = directive.precision {
            if precision == 0 && int == 0 { digits = "" }
            guard size + precision <= limit else { throw TemplateFailure("more than \(limit) bytes of output") }
            digits = String(repeating: "0", count: max(0, precision - digits.count)) + digits
        }
        let sign = int < 0 ? "-" : directive.plus ? "+" : directive.space ? " " : ""
        let zero = directive.zero && directive.precision == nil && !directive.minus
        try pad(sign + prefix + digits, directive, zero: zero)
    }

    private func scalar(_ int: Int64) -> Unicode.Scalar {
        UInt32(exactly: int).flatMap(Unicode.Scalar.init) ?? "\u{fffd}"
    }

    private mutating func float(_ float: Double, _ value: TemplateValue, _ directive: Directive)
        throws(TemplateFailure)
    {
        let verb = directive.verb == "F" ? "f" : directive.verb
        var text: String
        switch verb {
        case "v", "g", "G":
            text = GoFormat.float(
                float, verb: verb == "G" ? "G" : "g", precision: directive.precision,
                alternate: directive.sharp && verb != "v")
            if verb == "G" { text = text.replacing("e", with: "E") }
        case "e", "E", "f":
            text = GoFormat.float(
                float, verb: Character(verb), precision: directive.precision ?? 6, alternate: directive.sharp)
        case "b", "x", "X": text = GoFormat.binary(float, verb: Character(verb), precision: directive.precision)
        default:
            try badVerb(value, directive)
            return
        }
        if float.isFinite, float.sign == .plus {
            if directive.plus { text = "+" + text } else if directive.space { text = " " + text }
        }
        try pad(text, directive, zero: directive.zero && !directive.minus && float.isFinite)
    }
}
