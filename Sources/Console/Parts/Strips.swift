import Samples
import Text
import Web

/// The states of targets over time, to scale: a bar's width is the duration of the state. The left two thirds show the
/// whole range, the right third its last fifteen minutes, so that both a two-minute fault and the hours around it are
/// visible.
struct Strips {
    let states: [TargetStates]
    let now: Timestamp
    /// When the incident began; nil for none.
    var mark: Timestamp?
    /// The whole range.
    var range = Duration.seconds(6 * 3600)

    /// The last part, drawn at a larger scale.
    private static let close = Duration.seconds(15 * 60)
    private static let width = 720.0
    private static let farWidth = 474.0
    private static let closeStart = 482.0
    /// Minimum width of a bar.
    private static let least = 1.6
    /// Maximum number of strips. Of more targets only those with a fault in the range are shown, the gravest first.
    static let limit = 16
    /// About how many bars all strips have together, and how many one has at least.
    private static let barLimit = 280
    private static let leastBars = 16

    func render(_ page: inout HTML) {
        let shown = shown
        let count = shown.isEmpty ? 0 : drawing(shown, &page)
        let rest = states.count - count
        guard rest > 0 else { return }
        page.markup("<p class=quiet>")
        let names = Words.count(rest, shown.isEmpty ? "target" : "other target")
        page.text(
            shown.count > count
                ? "\(names), none of which is worse: " : "\(names) had no fault in the last \(Words.duration(range)): ")
        page.link(.estate, "the estate")
        page.markup("</p>")
    }

    /// - Returns: the number of strips drawn.
    private func drawing(_ shown: [TargetStates], _ page: inout HTML) -> Int {
        let barLimit = max(Strips.barLimit / min(max(shown.count, 1), Strips.limit), Strips.leastBars)
        page.markup("<div class=strips>")
        let count = page.items(shown, limit: Strips.limit, share: Strips.shareBytes) { strip($0, barLimit, &$1) }
        page.markup("</div><div class=axis><span></span><div class=two><span>")
        for third in 0..<3 {
            if third > 0 { page.markup("</span><span>") }
            let ms = range.milliseconds
            let form: Clock.Form = range > .seconds(86400) ? .day : range > .seconds(21600) ? .minute : .hour
            page.text(
                page.context.clock.text(now - range + .milliseconds(ms / 3 * Int64(third)), form))
        }
        page.markup("</span><b>last 15 min</b><b>now</b></div><span></span></div>")
        legend(&page)
        return count
    }

    private static let shareBytes = 40 << 10

    private var shown: [TargetStates] {
        guard states.count > Strips.limit else { return states }
        let faulty = states.filter { states in
            states.runs.contains { $0.health == .critical || $0.health == .warning }
                || Strips.gravity(states.now) == .unknown
        }
        return faulty.map { (states: $0, gravity: Strips.gravity($0.now)) }.enumerated().sorted { a, b in
            // In their own order within one gravity.
            let (x, y) = (a.element.gravity, b.element.gravity)
            return x == y ? a.offset < b.offset : x > y
        }.map(\.element.states)
    }

    private func strip(_ states: TargetStates, _ barLimit: Int, _ page: inout HTML) {
        page.markup("<div class=strip>")
        page.link(.target(kind: states.kind, name: states.name), Strips.name(states))
        page.markup(
            "<svg viewBox=\"0 0 720 20\" preserveAspectRatio=none role=img aria-label=\"")
        page.text("\(Strips.name(states)), last \(Words.duration(range)): \(Strips.words(states, now))")
        page.markup("\"><rect class=zoom x=480 y=-4 width=240 height=28 />")
        let (start, turn) = (now - range, now - Strips.close)
        for bar in bars(states.runs, limit: barLimit) { self.bar(bar, &page) }
        if let mark, mark >= start {
            let x =
                mark < turn
                ? Strips.place(mark, start, turn, 0, Strips.farWidth)
                : Strips.place(mark, turn, now, Strips.closeStart, Strips.width)
            page.markup("<line class=mark x1=\"")
            page.length(x)
            page.markup("\" x2=\"")
            page.length(x)
            page.markup("\" y1=-4 y2=24 />")
        }
        page.markup("</svg><span class=t-")
        let gravity = Strips.gravity(states.now)
        page.grade(gravity == .standby ? .good : gravity)
        page.markup(">")
        page.text(states.now.map(Strips.words) ?? "unknown", limit: 40)
        page.markup("</span></div>")
    }

    /// A run as it is drawn, or several in a row that are too short to be told apart.
    private struct Bar {
        let first: StateRun
        /// The gravest of them, the earliest of equal ones.
        var gravest: StateRun
        var last: StateRun
        var count = 1
        let x: Double
        var end: Double
        var gravity: Gravity

        mutating func absorb(_ other: Bar) {
            if other.gravity > gravity { (gravest, gravity) = (other.gravest, other.gravity) }
            (last, end, count) = (other.last, other.end, count + other.count)
        }
    }

