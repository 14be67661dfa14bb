import Alerts
import Samples
import Text
import Web

/// The page at `/history`: the journal's entries, newest first, by day.
struct HistoryPage {
    /// The filter, as given in the URL.
    struct Filter: Sendable, Hashable {
        /// An entry kind; empty for all.
        var kind = ""
        /// A receiver's name; empty for all.
        var receiver = ""
        /// Text to find in the subject or the detail; empty for all.
        var text = ""
        /// The latest time shown; nil for now.
        var before: Timestamp?
    }

    let filter: Filter
    /// Newest first; one more than is shown if there are more.
    let entries: [HistoryEntry]
    /// The receivers' names, for the filter.
    let receivers: [String]

    /// Maximum number of rows.
    static let rowLimit = 300
    /// Maximum number of entries in JSON and CSV, that of the API.
    private static let exportLimit = 10_000

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "History", tab: .history)
        layout.isLive = filter.before == nil
        layout.hasForm = !filter.text.isEmpty
        return layout.render { page in
            page.markup("<div class=head><h1>History</h1><p>of alerts, messages and the agent · ")
            page.link(export(""), "JSON")
            page.markup(" · ")
            page.link(export("csv"), "CSV")
            page.markup("</p></div>")
            page.filter { page in
                page.choice("kind", "Kind", filter.kind, HistoryEntry.Kind.allCases.map(\.rawValue))
                page.choice("receiver", "Receiver", filter.receiver, Array(receivers.prefix(200)))
                page.search("q", "Text", filter.text)
            }
            page.part("entries", "<div class=col", "</div>") { page in
                if entries.isEmpty {
                    page.markup("<section class=card><p class=quiet>Nothing like that is in the history.</p></section>")
                }
                days(context.clock, &page)
                older(&page)
            }
        }
    }

    /// The same query over the API, with more entries than fit on a page.
    /// - Parameter format: empty for JSON.
    private func export(_ format: String) -> Address {
        Address(
            "api", "v1", "vaultwatch", "history",
            query: [
                ("kind", filter.kind), ("receiver", filter.receiver), ("contains", filter.text),
                ("end", filter.before?.rfc3339 ?? ""), ("limit", String(HistoryPage.exportLimit)),
                ("format", format),
            ])
    }

    private func days(_ clock: Clock, _ page: inout HTML) {
        var day = ""
        for entry in entries.prefix(HistoryPage.rowLimit) {
            let its = clock.text(entry.at, .day)
            if its != day {
                if !day.isEmpty { page.markup("</ol></section>") }
                page.markup("<section class=card><h2>")
                page.text(its)
                page.markup("</h2><ol class=tl>")
                day = its
            }
            row(entry, clock, &page)
        }
        if !day.isEmpty { page.markup("</ol></section>") }
    }

    private func row(_ entry: HistoryEntry, _ clock: Clock, _ page: inout HTML) {
        let look = HistoryPage.look(entry.kind)
        page.markup("<li><span class=tm><time datetime=\"")
        page.text(entry.at.rfc3339)
        page.markup("\" title=\"")
        page.text(Clock.utc(entry.at))
        page.markup("\">")
        page.text(String(clock.text(entry.at, .full).suffix(8)))
        page.markup("</time><span class=off>")
        page.text(entry.kind.rawValue)
        page.markup("</span></span><span class=\"ic ")
        page.grade(look.gravity)
        page.markup("\">")
        page.icon(look.icon)
        page.markup("</span><div><p class=wrap>")
        page.text(entry.subjectWords, limit: 240)
        if !entry.receiver.isEmpty {
            page.markup(" <span class=quiet>")
            page.text("\(entry.receiver) \(entry.integration)", limit: 100)
            page.markup("</span>")
        }
        if let number = entry.incident {
            page.markup(" ")
            page.link(.incident(String(number)), "#\(number)")
        }
        page.markup("</p>")
        if !entry.detail.isEmpty {
            page.markup("<small class=wrap>")
            page.text(entry.detail, limit: 400)
            page.markup("</small>")
        }
        page.markup("</div></li>")
    }

    private static func look(_ kind: HistoryEntry.Kind) -> (gravity: Gravity, icon: Icon) {
        switch kind {
        case .firing: (.critical, .critical)
        case .ended: (.good, .good)
        case .sent: (.good, .mail)
        case .failed, .dropped: (.critical, .cross)
        case .escalated: (.warning, .pager)
        case .silence: (.unknown, .silenced)
        case .acknowledged: (.unknown, .person)
        case .agent: (.unknown, .node)
        case .note: (.unknown, .note)
        case .state: (.warning, .change)
        case .held: (.unknown, .silenced)
        case .pending: (.unknown, .clock)
        case .test: (.unknown, .probe)
        }
    }

    private func older(_ page: inout HTML) {
        guard entries.count > HistoryPage.rowLimit, let last = entries.prefix(HistoryPage.rowLimit).last else { return }
        let address = Address(
            "history",
            query: [
                ("kind", filter.kind), ("receiver", filter.receiver), ("q", filter.text),
                ("before", last.at.rfc3339),
            ])
        page.markup("<p>")
        page.link(address, "Older", " class=btn")
        page.markup("</p>")
    }
}
