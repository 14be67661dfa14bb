import Samples
import Text

/// Writes metric families in the text format or in OpenMetrics.
///
/// Characters that are not allowed in a name are replaced by `_`, or the name is quoted where the format has that; help
/// texts and label values are escaped, so that no scraped value can break a line.
/// Source: prometheus.io/docs/instrumenting/exposition_formats, …/escaping_schemes, OpenMetrics 1.0.
package struct ExpositionWriter {
    /// The format to write.
    package let format: ExpositionFormat
    private var out: [UInt8] = []

    /// An empty page.
    package init(_ format: ExpositionFormat) { self.format = format }

    /// A complete page: families sorted by name, those of the same name merged.
    package static func page(_ families: [MetricFamily], format: ExpositionFormat = .text) -> [UInt8] {
        var writer = ExpositionWriter(format)
        var merged: [MetricFamily] = []
        merged.reserveCapacity(families.count)
        for family in families.sorted(by: { $0.name < $1.name }) {
            if let last = merged.last, last.name == family.name {
                merged[merged.count - 1].samples += family.samples
            } else {
                merged.append(family)
            }
        }
        for family in merged { writer.write(family) }
        return writer.finish()
    }

    /// Appends one family. A page may have each name only once.
    package mutating func write(_ family: MetricFamily) {
        let (name, kind) = declared(family)
        out.append(text: "# HELP ")
        write(declared: name)
        out.append(UInt8(ascii: " "))
        out.append(escaping: family.help, quotes: format.isOpenMetrics)
        out.append(text: "\n# TYPE ")
        write(declared: name)
        out.append(UInt8(ascii: " "))
        out.append(text: kind)
        out.append(UInt8(ascii: "\n"))
        for sample in family.samples { write(sample, of: family) }
    }

    /// The page; in OpenMetrics with the final `# EOF`.
    package consuming func finish() -> [UInt8] {
        if format.isOpenMetrics { out.append(text: "# EOF\n") }
        return out
    }

    /// The name and type to declare. OpenMetrics declares a counter without the `_total` of its samples; a counter
    /// whose name does not end in `_total` is not valid there and is declared as unknown.
    private func declared(_ family: MetricFamily) -> (name: Substring, kind: String) {
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

    private mutating func write(_ sample: MetricFamily.Sample, of family: MetricFamily) {
        let name = sample.labels.name ?? family.name
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
        for label in sample.labels.pairs where label.name != Labels.metricName {
            out.append(separator)
            separator = UInt8(ascii: ",")
            if label.name.isLegacyName(colons: false) {
                out.append(name: label.name[...], colons: false)
            } else if format.quotesNames {
                write(quoted: label.name[...])
            } else {
                var written: [UInt8] = []
                written.append(name: label.name[...], colons: false)
                let plain = written
                written += Array(repeating: UInt8(ascii: "_"), count: added[plain] ?? 0)
                while replaced.contains(written) || sample.labels[String(decoding: written, as: UTF8.self)] != nil {
                    written.append(UInt8(ascii: "_"))
                }
                added[plain] = written.count - plain.count
                replaced.insert(written)
                out += written
            }
            out.append(text: "=\"")
            out.append(escaping: label.value, quotes: true)
            if format.isOpenMetrics, needsDecimalPoint(label, family.kind) { out.append(text: ".0") }
            out.append(UInt8(ascii: "\""))
        }
        if separator == UInt8(ascii: ",") { out.append(UInt8(ascii: "}")) }
        out.append(UInt8(ascii: " "))
        out.append(text: goFormat(sample.value))
        if let timestamp = sample.timestamp {
            out.append(UInt8(ascii: " "))
            out.append(
                text: format.isOpenMetrics ? goFormatPlain(timestamp.seconds) : String(timestamp.milliseconds))
        }
        out.append(UInt8(ascii: "\n"))
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
    private func needsDecimalPoint(_ label: Label, _ kind: MetricFamily.Kind) -> Bool {
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
