import Platform
import Samples
import Synchronization
import Text
import TimeZones

/// What `vaultwatch watch` knows: the last answer of the agent, and why there is no newer one.
final class WatchState: Sendable {
    private struct Known {
        var report: EstateReport?
        var answeredAt: Moment?
        var failure: String?
    }

    private let known = Mutex(Known())

    init() {}

    /// Keeps an answer.
    func answered(_ report: EstateReport, _ now: Moment) {
        known.withLock { $0 = Known(report: report, answeredAt: now, failure: nil) }
    }

    /// Keeps why there was none; the last answer stays.
    func failed(_ message: String) { known.withLock { $0.failure = message } }

    /// The lines of one picture, no wider and no more than the display has.
    func frame(_ display: Display, zone: TimeZoneData, now: Moment) -> [String] {
        let known = known.withLock { $0 }
        var head: [String] = []
        if let failure = known.failure {
            let age = known.answeredAt.map { answered in
                let seconds = (now.monotonic - answered.monotonic).seconds.rounded(.down)
                return "; below is what it said \(Words.duration(max(seconds, 0))) ago"
            }
            head = Paragraph("NO ANSWER: \(failure)\(age ?? "")", style: .boldRed).lines(display) + [""]
        }
        var body: [String] = []
        if let report = known.report {
            body = StatusText(display, zone: zone).lines(report)
        } else if known.failure == nil {
            body = Paragraph("Asking the agent…").lines(display)
        }
        return WatchState.cut(head + body, to: display)
    }

    /// Says how much of what does not fit is left out. The beginning stays: it is what matters most.
    static func cut(_ lines: [String], to display: Display) -> [String] {
        guard let height = display.height, lines.count > height else { return lines }
        guard height > 1 else { return Array(lines.prefix(height)) }
        let left = lines.count - (height - 1)
        let note = Paragraph("… \(Words.count(left, "line")) more; vaultwatch status prints all").lines(display)
        return Array(lines.prefix(height - 1)) + note.prefix(1).map { display.styled($0, .faint) }
    }
}
