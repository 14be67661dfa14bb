import Alerts
import Samples
import Text
import Web

/// The first element of a page: the sentence, the reason, four facts, and the actions. Its colour shows the gravity.
struct Band {
    /// One of the facts below the sentence.
    struct Fact {
        let name: String
        let write: (inout HTML) -> Void

        init(_ name: String, _ write: @escaping (inout HTML) -> Void) {
            self.name = name
            self.write = write
        }
    }

    /// `critical` is red, `warning` amber, all others neutral.
    let gravity: Gravity
    /// In small print above the sentence.
    let eyebrow: (inout HTML) -> Void
    /// Announced by screen readers when it changes: without durations.
    let spoken: String
    /// The sentence, within `h1`.
    let sentence: (inout HTML) -> Void
    /// The reason, within a paragraph; empty if there is none.
    let why: String
    let facts: [Fact]
    /// Buttons; none by default.
    var actions: (inout HTML) -> Void = { _ in }
    /// Whether the small print of the facts is kept on a phone.
    var keepsDetails = false

    func render(_ page: inout HTML) {
        page.markup("<p class=vh aria-live=polite id=spoken data-part>")
        page.text(spoken, limit: 300)
        page.markup("</p><section id=band data-part aria-labelledby=v class=\"band")
        switch gravity {
        case .critical: break
        case .warning: page.markup(" amber")
        case .good, .standby, .unknown: page.markup(" calm")
        }
        if keepsDetails { page.markup(" keep") }
        page.markup("\"><div><p class=eyebrow>")
        page.icon(gravity.icon)
        page.markup(" ")
        eyebrow(&page)
        page.markup("</p><h1 id=v>")
        sentence(&page)
        page.markup("</h1>")
        if !why.isEmpty {
            page.markup("<p class=why>")
            page.text(why, limit: 500)
            page.markup("</p>")
        }
        page.markup("</div><div class=acts>")
        actions(&page)
        page.markup("</div><dl class=facts>")
        for fact in facts {
            page.element("<div><dt>", fact.name, "</dt><dd>")
            fact.write(&page)
            page.markup("</dd></div>")
        }
        page.markup("</dl></section>")
    }

    // MARK: Facts of an incident

    static func since(_ record: IncidentRecord, _ now: Timestamp) -> Fact {
        Fact(record.isOpen ? "Since" : "Lasted") { page in
            page.markup("<b>")
            page.time(record.startsAt)
            page.markup("</b> ")
            page.text(page.context.clock.abbreviation)
            page.markup(", ")
            if let end = record.endedAt {
                page.text(Words.duration((end - record.startsAt).seconds))
                page.markup("<br><small>until ")
                page.time(end)
                page.markup("</small>")
            } else {
                page.since(record.startsAt)
                if !page.context.clock.isUTC {
                    page.element("<br><small>", Clock.utc(record.startsAt), "</small>")
                }
            }
        }
    }

    static func told(_ view: IncidentView) -> Fact {
        Fact("Told") { page in
            let line = Told.line(view.told)
            page.element("<b>", line.isEmpty ? "nobody" : line, "</b>")
            guard let first = view.record.toldAt else { return }
            page.markup("<br><small>first accepted ")
            page.time(first)
            page.text(", \(Words.measured((first - view.record.startsAt).seconds)) after its start")
            page.markup("</small>")
        }
    }

    static func who(_ view: IncidentView) -> Fact {
        Fact("Who is on it") { page in
            guard let acknowledgement = view.record.acknowledgement else {
                page.markup("<b>Nobody yet</b>")
                if !view.silencedBy.isEmpty { page.markup("<br><small>silenced</small>") }
                return
            }
            page.markup("<b>")
            page.text(acknowledgement.by, limit: 60)
            page.markup("</b> since ")
            page.time(acknowledgement.at)
            guard !acknowledgement.comment.isEmpty else { return }
            page.markup("<br><small>“")
            page.text(acknowledgement.comment, limit: 140)
            page.markup("”</small>")
        }
    }

    static func next(_ view: IncidentView) -> Fact {
        Fact("What comes next") { page in
            guard let step = view.next.first else {
                page.markup("<b>Nothing</b><br><small>until something changes</small>")
                return
            }
            page.markup("<b>")
            page.time(step.at)
            page.markup("</b> ")
            page.text(step.words, limit: 80)
            guard !step.calledOffBy.isEmpty else { return }
            page.markup("<br><small>unless ")
            page.text(step.calledOffBy, limit: 140)
            page.markup("</small>")
        }
    }
}
