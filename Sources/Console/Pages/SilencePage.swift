import Alerts
import Dispatching
import Samples
import Text
import TimeZones
import Web

/// The page of one silence.
struct SilencePage {
    let snapshot: EstateSnapshot
    let silence: Silence

    func render(_ context: PageContext) -> [UInt8] {
        let state = silence.state(at: snapshot.now)
        let muted = SilencesPage.muted(silence, snapshot)
        let firing = state == .expired ? snapshot.alerts.count { silence.matches($0.alert.labels) } : muted.count
        return Layout(context: context, title: "Silence", tab: .silences).render { page in
            page.markup("<p class=crumb>")
            page.link(Address("silences"), "Silences")
            page.markup("</p><div class=head><h1 class=wrap>")
            page.text(SilencePage.title(state, muted.count))
            page.markup("</h1></div>")
            page.card("silence", "The silence") { page in
                page.markup("<dl class=kv><dt>Matchers</dt><dd><code class=pre>")
                page.text(silence.matchersText, limit: 4000)
                page.markup("</code></dd><dt>Why</dt><dd>")
                page.text(silence.comment.isEmpty ? "no reason given" : silence.comment, limit: 2000)
                page.markup("</dd><dt>Made by</dt><dd>")
                page.text(silence.createdBy.isEmpty ? "unknown" : silence.createdBy, limit: 200)
                page.markup("</dd><dt>From</dt><dd>")
                page.time(silence.startsAt, .full)
                page.markup("</dd><dt>Until</dt><dd>")
                SilencePage.end(silence, state, firing: firing, &page)
                page.markup("</dd>")
                if !silence.schedule.isEmpty {
                    page.markup("<dt>Recurs</dt><dd>")
                    for window in silence.schedule.prefix(20) {
                        page.text(SilencePage.words(window), limit: 300)
                        page.markup("<br>")
                    }
                    page.markup("<small class=quiet>")
                    page.text(silence.isInForce(at: snapshot.now) ? "inside one now" : "outside of them now")
                    page.markup("</small></dd>")
                }
                for (name, value) in silence.annotations.sorted(by: { $0.key < $1.key }).prefix(20) {
                    page.markup("<dt>")
                    page.text(name, limit: 100)
                    page.markup("</dt><dd>")
                    page.link(away: String(value.prefix(500)), String(value.prefix(500)))
                    page.markup("</dd>")
                }
                page.markup("</dl>")
                if state != .expired {
                    page.markup("<div class=under>")
                    page.button(Address("silences", silence.id, "expire"), .cross, "End it now", " class=btn")
                    page.markup("</div>")
                }
                let copy = Address(
                    "silences", "new",
                    query: [("matchers", SilenceDraft.text(silence.matchers)), ("comment", silence.comment)])
                page.markup("<p class=under>")
                page.link(copy, "Make another like it", " class=\"btn small\"")
                page.markup("</p>")
            }
            page.card("muted", "Mutes now", Words.count(muted.count, "alert")) { page in
                guard !muted.isEmpty else { return page.markup("<p class=quiet>No firing alert.</p>") }
                SilencePage.list(muted, &page)
            }
        }
    }

    private static func title(_ state: Silence.State, _ count: Int) -> String {
        switch state {
        case .active: count == 0 ? "In force; it mutes nothing now" : "Mutes \(Words.count(count, "alert"))"
        case .pending: "Not in force yet"
        case .expired: "Ended"
        }
    }

    /// `monday:friday, 22:00–24:00, Europe/Berlin`
    static func words(_ window: TimeWindow) -> String {
        let times = window.timeTexts.map { "\($0.start)–\($0.end)" }
        let days = window.dayOfMonthTexts.map { "day \($0)" }
        let parts = window.weekdayTexts + days + window.monthTexts + window.yearTexts + times
        return (parts + [window.zone.name]).joined(separator: ", ")
    }

    /// When it ends or ended, and whether its alerts fire on; while it has not expired, also the remaining time.
    /// - Parameter firing: how many alerts fire that it suppresses, or would suppress if it had not expired.
    static func end(_ silence: Silence, _ state: Silence.State, firing: Int, _ page: inout HTML) {
        page.time(silence.endsAt)
        if firing > 0, state != .pending, !silence.untilResolved {
            let alerts = Words.count(firing, "alert") + (firing == 1 ? " fires" : " fire")
            page.markup("<br><span class=t-warn>")
            page.icon(.warning)
            page.text(state == .expired ? " \(alerts) on" : " \(alerts) now; then told again, unless over by then")
            page.markup("</span>")
        }
        guard state != .expired else { return }
        page.markup("<br><small class=quiet>")
        let left = (silence.endsAt - page.context.now).seconds
        page.text("in \(Words.duration(max(left, 0)))")
        if silence.untilResolved { page.text(", or when nothing of it fires any more") }
        page.markup("</small>")
    }

    /// The alerts that it suppresses now, by name: `VaultSealed vault-2 and 3 more`.
    static func effect(_ silence: Silence, _ muted: [AlertStatus], _ page: inout HTML) {
        guard !muted.isEmpty else {
            return page.text(
                silence.isInForce(at: page.context.now) ? "nothing" : "nothing: outside of its windows")
        }
        page.element("<b>", Words.count(muted.count, "alert"), "</b><br><small class=quiet>")
        page.text(Words.list(muted.prefix(100).map(\.alert.title), limit: 3), limit: 200)
        page.markup("</small>")
    }

    /// Alerts described by their sentences.
    static func list(_ alerts: [AlertStatus], _ page: inout HTML) {
        page.markup("<ul class=rows>")
        let shown = page.items(alerts, limit: 100, share: 64 << 10) { status, page in
            page.markup("<li><h3>")
            page.text(status.alert.sentence, limit: 200)
            page.markup("</h3><p class=quiet>")
            page.text(status.alert.title, limit: 200)
            page.markup(" · ")
            page.since(status.alert.startsAt)
            page.markup("</p></li>")
        }
        page.markup("</ul>")
        page.rest(alerts.count, shown: shown, json: Address("api", "v2", "alerts"))
    }
}
