/// The format of a page of metrics.
package enum ExpositionFormat: Sendable, Hashable, CaseIterable {
    /// Prometheus text format 0.0.4.
    case text
    /// OpenMetrics 1.0.
    case openMetrics

    /// The value of the `Content-Type` header for this format.
    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format that a client prefers by its `Accept` header; text where there is none or it names neither format.
    /// OpenMetrics is chosen only where it is named, since curl and browsers send `*/*`.
    /// Source: RFC 9110, 12.5.1.
    package init(accept: String?) {
        self = .text
        guard let accept else { return }
        var openMetrics = 0.0
        var text = 0.0
        for item in accept.utf8.prefix(4096).split(separator: UInt8(ascii: ",")) {
            let parts = item.split(separator: UInt8(ascii: ";")).map { ExpositionFormat.trimmed($0) }
            guard let type = parts.first else { continue }
            var quality = 1.0
            var version: String?
            for parameter in parts.dropFirst() {
                if parameter.hasPrefix("q=") {
                    quality = Double(parameter.dropFirst(2)).map { min(max($0, 0), 1) } ?? 0
                }
                if parameter.hasPrefix("version=") { version = parameter.dropFirst(8).filter { $0 != "\"" } }
            }
            switch type {
            case "application/openmetrics-text" where version == nil || version == "1.0.0" || version == "0.0.1":
                openMetrics = max(openMetrics, quality)
            case "text/plain" where version == nil || version == "0.0.4", "text/*", "*/*":
                text = max(text, quality)
            default: break
            }
        }
        if openMetrics > 0 && openMetrics >= text { self = .openMetrics }
    }

    private static func trimmed(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self).lowercased()
    }
}
