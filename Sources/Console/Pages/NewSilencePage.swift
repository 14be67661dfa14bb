import Alerts
import Samples
import Text
import TimeZones
import Web

/// The form of a new silence, with the alerts that it would suppress now and would have suppressed in the last 24
/// hours.
struct NewSilencePage {
    let draft: SilenceDraft
    /// Nil if there are no matchers yet or they can't be parsed.
    let preview: SilencePreview?
    /// The error that prevents its creation.
    var problem: SilenceDraft.Problem?

    private static let nameLimit = 40

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "New silence", tab: .silences)
        layout.isLive = false
        layout.hasForm = true
        return layout.render { page in
            page.markup("<p class=crumb>")
            page.link(Address("silences"), "Silences")
            page.markup("</p><div class=head><h1>New silence</h1></div><div class=cols><div class=col>")
            page.markup("<section class=card>")
            if let problem {
                page.markup("<p class=\"say bad\" role=alert>")
                page.text("Nothing was made: \(problem.message)", limit: 500)
                page.markup("</p>")
            }
            if context.mayChange {
                page.form(Address("silences", "new")) { page in fields(&page) }
            } else {
                page.markup("<p>")
                page.link(
                    Address("login", query: [("next", context.target)]), "Log in to make a silence", " class=btn")
                page.markup("</p>")
            }
            page.markup("</section></div><div class=col>")
            effect(&page)
            if preview != nil {
                let heading = draft.isOverMidnight ? "The same as two commands" : "The same as a command"
                page.card("command", heading) { page in
                    Steps.command(draft.command(context.clock), &page)
                }
            }
            page.markup("</div></div>")
        }
    }

    // MARK: Form

    private func fields(_ page: inout HTML) {
        page.markup("<p class=field><label for=n-m>Matchers</label><textarea id=n-m name=matchers rows=4 required")
        if problem?.field == .matchers { page.markup(" class=bad aria-invalid=true") }
        page.markup(" maxlength=8000 placeholder=\"node=&quot;vault-2&quot;\">")
        page.text(draft.matchers)
        page.markup("</textarea></p><p class=field><label for=n-c>Why</label><input type=text id=n-c name=comment")
        if problem?.field == .comment { page.markup(" class=bad aria-invalid=true") }
        page.markup(" maxlength=2000 value=\"")
        page.text(draft.comment)
        page.markup("\"></p><fieldset class=field><legend>How long</legend><div class=opts>")
        for length in SilenceDraft.Length.allCases {
            page.markup("<label><input type=radio name=length value=\"")
            page.text(length.rawValue)
            page.markup(length == draft.length ? "\" checked> " : "\"> ")
            page.text(length.label)
            page.markup("</label>")
        }
        page.markup("</div></fieldset>")
        window(&page)
        page.markup("<p class=field><label for=n-u>Until, in ")
        page.text(page.context.clock.abbreviation)
        page.markup("</label><input type=datetime-local id=n-u name=until")
        if problem?.field == .until { page.markup(" class=bad aria-invalid=true") }
        page.markup(" value=\"")
        page.text(draft.until)
        page.markup("\"></p><p class=chips><button class=btn name=do value=preview>Preview</button> ")
        page.markup("<button class=\"btn go\" name=do value=create>Silence</button></p>")
    }

    /// The fields of a weekly window.
    private func window(_ page: inout HTML) {
        let isOpen = draft.length == .weekly || problem?.field == .window
        page.markup(isOpen ? "<details class=field open>" : "<details class=field>")
        page.markup("<summary>Every week: the days and times</summary><fieldset class=field><legend>Days</legend>")
        page.markup("<div class=opts>")
        // The week begins on Monday.
        for day in [1, 2, 3, 4, 5, 6, 0] {
            let name = SilenceDraft.dayFields[day]
            page.markup("<label><input type=checkbox value=on name=\"")
            page.text(name)
            page.markup(draft.days.contains(day) ? "\" checked> " : "\"> ")
            page.text(name.capitalised.prefix(3).description)
            page.markup("</label>")
        }
        page.markup("</div></fieldset><div class=filter>")
        time("from", "From", "22:00", draft.from, &page)
        time("to", "To", "24:00", draft.to, &page)
        page.markup("<p class=field><label for=n-zone>Time zone</label><input type=text id=n-zone name=zone")
        page.markup(" maxlength=100 value=\"")
        page.text(draft.zone.isEmpty ? page.context.zone.name : draft.zone)
        page.markup("\"></p></div><p class=quiet>An end before the start is on the next day: 22:00 to 06:00.</p>")
        page.markup("</details>")
    }

    private func time(
        _ name: StaticString, _ label: String, _ example: String, _ value: String, _ page: inout HTML
    ) {
        page.markup("<p class=field><label for=n-")
        page.markup(name)
        page.element(">", label, "</label><input type=text size=6 maxlength=5 id=n-")
        page.markup(name)
        page.markup(" name=")
        page.markup(name)
        if problem?.field == .window { page.markup(" class=bad aria-invalid=true") }
        page.markup(" placeholder=\"")
        page.text(example)
        page.markup("\" value=\"")
        page.text(value)
        page.markup("\"></p>")
    }

    // MARK: Preview

    private func effect(_ page: inout HTML) {
        page.card("preview", "What it mutes") { page in
            guard let preview else {
                return page.markup("<p class=quiet>Write matchers, and press Preview.</p>")
            }
            if !preview.unknownLabels.isEmpty {
                page.markup("<p class=\"say warn\">")
                let names = Words.list(preview.unknownLabels.map { "“\($0)”" })
                page.text(
                    preview.unknownLabels.count == 1
                        ? "No alert of now or of the last 24 h has the label \(names)."
                        : "No alert of now or of the last 24 h has the labels \(names).", limit: 500)
                page.markup("</p>")
            } else if preview.now.isEmpty {
                page.markup("<p class=\"say warn\">It matches nothing that fires now.</p>")
            }
            byName(preview, &page)
            page.markup("<p class=under><b>")
            page.text(
                preview.now.isEmpty
                    ? "Nothing now" : "\(Words.count(preview.now.count, "alert")) now, of \(preview.firing) firing")
            page.markup("</b></p>")
            list(preview.now, &page)
            page.markup("<p class=under><b>")
            page.text(
                preview.past.isEmpty
                    ? "Nothing that has ended in the last 24 h"
                    : "\(Words.count(preview.past.count, "alert")) that ended in the last 24 h")
            page.markup("</b></p>")
            list(preview.past, &page)
        }
    }

    /// How many alerts of each name it matches now, and of the last 24 h.
    private func byName(_ preview: SilencePreview, _ page: inout HTML) {
        var counts: [String: (now: Int, all: Int)] = [:]
        for (matches, isNow) in [(preview.now, 1), (preview.past, 0)] {
            for match in matches {
                let name = match.labels["alertname"] ?? "alert"
                let before = counts[name] ?? (0, 0)
                counts[name] = (before.now + isNow, before.all + 1)
            }
        }
        guard !counts.isEmpty else { return }
        page.markup("<table><thead><tr><th>Alert<th class=num>Now<th class=num>In 24 h</thead><tbody>")
        let sorted = counts.sorted { a, b in
            a.value.now == b.value.now ? a.key < b.key : a.value.now > b.value.now
        }
        let shown = page.items(sorted, limit: NewSilencePage.nameLimit, share: 16 << 10) { one, page in
            page.markup("<tr><td class=wrap>")
            page.text(one.key, limit: 100)
            page.markup("</td><td class=num>")
            page.number(one.value.now)
            page.markup("</td><td class=num>")
            page.number(one.value.all)
            page.markup("</td></tr>")
        }
        page.markup("</tbody></table>")
        page.rest(sorted.count, shown: shown)
    }

    private func list(_ matches: [SilencePreview.Match], _ page: inout HTML) {
        guard !matches.isEmpty else { return }
        page.markup("<ul class=rows>")
        let shown = page.items(matches, limit: NewSilencePage.nameLimit, share: 20 << 10) { match, page in
            page.markup("<li><b>")
            page.text(match.labels["alertname"] ?? "alert", limit: 100)
            page.markup("</b> <span class=\"quiet wrap\">")
            let others = match.labels.filter { $0.key != "alertname" }.sorted { $0.key < $1.key }
            page.text(others.map { "\($0.key) \($0.value)" }.joined(separator: ", "), limit: 200)
            page.markup("</span>")
            if match.state == "suppressed" { page.markup(" <small class=quiet>suppressed already</small>") }
            page.markup("</li>")
        }
        page.markup("</ul>")
        page.rest(matches.count, shown: shown)
    }
}
