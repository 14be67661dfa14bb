import Samples
import Text

/// Writes a page of metric families in the text format or in OpenMetrics, piece by piece, so that it is never in memory as a
/// whole.
///
/// Characters that are not allowed in a name are replaced by `_`, or the name is quoted where the format has that; help
/// texts and label values are escaped, so that no scraped value can break a line.
/// Source: prometheus.io/docs/instrumenting/exposition_formats, …/escaping_schemes, OpenMetrics 1.0.
package struct ExpositionWriter: Sendable {
    /// The format to write.
    package let format: ExpositionFormat
    /// About how many bytes a piece has; one that ends with a large part has more.
    private let pieceBytes: Int
    /// Sorted by name; those of the same name follow each other.
    private let families: [FamilySource]
    private var family = 0
    private var part = 0
    /// The declared type: of families with the same name, the first one's.
    private var kind = MetricFamily.Kind.untyped
    private var isFinished = false
    private var out: [UInt8] = []
    /// Those of the sample before, and whether all names among them may be written as they are: the samples of a family
    /// have nearly always the same.
    private var previous: (pairs: [Label], isPlain: Bool) = ([], true)

    /// A page of which nothing is written yet. Families of the same name are merged under the first one's type and help.
    package init(_ families: [FamilySource], _ format: ExpositionFormat, pieceBytes: Int = 65_536) {
        self.format = format
        self.pieceBytes = pieceBytes
        // A stable order for families of the same name.
        self.families = families.enumerated().sorted {
            ($0.element.name, $0.offset) < ($1.element.name, $1.offset)
        }.map(\.element)
    }

    /// A complete page: families sorted by name, those of the same name merged.
    package static func page(_ families: [MetricFamily], format: ExpositionFormat = .text) -> [UInt8] {
        var writer = ExpositionWriter(families.map(FamilySource.init), format)
        var page: [UInt8] = []
        while let piece = writer.next() { page += piece }
        return page
    }

    /// The page's next piece; nil after the last one. The last one ends with `# EOF` in OpenMetrics.
    package mutating func next() -> [UInt8]? {
        if isFinished { return nil }
        out.removeAll(keepingCapacity: true)
        out.reserveCapacity(pieceBytes + 4096)
        while family < families.count, out.count < pieceBytes {
            let source = families[family]
            if part == 0, family == 0 || families[family - 1].name != source.name { begin(source) }
            while part < source.parts, out.count < pieceBytes {
                source.visit(part) { write($0, $1, $2, of: source.name) }
                part += 1
            }
            if part >= source.parts {
                family += 1
                part = 0
            }
        }
        if family >= families.count {
            isFinished = true
            if format.isOpenMetrics { out.append(text: "# EOF\n") }
        }
        return out
    }

    private mutating func begin(_ family: FamilySource) {
        kind = family.kind
        let (name, type) = declared(family)
        out.append(text: "# HELP ")
        write(declared: name)
        out.append(UInt8(ascii: " "))
        out.append(escaping: family.help, quotes: format.isOpenMetrics)
        out.append(text: "\n# TYPE ")
        write(declared: name)
        out.append(UInt8(ascii: " "))
        out.append(text: type)
        out.append(UInt8(ascii: "\n"))
    }

    /// The name and type to declare. OpenMetrics declares a counter without the `_total` of its samples; a counter
    /// whose name does not end in `_total` is not valid there and is declared as unknown.
    private func declared(_ family: FamilySource) -> (name: Substring, kind: String) {
        guard format.isOpenMetrics else { return (family.name[...], family.kind.rawValue) }
        switch family.kind {
        case .counter:
            guard family.name.hasSuffix("_total"), family.name.utf8.count > 6 else {
                return (family.name[...], "unknown")
            }
            return (family.name.dropLast(6), "counter")
        case .untyped: return (family.name[...], "unknown")
        case .gauge, .histogram, .summary: return (family.name[...], family.kind.rawValue)
        }
    }

    private mutating func write(
        _ labels: Labels, _ value: Double, _ timestamp: Timestamp?, of family: String
    ) {
        let pairs = labels.pairs
        if isPlain(pairs) {
            writePlain(pairs, family)
        } else {
            writeNames(labels, family)
        }
        out.append(UInt8(ascii: " "))
        out.append(goFormat: value)
        if let timestamp {
            out.append(UInt8(ascii: " "))
            out.append(
                text: format.isOpenMetrics ? goFormatPlain(timestamp.seconds) : String(timestamp.milliseconds))
        }
        out.append(UInt8(ascii: "\n"))
    }

    /// Whether all names may be written as they are.
    private mutating func isPlain(_ pairs: [Label]) -> Bool {
        if pairs.count == previous.pairs.count,
            zip(pairs, previous.pairs).allSatisfy({
                $0.name == $1.name && ($0.name != Labels.metricName || $0.value == $1.value)
            })
        {
            return previous.isPlain
        }
        previous = (
            pairs,
            pairs.allSatisfy {
                $0.name == Labels.metricName ? $0.value.isLegacyName(colons: true) : $0.name.isLegacyName(colons: false)
            }
        )
        return previous.isPlain
    }

    private mutating func writePlain(_ pairs: [Label], _ family: String) {
        if let name = pairs.first(where: { $0.name == Labels.metricName }) {
            out.append(text: name.value)
        } else {
            out.append(name: family[...], colons: true)
        }
        var separator = UInt8(ascii: "{")
        for label in pairs where label.name != Labels.metricName {
            out.append(separator)
            separator = UInt8(ascii: ",")
            out.append(text: label.name)
            write(valueOf: label)
        }
        if separator == UInt8(ascii: ",") { out.append(UInt8(ascii: "}")) }
    }

    private mutating func write(valueOf label: Label) {
        out.append(text: "=\"")
        out.append(escaping: label.value, quotes: true)
        if format.isOpenMetrics, needsDecimalPoint(label) { out.append(text: ".0") }
        out.append(UInt8(ascii: "\""))
    }

    /// The same where a name must be quoted or changed.
    private mutating func writeNames(_ labels: Labels, _ family: String) {
        let name = labels.name ?? family
        var separator = UInt8(ascii: "{")
        if format.quotesNames, !name.isLegacyName(colons: true) {
            out.append(separator)
            separator = UInt8(ascii: ",")
            write(quoted: name[...])
        } else {
            out.append(name: name[...], colons: true)
        }
        // Names that differ only in replaced characters would become the same name, for which a scraper rejects the
        // page.
        var replaced: Set<[UInt8]> = []
        // How many underscores the last of each replaced name got, so that many colliding names stay cheap.
        var added: [[UInt8]: Int] = [:]
        for label in labels.pairs where label.name != Labels.metricName {
            out.append(separator)
            separator = UInt8(ascii: ",")
            if label.name.isLegacyName(colons: false) {
                out.append(text: label.name)
            } else if format.quotesNames {
                write(quoted: label.name[...])
            } else {
                var written: [UInt8] = []
                written.append(name: label.name[...], colons: false)
                let plain = written
                written += Array(repeating: UInt8(ascii: "_"), count: added[plain] ?? 0)
                while replaced.contains(written) || labels[String(decoding: written, as: UTF8.self)] != nil {
                    written.append(UInt8(ascii: "_"))
                }
                added[plain] = written.count - plain.count
                replaced.insert(written)
                out += written
            }
            write(valueOf: label)
        }
        if separator == UInt8(ascii: ",") { out.append(UInt8(ascii: "}")) }
    }

    private mutating func write(declared name: Substring) {
        if format.quotesNames, !String(name).isLegacyName(colons: true) {
            write(quoted: name)
        } else {
            out.append(name: name, colons: true)
        }
    }

    private mutating func write(quoted name: Substring) {
        out.append(UInt8(ascii: "\""))
        out.append(escaping: String(name), quotes: true)
        out.append(UInt8(ascii: "\""))
    }

    /// Whether the label is a `le` or `quantile` that is a whole number. OpenMetrics requires canonical floats: `1.0`.
    private func needsDecimalPoint(_ label: Label) -> Bool {
        guard (kind == .histogram && label.name == "le") || (kind == .summary && label.name == "quantile") else {
            return false
        }
        return !label.value.isEmpty
            && label.value.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-") }
    }
}

extension [UInt8] {
    fileprivate mutating func append(text: String) { append(contentsOf: text.utf8) }

    /// Appends text with backslashes and line feeds escaped, and double quotes too where `quotes` is set.
    fileprivate mutating func append(escaping text: String, quotes: Bool) {
        // Nearly always there is nothing to escape.
        let isPlain = text.utf8.allSatisfy {
            $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\"")
        }
        if isPlain { return append(text: text) }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(text: "\\\\")
            case UInt8(ascii: "\n"): append(text: "\\n")
            case UInt8(ascii: "\"") where quotes: append(text: "\\\"")
            default: append(byte)
            }
        }
    }

    /// Appends a name with invalid characters replaced. Metric names are `[a-zA-Z_:][a-zA-Z0-9_:]*`; label names have
    /// no colons.
    fileprivate mutating func append(name: Substring, colons: Bool) {
        var first = true
        for byte in name.utf8 {
            let letter = (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || byte == UInt8(ascii: "_")
            let digit = byte >= 0x30 && byte <= 0x39
            append(letter || (digit && !first) || (colons && byte == UInt8(ascii: ":")) ? byte : UInt8(ascii: "_"))
            first = false
        }
        if first { append(UInt8(ascii: "_")) }
    }
}
