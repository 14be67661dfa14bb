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
    /// Maximum number of strips; the most severe are shown.
    static let limit = 16

    func render(_ page: inout HTML) {
        page.markup("<div class=strips>")
        for states in shown { strip(states, &page) }
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
    }

    private var shown: ArraySlice<TargetStates> {
        guard states.count > Strips.limit else { return states[...] }
        return states.sorted { Strips.gravity($0.now) > Strips.gravity($1.now) }.prefix(Strips.limit)
    }

    private func strip(_ states: TargetStates, _ page: inout HTML) {
        page.markup("<div class=strip>")
        page.link(.target(kind: states.kind, name: states.name), Strips.name(states))
        page.markup(
            "<svg viewBox=\"0 0 720 20\" preserveAspectRatio=none role=img aria-label=\"")
        page.text("\(Strips.name(states)), last \(Words.duration(range)): \(Strips.words(states, now))")
        page.markup("\"><rect class=zoom x=480 y=-4 width=240 height=28 />")
        let (start, turn) = (now - range, now - Strips.close)
        for run in states.runs {
            let end = run.to ?? now
            bar(run, max(run.from, start), min(end, turn), from: start, to: turn, 0, Strips.farWidth, &page)
            bar(run, max(run.from, turn), min(end, now), from: turn, to: now, Strips.closeStart, Strips.width, &page)
        }
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

    private func bar(
        _ run: StateRun, _ begin: Timestamp, _ end: Timestamp, from: Timestamp, to: Timestamp, _ left: Double,
        _ right: Double, _ page: inout HTML
    ) {
        guard begin < end else { return }
        let x = Strips.place(begin, from, to, left, right)
        let width = max(Strips.place(end, from, to, left, right) - x, Strips.least)
        let gravity = Strips.gravity(run)
        page.markup("<rect class=")
        page.fill(gravity)
        page.markup(" x=\"")
        page.length(min(x, right - width))
        page.markup("\" width=\"")
        page.length(width)
        // The height conveys the state too, not only the colour.
        switch gravity {
        case .critical: page.markup("\" height=20><title>")
        case .warning: page.markup("\" y=3 height=14><title>")
        case .unknown: page.markup("\" y=8 height=4><title>")
        case .good, .standby: page.markup("\" y=6 height=8><title>")
        }
        let clock = page.context.clock
        let length = Words.duration(((run.to ?? now) - run.from).seconds.rounded(.down))
        page.text(
            "\(Strips.words(run)) \(clock.text(run.from))–\(run.to.map { clock.text($0) } ?? "now"), \(length)",
            limit: 120)
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
