/// The format of a page of metrics.
package enum ExpositionFormat: Sendable, Hashable, CaseIterable {
    /// Prometheus text format 0.0.4.
    case text
    /// OpenMetrics 1.0.
    case openMetrics
    /// Prometheus text format 1.0.0: names with any characters, quoted if necessary.
    case quotedText
    /// OpenMetrics 1.0 with such names.
    case quotedOpenMetrics

    /// Whether it is one of OpenMetrics.
    var isOpenMetrics: Bool { self == .openMetrics || self == .quotedOpenMetrics }
    /// Whether names may contain characters that earlier formats do not allow.
    var quotesNames: Bool { self == .quotedText || self == .quotedOpenMetrics }

    /// The value of the `Content-Type` header for this format.
    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        case .quotedText: "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
        case .quotedOpenMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
        }
    }

    /// The format that a client prefers according to its `Accept` header; text if there is none or it names neither
    /// format. OpenMetrics is only chosen if named, since curl and browsers send `*/*`; quoted names are only written
    /// if `escaping=allow-utf-8` requests them, as Prometheus 3 does.
    /// Sources: RFC 9110, 12.5.1; prometheus.io/docs/instrumenting/content_negotiation.
    package init(accept: String?) {
        self = .text
        guard let accept else { return }
        var openMetrics = 0.0
        var text = 0.0
        var (quotedOpenMetrics, quotedText) = (0.0, 0.0)
        for item in accept.utf8.prefix(4096).split(separator: UInt8(ascii: ",")) {
            let parts = item.split(separator: UInt8(ascii: ";")).map { ExpositionFormat.trimmed($0) }
            guard let type = parts.first else { continue }
            var quality = 1.0
            var version: String?
            var quotes = false
            for parameter in parts.dropFirst() {
                if parameter.hasPrefix("q=") {
                    quality = Double(parameter.dropFirst(2)).map { min(max($0, 0), 1) } ?? 0
                }
                if parameter == "escaping=allow-utf-8" { quotes = true }
                if parameter.hasPrefix("version=") { version = parameter.dropFirst(8).filter { $0 != "\"" } }
            }
            switch type {
            case "application/openmetrics-text" where version == nil || version == "1.0.0" || version == "0.0.1":
                openMetrics = max(openMetrics, quality)
                if quotes, version == "1.0.0" { quotedOpenMetrics = max(quotedOpenMetrics, quality) }
            case "text/plain" where version == "1.0.0" && quotes:
                text = max(text, quality)
                quotedText = max(quotedText, quality)
            case "text/plain" where version == nil || version == "0.0.4", "text/*", "*/*":
                text = max(text, quality)
            default: break
            }
        }
        if openMetrics > 0 && openMetrics >= text {
            self = quotedOpenMetrics == openMetrics ? .quotedOpenMetrics : .openMetrics
        } else if text > 0, quotedText == text {
            self = .quotedText
        }
    }

    private static func trimmed(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self).lowercased()
    }
}
