import Text
import Web

/// The sizes of a set's backups as a bar chart over time, with their median.
struct BackupSizes {
    let set: BackupCalendarView

    private static let width = 720.0
    private static let height = 92.0
    /// Maximum number of bars; the newest backups are shown.
    var limit = 120

    func render(_ page: inout HTML) {
        let days = set.days.suffix(limit)
        guard let greatest = days.compactMap(\.size).max(), greatest > 0 else {
            return page.markup("<p class=quiet>No size is known.</p>")
        }
        let (slot, top) = (BackupSizes.width / Double(days.count), Double(greatest) * 1.1)
        page.markup("<svg class=sizes viewBox=\"0 0 720 92\" preserveAspectRatio=none role=img aria-label=\"")
        page.text("Sizes from the oldest to the newest")
        page.markup("\">")
        for (index, day) in days.enumerated() {
            guard let size = day.size else { continue }
            let height = max(Double(size) / top * BackupSizes.height, 1)
            page.markup("<rect class=")
            page.fill(day.state.gravity)
            page.markup(" x=\"")
            page.length(Double(index) * slot + slot * 0.1)
            page.markup("\" y=\"")
            page.length(BackupSizes.height - height)
            page.markup("\" width=\"")
            page.length(max(slot * 0.8, 0.2))
            page.markup("\" height=\"")
            page.length(height)
            page.markup("\"><title>")
            page.text("\(day.date): \(Words.size(Double(size))), \(day.state.rawValue)", limit: 100)
            page.markup("</title></rect>")
        }
        if let median = set.medianSize, median.isFinite {
            let y = BackupSizes.height * (1 - median / top)
            page.markup("<line class=thr x1=0 x2=720 y1=\"")
            page.length(y)
            page.markup("\" y2=\"")
            page.length(y)
            page.markup("\"/>")
        }
        page.markup("</svg>")
    }
}
