import Alerts
import Samples
import Text
import Web

/// The page of one incident, open or resolved: the problem, what to do, how it developed, who did what.
struct IncidentPage {
    let snapshot: EstateSnapshot
    let detail: IncidentDetail
    /// The measurements concerned, before and now.
    let measured: [Measured]
    let filter: Timeline.Filter?
    /// The runbook of its cause, filled in; nil if there is none.
    var runbook: String?

    /// A measurement, as an expression, with its values before the incident and now.
    struct Measured: Sendable, Hashable {
        /// As text: `storage used of pg-1`.
        let name: String
        /// The expression.
        let expression: String
        /// Before the incident.
        let before: String
        /// Now.
        let now: String
        /// Whether the value is outside its usual range, or missing now.
        let isBad: Bool
    }

    private var view: IncidentView { detail.incident }
    private var record: IncidentRecord { view.record }

    func render(_ context: PageContext) -> [UInt8] {
        let clusters = ClusterView.all(snapshot)
        let sentence = record.isOpen ? OverviewPage.sentence(record, clusters) : record.sentence
        var layout = Layout(context: context, title: "#\(record.number) \(sentence)", tab: .incidents)
        layout.hasForm = true
        layout.bar = { IncidentActions(view: view).bar(&$0) }
        return layout.render { page in
            page.markup("<p class=crumb>")
            page.link(.incidents, "Incidents")
            page.text(" / #\(record.number) · ")
            page.link(Address("i", "\(record.number)"), "/i/\(record.number)")
            page.markup("</p>")
            band(sentence, clusters.count, &page)
            // On a narrow screen what is to be done comes before the course.
            page.markup(record.isOpen ? "<div class=\"cols ahead\"><div class=col>" : "<div class=cols><div class=col>")
            gantt(&page)
            page.markup("</div><div class=col>")
            if record.isOpen { OverviewPage.doNow(record, runbook, &page) } else { told(&page) }
            page.markup("</div></div><div class=cols><div class=col>")
            Timeline(detail: detail, filter: filter).render(&page)
            page.markup("</div><div class=col>")
            if record.isOpen { told(&page) }
            notes(&page)
            measurements(&page)
            page.markup("</div></div><div class=cols><div class=col>")
            alerts(&page)
            page.markup("</div><div class=col>")
            similar(&page)
            page.markup("</div></div>")
        }
    }

    // MARK: Band

    private func band(_ sentence: String, _ clusterCount: Int, _ page: inout HTML) {
        let isOpen = record.isOpen
        let reason = record.cause?.alert.reason ?? ""
        Band(
            gravity: isOpen ? view.gravity : .good,
            eyebrow: { page in
                page.text(
                    isOpen ? "\(record.severityWord.capitalised) · goes on" : "Ended · was \(record.severity.rawValue)")
                if clusterCount > 1, !record.cluster.isEmpty { page.text(" · \(record.cluster)", limit: 60) }
                if let owner = record.acknowledgement {
                    page.markup(" <span class=nb>· ")
                    page.icon(.person)
                    page.markup(" ")
                    page.text("\(owner.by) \(isOpen ? "is" : "was") on it", limit: 70)
                    page.markup("</span>")
                } else if !view.silencedBy.isEmpty {
                    page.markup(" · silenced")
                }
            }, spoken: sentence, sentence: { $0.text(sentence, limit: 200) },
            why: sentence == record.sentence ? reason : record.sentence + (reason.isEmpty ? "." : ". " + reason),
            facts: isOpen
                ? [Band.since(record, snapshot.now), Band.told(view), Band.who(view), Band.next(view)]
                : [Band.since(record, snapshot.now), reaction, Band.told(view), Band.who(view)],
            actions: { page in
                IncidentActions(view: view).band(&page, isPage: true)
                if isOpen, record.acknowledgement != nil {
                    page.button(Address("incidents", "\(record.number)", "release"), nil, "Release", " class=btn")
                }
            }, keepsDetails: true
        ).render(&page)
    }

    /// Time until the first notification and until the acknowledgement.
    private var reaction: Band.Fact {
        Band.Fact("Told, taken") { page in
            func after(_ time: Timestamp?) -> String {
                time.map { Words.measured(max(($0 - record.startsAt).seconds, 0)) } ?? "never"
            }
            page.element("<b>", "\(after(record.toldAt)) · \(after(record.firstAcknowledgedAt))", "</b>")
            page.markup("<br><small>after its first alert</small>")
        }
    }

    // MARK: Parts

    private func told(_ page: inout HTML) {
        page.card("told", "Who was told", aside: { $0.link(Address("routes"), "routes", " class=r") }) { page in
            Told(told: view.told).render(&page)
        }
    }

    private func gantt(_ page: inout HTML) {
        let count = record.members.count + record.omittedMembers
        page.card(
            "gantt", "Cause and consequences", "\(Words.count(count, "alert")), 1 page; grey is how long a rule waits"
        ) { page in
            guard let tree = CauseTree(record) else {
                return page.markup("<p class=quiet>Its alerts are not known.</p>")
            }
            var holds: [String: Duration] = [:]
            for rule in snapshot.rules.flatMap(\.rules) {
                if case .alerting(let alerting) = rule.kind { holds[rule.name] = alerting.hold }
            }
            Gantt(tree: tree, record: record, now: snapshot.now, holds: holds).render(&page)
        }
    }

