import Samples
import Text

/// Writes metric families as a page that Prometheus and its relatives read.
///
/// Names that the format can't carry have their odd characters replaced by `_`; help and label values are escaped,
/// so that nothing measured can break a line.
/// Source: prometheus.io/docs/instrumenting/exposition_formats, OpenMetrics 1.0.
package struct ExpositionWriter {
    package let format: ExpositionFormat
    private var out: [UInt8] = []

    package init(_ format: ExpositionFormat) { self.format = format }

    /// A whole page: families sorted by name, those of one name written as one.
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

    /// Appends one family; each name once a page.
    package mutating func write(_ family: MetricFamily) {
        let (name, kind) = declared(family)
        out.append(text: "# HELP ")
        out.append(name: name, colons: true)
        out.append(UInt8(ascii: " "))
        out.append(escaping: family.help, quotes: format == .openMetrics)
        out.append(text: "\n# TYPE ")
        out.append(name: name, colons: true)
        out.append(UInt8(ascii: " "))
        out.append(text: kind)
        out.append(UInt8(ascii: "\n"))
        for sample in family.samples { write(sample, of: family) }
    }

    /// The page; in OpenMetrics with its end mark.
    package consuming func finish() -> [UInt8] {
        if format == .openMetrics { out.append(text: "# EOF\n") }
        return out
    }

    /// OpenMetrics names a counter without the `_total` of its samples; one that lacks it can't be called a counter.
    private func declared(_ family: MetricFamily) -> (name: Substring, kind: String) {
        guard format == .openMetrics else { return (family.name[...], family.kind.rawValue) }
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
        out.append(name: (sample.labels.name ?? family.name)[...], colons: true)
        var separator = UInt8(ascii: "{")
        for label in sample.labels.pairs where label.name != Labels.metricName {
            out.append(separator)
            separator = UInt8(ascii: ",")
            out.append(name: label.name[...], colons: false)
            out.append(text: "=\"")
            out.append(escaping: label.value, quotes: true)
            if format == .openMetrics, isBound(label, family.kind) { out.append(text: ".0") }
            out.append(UInt8(ascii: "\""))
        }
        if separator == UInt8(ascii: ",") { out.append(UInt8(ascii: "}")) }
        out.append(UInt8(ascii: " "))
        out.append(text: goFormat(sample.value))
        if let timestamp = sample.timestamp {
            out.append(UInt8(ascii: " "))
            out.append(text: format == .text ? String(timestamp.milliseconds) : goFormatPlain(timestamp.seconds))
        }
        out.append(UInt8(ascii: "\n"))
    }

    /// OpenMetrics wants `le` and `quantile` as canonical floats: `1.0`, not `1`.
    private func isBound(_ label: Label, _ kind: MetricFamily.Kind) -> Bool {
        guard (kind == .histogram && label.name == "le") || (kind == .summary && label.name == "quantile") else {
            return false
        }
        return !label.value.isEmpty
            && label.value.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-") }
    }
}

extension [UInt8] {
    fileprivate mutating func append(text: String) { append(contentsOf: text.utf8) }

    /// Backslash and line feed escaped, double quotes where they would end the value.
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

    /// Metric names are `[a-zA-Z_:][a-zA-Z0-9_:]*`, label names the same without colons.
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
