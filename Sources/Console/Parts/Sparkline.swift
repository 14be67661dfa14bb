import Samples
import Text
import Web

/// A small graph of one measurement: a line through the maxima and a thin one through the minima, so that peaks are not
/// averaged away.
struct Sparkline {
    let sign: VitalSign
    var width = 150.0
    var height = 32.0

    func render(_ page: inout HTML) {
        let bins = sign.sketch.bins.filter { $0.min.isFinite && $0.max.isFinite }
        page.markup("<svg class=spark viewBox=\"0 0 ")
        page.length(width)
        page.markup(" ")
        page.length(height)
        page.markup("\" preserveAspectRatio=none role=img aria-label=\"")
        page.text(label(bins))
        page.markup("\">")
        if let first = bins.first, let last = bins.last {
            let isBad = sign.deviation > 1
            let range = self.range(bins)
            page.markup(isBad ? "<path class=\"ar crit\" d=\"M" : "<path class=ar d=\"M")
            point(first.at, nil, range, &page)
            for bin in bins {
                page.markup("L")
                point(bin.at, bin.max, range, &page)
            }
            page.markup("L")
            point(last.at, nil, range, &page)
            page.markup("Z\"/>")
            page.markup(isBad ? "<path class=\"ln crit\" d=\"" : "<path class=ln d=\"")
            for (index, bin) in bins.enumerated() {
                page.markup(index == 0 ? "M" : "L")
                point(bin.at, bin.max, range, &page)
            }
            page.markup("\"/>")
            if bins.contains(where: { $0.min < $0.max }) {
                page.markup(isBad ? "<path class=\"lo crit\" d=\"" : "<path class=lo d=\"")
                for (index, bin) in bins.enumerated() {
                    page.markup(index == 0 ? "M" : "L")
                    point(bin.at, bin.min, range, &page)
                }
                page.markup("\"/>")
            }
        }
        page.markup("</svg>")
    }

    /// - Parameter value: nil for the baseline.
    private func point(
        _ at: Timestamp, _ value: Double?, _ range: (low: Double, high: Double), _ page: inout HTML
    ) {
        let span = max((sign.sketch.to - sign.sketch.from).seconds, 1)
        page.length((at - sign.sketch.from).seconds / span * width)
        page.markup(" ")
        guard let value else { return page.length(height) }
        let (low, high) = range
        page.length(height - 2 - (value - low) / max(high - low, 1e-12) * (height - 4))
    }

    /// Values that vary little use half of the height, so that noise does not look like a fault.
    private func range(_ bins: [SeriesSketch.Bin]) -> (low: Double, high: Double) {
        let low = bins.map(\.min).min() ?? 0
        let high = bins.map(\.max).max() ?? 1
        let least = max(high.magnitude, low.magnitude) * 0.1
        guard high - low < least else { return (low, high) }
        let middle = (low + high) / 2
        return (middle - max(least, 1e-9), middle + max(least, 1e-9))
    }

    private func label(_ bins: [SeriesSketch.Bin]) -> String {
        guard let low = bins.map(\.min).min(), let high = bins.map(\.max).max() else { return "\(sign.name): no data" }
        return "\(sign.name): \(sign.text(low)) to \(sign.text(high))"
    }
}

extension VitalSign {
    /// A value with its unit: `48 KiB`, `99.8 %`.
    func text(_ value: Double) -> String {
        switch unit {
        case .bytes: Words.size(value)
        case .seconds: Words.measured(value)
        case .ratio: Words.percent(value)
        case .count: Words.number(value)
        case .time: value > 0 ? Timestamp(seconds: value).rfc3339 : Words.unknown
        }
    }

    /// The value now.
    var now: String { sketch.last.map(text) ?? Words.unknown }
    /// `pg-1` of `postgres prod/pg-1`.
    var short: String {
        let name = target.drop { $0 != " " }.dropFirst()
        return String(name.split(separator: "/").last ?? name)
    }
    /// The address of its target's page.
    var address: Address {
        .target(kind: String(target.prefix { $0 != " " }), name: String(target.drop { $0 != " " }.dropFirst()))
    }
}
