import Samples
import Text

/// The lines of several series over a range, as SVG; axis limits are labelled in text.
struct GraphDrawing {
    let series: [Series]
    let start: Timestamp
    let end: Timestamp

    /// Maximum number of lines; more can't be told apart.
    static let lineLimit = 16
    /// The points of a line.
    static let points = 300
    private static let width = 900.0
    private static let height = 240.0

    func render(_ page: inout HTML) {
        let lines = series.prefix(GraphDrawing.lineLimit)
        let values = lines.lazy.flatMap(\.points).map(\.v).filter(\.isFinite)
        guard var low = values.min(), var high = values.max() else {
            return page.markup("<p class=quiet>No value in this range is a number.</p>")
        }
        let (least, greatest) = (low, high)
        // A constant line is drawn in the middle.
        if high <= low { (low, high) = (low - 1, high + 1) }
        page.markup("<p class=lr><small class=quiet>")
        page.text(QueryPage.number(greatest))
        page.markup(
            "</small></p><svg class=graph viewBox=\"0 0 900 240\" preserveAspectRatio=none role=img aria-label=\"")
        page.text(
            "\(Words.count(series.count, "line")) from \(QueryPage.number(least)) to \(QueryPage.number(greatest))")
        page.markup("\">")
        for part in 0...4 {
            page.markup("<line class=grid x1=0 x2=900 y1=\"")
            page.number(part * 60)
            page.markup("\" y2=\"")
            page.number(part * 60)
            page.markup("\"/>")
        }
        for (index, line) in lines.enumerated() {
            page.markup("<path class=\"ln ")
            GraphDrawing.colour(index, &page)
            page.markup("\" d=\"")
            path(line, low, high, &page)
            page.markup("\"><title>")
            page.text(line.labels.isEmpty ? "{}" : line.labels.description, limit: 300)
            page.markup("</title></path>")
        }
        page.markup("</svg><p class=lr><small class=quiet>")
        page.text(QueryPage.number(least))
        page.markup("</small></p><p class=lr><small class=quiet>")
        page.time(start)
        page.markup("</small><small class=quiet>")
        page.time(end)
        page.markup("</small></p>")
        if series.count > GraphDrawing.lineLimit {
            page.element(
                "<p class=quiet>",
                "\(GraphDrawing.lineLimit) of \(Words.thousands(Int64(series.count))) lines are drawn", "</p>")
        }
    }

    /// With a gap where a value is NaN or is missing for three steps.
    private func path(_ line: Series, _ low: Double, _ high: Double, _ page: inout HTML) {
        let span = max((end - start).seconds, 0.001)
        let gap = Int64(saturating: span * 1000 / Double(GraphDrawing.points) * 3)
        var last: Int64?
        for point in line.points.prefix(GraphDrawing.points + 2) {
            guard point.v.isFinite else {
                last = nil
                continue
            }
            if let before = last, point.t - before <= gap { page.markup("L") } else { page.markup("M") }
            page.length((Timestamp(milliseconds: point.t) - start).seconds / span * GraphDrawing.width)
            page.markup(" ")
            // Halved first, so that the difference of the largest numbers does not overflow.
            let share = (point.v / 2 - low / 2) / max(high / 2 - low / 2, 1e-300)
            page.length((1 - share) * (GraphDrawing.height - 4) + 2)
            last = point.t
        }
    }

    /// A small square in a line's colour.
    static func swatch(_ index: Int, _ page: inout HTML) {
        page.markup("<svg class=\"i ")
        colour(index, &page)
        page.markup("\" viewBox=\"0 0 16 16\" aria-hidden=true><path d=\"M1 8h14\"/></svg> ")
    }

    /// Its class: eight colours, repeated.
    private static func colour(_ index: Int, _ page: inout HTML) {
        switch index % 8 {
        case 0: page.markup("g0")
        case 1: page.markup("g1")
        case 2: page.markup("g2")
        case 3: page.markup("g3")
        case 4: page.markup("g4")
        case 5: page.markup("g5")
        case 6: page.markup("g6")
        default: page.markup("g7")
        }
    }
}
