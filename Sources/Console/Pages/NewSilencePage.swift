import Alerts
import Samples
import Text
import Web

/// The form of a new silence, with the alerts that it would suppress now and would have suppressed in the last six
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
                page.card("command", "The same as a command") { page in
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
        page.markup("</div></fieldset><p class=field><label for=n-u>Until, in ")
        page.text(page.context.clock.abbreviation)
        page.markup("</label><input type=datetime-local id=n-u name=until")
        if problem?.field == .until { page.markup(" class=bad aria-invalid=true") }
        page.markup(" value=\"")
        page.text(draft.until)
        page.markup("\"></p><p class=chips><button class=btn name=do value=preview>Preview</button> ")
        page.markup("<button class=\"btn go\" name=do value=create>Silence</button></p>")
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
                        ? "No alert of now or of the last 6 h has the label \(names)."
                        : "No alert of now or of the last 6 h has the labels \(names).", limit: 500)
                page.markup("</p>")
            }
            page.markup("<p><b>")
            page.text(
                preview.now.isEmpty
                    ? "Nothing now" : "\(Words.count(preview.now.count, "alert")) now, of \(preview.firing) firing")
            page.markup("</b></p>")
            list(preview.now, &page)
            page.markup("<p class=under><b>")
            page.text(
                preview.past.isEmpty
                    ? "Nothing that has ended in the last 6 h"
                    : "\(Words.count(preview.past.count, "alert")) that ended in the last 6 h")
            page.markup("</b></p>")
            list(preview.past, &page)
        }
    }

    private func list(_ matches: [SilencePreview.Match], _ page: inout HTML) {
        guard !matches.isEmpty else { return }
        page.markup("<ul class=rows>")
        for match in matches.prefix(NewSilencePage.nameLimit) {
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
        if matches.count > NewSilencePage.nameLimit {
            page.element(
                "<p class=quiet>", "and \(Words.thousands(Int64(matches.count - NewSilencePage.nameLimit))) more",
                "</p>")
        }
    }
}
