import Alerts
import Samples
import Text
import Web

/// What changed before an incident: the measurements that deviate most from their usual range, and the events.
struct Before {
    let snapshot: EstateSnapshot
    let detail: IncidentDetail?
    let start: Timestamp

    private static let signLimit = 3
    private static let eventLimit = 4

    func render(_ page: inout HTML) {
        let signs = snapshot.vitals.filter { $0.deviation > 0 && $0.unit != .time }
            .sorted { $0.deviation > $1.deviation }.prefix(Before.signLimit)
        let events = (detail?.events ?? []).filter { $0.offset < .zero }.suffix(Before.eventLimit)
        page.card("before", "Before it", "what changed in the hour before") { page in
            guard !signs.isEmpty || !events.isEmpty else {
                return page.markup("<p class=quiet>Nothing that is measured has left its usual range.</p>")
            }
            page.markup("<ul class=rows>")
            for sign in signs {
                page.markup("<li><h3>")
                page.link(sign.address, "\(sign.name.capitalised) of \(sign.short)")
                page.text(": \(Before.course(sign))")
                page.markup("</h3>")
                Sparkline(sign: sign, width: 360, height: 46).render(&page)
                page.markup("</li>")
            }
            for event in events.reversed() {
                page.markup("<li><h3>")
                page.icon(Timeline.icon(event).icon, Timeline.sentence(event), limit: 200)
                page.markup("</h3><p class=quiet>")
                page.time(event.at)
                page.text(", \(Words.duration((start - event.at).seconds.rounded(.down))) before")
                page.markup("</p></li>")
            }
            page.markup("</ul>")
        }
    }

    /// `64 % → 99.8 %`
    static func course(_ sign: VitalSign) -> String {
        guard let first = sign.sketch.bins.first else { return sign.now }
        return "\(sign.text((first.min + first.max) / 2)) → \(sign.now)"
    }
}

/// The other open incidents, with their owners.
struct AlsoOpen {
    let views: [IncidentView]

    private static let limit = 8

    func render(_ page: inout HTML) {
        let owned = views.count { $0.record.acknowledgement != nil || !$0.silencedBy.isEmpty }
        let note =
            views.isEmpty
            ? ""
            : "\(Words.count(views.count, "incident")), \(owned == 0 ? "none" : "\(owned)") with an owner or a silence"
        page.card("also", "Also open", note) { page in
            guard !views.isEmpty else { return page.markup("<p class=quiet>Nothing else.</p>") }
            page.markup("<ul class=rows>")
            for view in views.prefix(AlsoOpen.limit) { row(view, &page) }
            page.markup("</ul>")
            if views.count > AlsoOpen.limit { page.link(.incidents, "all \(views.count + 1) incidents") }
        }
    }

    private func row(_ view: IncidentView, _ page: inout HTML) {
        let record = view.record
        page.markup("<li><h3>")
        if view.silencedBy.isEmpty {
            page.chip(view.gravity, record.severityWord)
        } else {
            page.chip(.unknown, "silenced", icon: .silenced)
        }
        page.markup(" ")
        page.link(record.address, "#\(record.number)")
        page.markup(" ")
        page.text(record.sentence, limit: 160)
        page.markup("</h3><p class=quiet>")
        if let owner = record.acknowledgement {
            page.icon(.person, owner.by)
            page.markup(" since ")
            page.time(owner.at, .minute)
            if !owner.comment.isEmpty {
                page.markup(" · “")
                page.text(owner.comment, limit: 120)
                page.markup("”")
            }
        } else if let step = view.next.first(where: { $0.kind == .silenceEnds }), !view.silencedBy.isEmpty {
            page.markup("silenced until ")
            page.time(step.at, .minute)
            page.markup(" · then it is told again")
        } else {
            page.markup("since ")
            page.time(record.startsAt, .minute)
            page.markup(", nobody is on it")
        }
        page.markup("</p></li>")
    }
}
