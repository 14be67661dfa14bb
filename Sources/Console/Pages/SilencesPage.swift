import Alerts
import Dispatching
import Samples
import Text
import Web

/// The page at `/silences`: active ones with the alerts that each suppresses, next to end first; pending ones; and
/// those that expired within the last seven days.
struct SilencesPage {
    let snapshot: EstateSnapshot

    /// Maximum number of rows of each table.
    private static let rowLimit = 500
    private static let past: Duration = .seconds(7 * 86400)

    func render(_ context: PageContext) -> [UInt8] {
        let now = snapshot.now
        let all = snapshot.silences
        let active = all.filter { $0.state(at: now) == .active }.sorted { $0.endsAt < $1.endsAt }
        let pending = all.filter { $0.state(at: now) == .pending }.sorted { $0.startsAt < $1.startsAt }
        let ended = all.filter { $0.state(at: now) == .expired && $0.endsAt > now - SilencesPage.past }
            .sorted { $0.endsAt > $1.endsAt }
        return Layout(context: context, title: "Silences", tab: .silences).render { page in
            page.markup("<div class=head><h1>Silences</h1><p>")
            page.text(active.isEmpty ? "nothing is silenced" : "\(Words.count(active.count, "silence")) in force")
            page.markup(" · <a href=\"")
            page.text(context.prefix + "/api/v2/silences")
            page.markup("\">JSON</a></p>")
            page.link(Address("silences", "new"), "New silence", " class=\"btn go small\"")
            page.markup("</div><div class=col>")
            page.card("active", "In force", "next to end first") { page in
                table(active, "Silences in force", muted: SilencesPage.muted(snapshot), &page)
            }
            if !pending.isEmpty {
                page.card("pending", "To come") { page in table(pending, "Silences to come", &page) }
            }
            page.card("ended", "Ended", "of 7 days") { page in table(ended, "Ended silences", &page) }
            page.markup("</div>")
        }
    }

    /// The firing alerts that a silence suppresses now.
    static func muted(_ silence: Silence, _ snapshot: EstateSnapshot) -> [AlertStatus] {
        snapshot.alerts.filter { $0.silencedBy.contains(silence.id) }
    }

    /// The firing alerts that each silence suppresses now, by its id.
    private static func muted(_ snapshot: EstateSnapshot) -> [String: [AlertStatus]] {
        var muted: [String: [AlertStatus]] = [:]
        for status in snapshot.alerts {
            for id in Set(status.silencedBy) { muted[id, default: []].append(status) }
        }
        return muted
    }

    private func table(
        _ silences: [Silence], _ label: String, muted: [String: [AlertStatus]] = [:], _ page: inout HTML
    ) {
        guard !silences.isEmpty else { return page.markup("<p class=quiet>None.</p>") }
        page.markup("<div class=scroll tabindex=0 role=group aria-label=\"")
        page.text(label)
        page.markup(
            "\"><table class=wide><thead><tr><th>Silences<th>Why, and who<th>Mutes now<th>Until<th></thead><tbody>")
        // The tables after it need room too.
        let shown = page.items(silences, limit: SilencesPage.rowLimit, share: 48 << 10) { silence, page in
            row(silence, muted[silence.id] ?? [], &page)
        }
        page.markup("</tbody></table></div>")
        page.rest(silences.count, shown: shown, json: Address("api", "v2", "silences"))
    }

    private func row(_ silence: Silence, _ muted: [AlertStatus], _ page: inout HTML) {
        let state = silence.state(at: snapshot.now)
        page.markup("<tr><td class=wrap>")
        page.begin(Address("silences", silence.id))
        page.markup("<code>")
        page.text(silence.matchersText, limit: 300)
        page.markup("</code></a></td><td class=wrap>")
        page.text(silence.comment.isEmpty ? "no reason given" : silence.comment, limit: 200)
        page.markup("<br><small class=quiet>")
        page.text(silence.createdBy.isEmpty ? "unknown" : silence.createdBy, limit: 60)
        page.markup("</small></td><td>")
        if state == .active { SilencePage.effect(silence, muted, &page) } else { page.markup("nothing") }
        page.markup("</td><td class=nb>")
        SilencePage.end(silence, state, firing: muted.count, &page)
        page.markup("</td><td>")
        if state != .expired {
            page.button(Address("silences", silence.id, "expire"), nil, "End now", " class=\"btn small\"")
        }
        page.markup("</td></tr>")
    }
}
