import Alerts
import Samples
import Text
import Web

/// The page at `/incidents`: open incidents, most severe and oldest first, and those resolved within 90 days.
struct IncidentsPage {
    /// The filter, as given in the URL.
    struct Filter: Sendable, Hashable {
        /// `open`, `acknowledged`, `silenced`, `ended`; empty for all.
        var state = ""
        /// A severity; empty for all.
        var severity = ""
        /// Text to find in a sentence, a label's value or a note, ignoring case; empty for all.
        var text = ""

        static let states = ["open", "acknowledged", "silenced", "ended"]
    }

    let snapshot: EstateSnapshot
    let filter: Filter

    /// Maximum number of rows of each table.
    private static let rowLimit = 500

    func render(_ context: PageContext) -> [UInt8] {
        let open = snapshot.incidents.filter(admits)
        let ended = snapshot.ended.filter(admits)
        var layout = Layout(context: context, title: "Incidents", tab: .incidents)
        layout.hasForm = !filter.text.isEmpty
        return layout.render { page in
            page.markup("<div class=head><h1>Incidents</h1><p>")
            page.text(
                snapshot.incidents.isEmpty
                    ? "nothing goes on" : "\(Words.count(snapshot.incidents.count, "incident")) open")
            page.markup(" · <a href=\"")
            page.text(context.prefix + "/api/v1/vaultwatch/incidents")
            page.markup("\">JSON</a></p></div>")
            form(&page)
            if filter.state != "ended" { table(open, &page) }
            if filter.state.isEmpty || filter.state == "ended" { table(ended, &page) }
        }
    }

    // MARK: Filter

    private func admits(_ view: IncidentView) -> Bool {
        switch filter.state {
        case "acknowledged": if view.record.acknowledgement == nil { return false }
        case "silenced": if view.silencedBy.isEmpty { return false }
        case "open": if view.record.acknowledgement != nil || !view.silencedBy.isEmpty { return false }
        default: break
        }
        return admits(view.record)
    }

    private func admits(_ record: IncidentRecord) -> Bool {
        if !filter.severity.isEmpty, record.severity.rawValue != filter.severity { return false }
        guard !filter.text.isEmpty else { return true }
        let text = filter.text.lowercased()
        if "#\(record.number)" == text { return true }
        return record.members.contains { member in
            member.alert.sentence.lowercased().contains(text)
                || member.alert.labels.pairs.contains { $0.value.lowercased().contains(text) }
        } || record.notes.contains { $0.text.lowercased().contains(text) }
    }

    private func form(_ page: inout HTML) {
        page.part("filter", "<form class=filter role=search", "</form>") { page in
            select("state", "State", filter.state, IncidentsPage.Filter.states, &page)
            select(
                "severity", "Severity", filter.severity, Severity.allCases.map(\.rawValue).filter { $0 != "unknown" },
                &page)
            page.markup("<p class=field><label for=f-q>Text</label><input type=search id=f-q name=q value=\"")
            page.text(filter.text)
            page.markup("\" maxlength=200></p><button class=btn>Show</button>")
        }
    }

    private func select(_ name: StaticString, _ label: String, _ value: String, _ choices: [String], _ page: inout HTML)
    {
        page.markup("<p class=field><label for=\"f-")
        page.markup(name)
        page.element("\">", label, "</label><select id=\"f-")
        page.markup(name)
        page.markup("\" name=\"")
        page.markup(name)
        page.markup("\"><option value=\"\">all</option>")
        for choice in choices {
            page.markup("<option")
            if choice == value { page.markup(" selected") }
            page.element(">", choice, "</option>")
        }
        page.markup("</select></p>")
    }

    // MARK: Tables

    private func table(_ views: [IncidentView], _ page: inout HTML) {
        page.card("open", "Under way", views.isEmpty ? "" : Words.count(views.count, "incident")) { page in
            guard !views.isEmpty else { return page.markup("<p class=quiet>None.</p>") }
            page.markup(
                "<div class=scroll tabindex=0 role=group aria-label=\"Incidents under way\"><table class=wide><thead><tr><th>Incident<th>Severity<th>Since<th>Who is on it<th>Told<th class=num>Consequences</thead><tbody>"
            )
            // The table of ended incidents needs room too.
            let shown = page.items(views, limit: IncidentsPage.rowLimit, share: 64 << 10) { row($0, &$1) }
            page.markup("</tbody></table></div>")
            more(views.count, shown, &page)
        }
    }

    private func row(_ view: IncidentView, _ page: inout HTML) {
        let record = view.record
        page.markup("<tr><td>")
        title(record, &page)
        page.markup("</td><td>")
        if view.silencedBy.isEmpty {
            page.chip(view.gravity, record.severityWord)
        } else {
            page.chip(.unknown, "silenced", icon: .silenced)
        }
        page.markup("</td><td class=nb>")
        page.time(record.startsAt)
        page.markup("<br><small class=quiet>")
        page.since(record.startsAt)
        page.markup("</small></td><td>")
        if let owner = record.acknowledgement {
            page.text(owner.by, limit: 60)
            if !owner.comment.isEmpty {
                page.markup("<br><small class=quiet>“")
                page.text(owner.comment, limit: 100)
                page.markup("”</small>")
            }
        } else {
            page.button(
                Address("incidents", "\(record.number)", "acknowledge"), nil, "Acknowledge", " class=\"btn small\"")
        }
        page.markup("</td><td class=nb>")
        let line = Told.line(view.told)
        page.text(line.isEmpty ? "nobody" : line)
        page.markup("</td><td class=num>")
        page.number(record.members.count - 1 + record.omittedMembers)
        page.markup("</td></tr>")
    }

    private func table(_ records: [IncidentRecord], _ page: inout HTML) {
        page.card("ended", "Ended", "of 90 days") { page in
            guard !records.isEmpty else { return page.markup("<p class=quiet>None.</p>") }
            page.markup(
                "<div class=scroll tabindex=0 role=group aria-label=\"Ended incidents\"><table class=wide><thead><tr><th>Incident<th>Severity<th>Began<th class=num>Lasted<th>Who was on it<th class=num>Consequences</thead><tbody>"
            )
            let shown = page.items(records, limit: IncidentsPage.rowLimit) { record, page in
                page.markup("<tr><td>")
                title(record, &page)
                page.markup("</td><td>")
                page.text(record.severity.rawValue)
                page.markup("</td><td class=nb>")
                page.time(record.startsAt)
                page.markup("</td><td class=\"num nb\">")
                page.text(Words.duration(record.duration(at: snapshot.now).seconds.rounded(.down)))
                page.markup("</td><td>")
                page.text(record.acknowledgement?.by ?? "nobody", limit: 60)
                page.markup("</td><td class=num>")
                page.number(record.members.count - 1 + record.omittedMembers)
                page.markup("</td></tr>")
            }
            page.markup("</tbody></table></div>")
            more(records.count, shown, &page)
        }
    }

    private func title(_ record: IncidentRecord, _ page: inout HTML) {
        page.begin(record.address)
        page.text("#\(record.number)")
        page.markup("</a> ")
        page.text(record.sentence, limit: 200)
    }

    private func more(_ count: Int, _ shown: Int, _ page: inout HTML) {
        page.rest(count, shown: shown, ": narrow it down above", json: Address("api", "v1", "vaultwatch", "incidents"))
    }
}