    private func alerts(_ page: inout HTML) {
        page.card("alerts", "Alerts", Words.count(record.members.count, "alert")) { page in
            page.markup("<ul class=rows>")
            let shown = page.items(record.members, limit: 20, share: 16 << 10) { member, page in
                page.markup("<li><h3>")
                page.mark(member.alert.endsAt == nil ? Gravity(member.alert.severity) : .good)
                page.markup(" ")
                page.text(member.alert.sentence, limit: 240)
                page.markup("</h3><p class=\"quiet wrap\">")
                page.link(.runbook(member.alert.name, member.alert.labels.runbookQuery), member.alert.name)
                page.markup(" · ")
                page.time(member.alert.startsAt)
                if let end = member.alert.endsAt {
                    page.markup("–")
                    page.time(end)
                }
                page.markup(" · <code>")
                page.text(member.alert.labels.description, limit: 400)
                page.markup("</code></p></li>")
            }
            page.markup("</ul>")
            page.rest(record.members.count, shown: shown, json: Address("incidents", "\(record.number).json"))
            if record.omittedMembers > 0 {
                page.element("<p class=quiet>", "and \(record.omittedMembers) more that are not kept", "</p>")
            }
        }
    }

    private func notes(_ page: inout HTML) {
        page.card("notes", "Notes") { page in
            if !record.notes.isEmpty {
                var list = HTML(page.context)
                let shown = list.lastItems(record.notes, limit: 20, share: 10 << 10) { note, page in
                    page.markup("<li><p class=pre>")
                    page.text(note.text, limit: IncidentNote.textLimitBytes)
                    page.markup("</p><p class=quiet>")
                    page.text(note.by, limit: 80)
                    page.markup(", ")
                    page.time(note.at)
                    page.markup("</p></li>")
                }
                if shown < record.notes.count {
                    page.element(
                        "<p class=quiet>",
                        "\(Words.count(record.notes.count - shown, "earlier note")): the Markdown has all", "</p>")
                }
                page.markup("<ul class=rows>")
                page.append(list)
                page.markup("</ul>")
            }
            guard page.context.mayChange else {
                let next = Address("login", query: [("next", page.context.target + "#notes")])
                page.markup("<p>")
                page.link(next, "Log in to write a note", " class=\"btn small\"")
                return page.markup("</p>")
            }
            page.form(Address("incidents", "\(record.number)", "note")) { page in
                page.markup(
                    "<p class=field><label for=note>Note</label><textarea id=note name=text rows=3 maxlength=2000 required data-key=n></textarea></p><button class=btn>"
                )
                page.icon(.note)
                page.markup(" Write it down</button>")
            }
        }
    }

    private func measurements(_ page: inout HTML) {
        page.card("measured", "What is measured") { page in
            guard !measured.isEmpty else {
                return page.markup("<p class=quiet>No vital sign of its targets is known.</p>")
            }
            page.markup(
                "<table><thead><tr><th>Fact<th class=num>before<th class=num>now</thead><tbody>")
            page.items(measured, limit: 20) { fact, page in
                page.markup("<tr><td>")
                page.link(.query(fact.expression), fact.name)
                page.markup("</td><td class=num>")
                page.text(fact.before)
                page.markup(fact.isBad ? "</td><td class=\"num t-crit\"><b>" : "</td><td class=num><b>")
                page.text(fact.now)
                page.markup("</b></td></tr>")
            }
            page.markup("</tbody></table>")
        }
    }

    private func similar(_ page: inout HTML) {
        page.card("similar", "Like this before", "same cause, 90 days") { page in
            guard !detail.similar.isEmpty else { return page.markup("<p class=quiet>Never.</p>") }
            page.markup("<ul class=rows>")
            page.items(detail.similar, limit: 10) { EndedRow(record: $0).render(&$1) }
            page.markup("</ul>")
        }
    }

    // MARK: Measurements

    /// The vital signs of its alerts' targets, and any others outside their usual range, before the incident and now.
    static func measured(_ record: IncidentRecord, _ vitals: [VitalSign]) -> [Measured] {
        let names = Set(
            record.members.flatMap { member in
                ["node", "server", "backup_set", "service", "target"].compactMap { member.alert.labels[$0] }
            })
        let about = vitals.filter { $0.unit != .time && (names.contains($0.short) || $0.deviation > 0) }
            .sorted { $0.deviation > $1.deviation }
        return about.prefix(12).map { sign in
            let before = sign.sketch.bins.last { $0.at < record.startsAt }
            return Measured(
                name: "\(sign.name) of \(sign.short)", expression: sign.selector,
                before: before.map { sign.text($0.max) } ?? Words.unknown, now: sign.now,
                isBad: sign.deviation > 0 || sign.sketch.last == nil)
        }
    }
}