    /// - Parameter limit: of more bars, short neighbours become one with the gravity of the gravest, so that no fault
    ///   disappears.
    private func bars(_ runs: [StateRun], limit: Int) -> [Bar] {
        let (start, turn) = (now - range, now - Strips.close)
        var bars: [Bar] = []
        for (from, to, left, right) in [
            (start, turn, 0.0, Strips.farWidth), (turn, now, Strips.closeStart, Strips.width),
        ] {
            for run in runs {
                let (begin, end) = (max(run.from, from), min(run.to ?? now, to))
                guard begin < end else { continue }
                let x = Strips.place(begin, from, to, left, right)
                let width = max(Strips.place(end, from, to, left, right) - x, Strips.least)
                bars.append(
                    Bar(
                        first: run, gravest: run, last: run, x: min(x, right - width), end: min(x + width, right),
                        gravity: Strips.gravity(run)))
            }
        }
        guard bars.count > limit else { return bars }
        // Two neighbours that are not merged are wider than this together, so that about the limit remains.
        let least = 2 * Strips.width / Double(limit)
        var merged: [Bar] = []
        for bar in bars {
            if let last = merged.last, bar.end - last.x <= least,
                (last.x < Strips.farWidth) == (bar.x < Strips.farWidth)
            {
                merged[merged.count - 1].absorb(bar)
            } else {
                merged.append(bar)
            }
        }
        return merged
    }

    private func bar(_ bar: Bar, _ page: inout HTML) {
        page.markup("<rect class=")
        page.fill(bar.gravity)
        page.markup(" x=\"")
        page.length(bar.x)
        page.markup("\" width=\"")
        page.length(bar.end - bar.x)
        // The height conveys the state too, not only the colour.
        switch bar.gravity {
        case .critical: page.markup("\" height=20><title>")
        case .warning: page.markup("\" y=3 height=14><title>")
        case .unknown: page.markup("\" y=8 height=4><title>")
        case .good, .standby: page.markup("\" y=6 height=8><title>")
        }
        let clock = page.context.clock
        let (from, to) = (bar.first.from, bar.last.to)
        let length = Words.duration(((to ?? now) - from).seconds.rounded(.down))
        let span = "\(clock.text(from))–\(to.map { clock.text($0) } ?? "now"), \(length)"
        let state = Strips.words(bar.gravest)
        page.text(bar.count == 1 ? "\(state) \(span)" : "\(bar.count) states, \(state) among them, \(span)", limit: 120)
        page.markup("</title></rect>")
    }

    private static func place(
        _ time: Timestamp, _ from: Timestamp, _ to: Timestamp, _ left: Double, _ right: Double
    ) -> Double {
        let share = (time - from).seconds / max((to - from).seconds, 1)
        return left + min(max(share, 0), 1) * (right - left)
    }

    private func legend(_ page: inout HTML) {
        page.markup(
            """
            <p class=key><span><svg viewBox="0 0 22 14" aria-hidden=true><rect class=s-ok y=4 width=22 height=6 /></svg>serves</span>\
            <span><svg viewBox="0 0 22 14" aria-hidden=true><rect class=s-stand y=4 width=22 height=6 /></svg>standby</span>\
            <span><svg viewBox="0 0 22 14" aria-hidden=true><rect class=s-warn y=2 width=22 height=10 /></svg>impaired</span>\
            <span><svg viewBox="0 0 22 14" aria-hidden=true><rect class=s-crit width=22 height=14 /></svg>down</span>\
            <span><svg viewBox="0 0 22 14" aria-hidden=true><rect class=s-none y=6 width=22 height=3 /></svg>not known</span>
            """)
        if mark != nil {
            page.markup(
                "<span><svg viewBox=\"0 0 22 14\" aria-hidden=true><line class=mark x1=11 x2=11 y1=0 y2=14 /></svg>the incident begins</span>"
            )
        }
        page.markup("</p>")
    }

    // MARK: Words

    /// Its name beside its strip: `vault-1`, `load balancer`, `canary (direct)`.
    static func name(_ states: TargetStates) -> String {
        let short = states.name.split(separator: "/", maxSplits: 1).last.map(String.init) ?? states.name
        switch states.kind {
        case "vault_load_balancer": return "load balancer"
        case "vault_canary": return "canary (\(short))"
        default: return short
        }
    }

    static func words(_ run: StateRun) -> String { run.state.replacing("_", with: " ") }

    private static func words(_ states: TargetStates, _ now: Timestamp) -> String {
        let bad = states.runs.filter { $0.health == .critical || $0.health == .warning }
        let current = states.now.map(words) ?? "unknown"
        return bad.isEmpty ? "\(current), no fault" : "\(current) now, \(Words.count(bad.count, "time")) not well"
    }

    static func gravity(_ run: StateRun?) -> Gravity {
        guard let run else { return .unknown }
        let isStandby =
            run.health == .ok
            && ["standby", "performance_standby", "dr_secondary", "replica"].contains(run.state)
        return isStandby ? .standby : Gravity(run.health)
    }
}
