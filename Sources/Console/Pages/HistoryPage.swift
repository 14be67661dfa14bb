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
        /// The earliest and the latest time, each RFC 3339, a day, or a day and a time in the page's zone; empty for no
        /// limit.
        var from = ""
        var to = ""
        /// Where an older page of the same list begins, RFC 3339; empty for the first.
        var before = ""

        /// The times that limit the list, both included, and what is wrong with them as entered.
        func span(_ clock: Clock) -> (from: Timestamp?, to: Timestamp?, problem: String) {
            let first = clock.time(written: from)
            let ends = [clock.time(written: to, isEnd: true), Timestamp(rfc3339: before)]
            let expected = "expected a day, or a day and a time, such as 2026-11-28T06:30"
            if first == nil, !from.isEmpty { return (nil, nil, "From: \(expected)") }
            if ends[0] == nil, !to.isEmpty { return (nil, nil, "To: \(expected)") }
            if ends[1] == nil, !before.isEmpty { return (nil, nil, "before: expected RFC 3339") }
            if let first, let last = ends[0], last < first { return (nil, nil, "To: that is before From") }
            return (first, ends.compactMap { $0 }.min(), "")
        }
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
    /// Maximum number of characters of a receiver's name in the filter.
    static let nameLimit = 200

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "History", tab: .history)
        let span = filter.span(context.clock)
        layout.isLive = filter.before.isEmpty && span.problem.isEmpty
        layout.hasForm = !(filter.text + filter.from + filter.to).isEmpty
        return layout.render { page in
            page.markup("<div class=head><h1>History</h1><p>of alerts, messages and the agent")
            if span.problem.isEmpty {
                page.markup(" · ")
                page.link(export("", span.from, span.to), "JSON")
                page.markup(" · ")
                page.link(export("csv", span.from, span.to), "CSV")
            }
            page.markup("</p></div>")
            page.filter { page in
                page.choice("kind", "Kind", filter.kind, HistoryEntry.Kind.allCases.map(\.rawValue))
                // A longer name can't be chosen: the URL's is cut.
                page.choice(
                    "receiver", "Receiver", filter.receiver,
                    receivers.filter { $0.count <= HistoryPage.nameLimit }, share: 12 << 10)
                page.moment("from", "From", filter.from)
                page.moment("to", "To", filter.to, isEnd: true)
                page.search("q", "Text", filter.text)
            }
            page.part("entries", "<div class=col", "</div>") { page in
                guard span.problem.isEmpty else {
                    page.markup("<p class=\"say bad\" role=alert>")
                    page.text(span.problem)
                    return page.markup("</p>")
                }
                if entries.isEmpty {
                    page.markup("<section class=card><p class=quiet>Nothing like that is in the history.</p></section>")
                }
                let shown = days(context.clock, &page)
                older(entries.prefix(shown), &page)
            }
        }
    }

    /// The same query over the API, with more entries than fit on a page.
    /// - Parameter format: empty for JSON.
    private func export(_ format: String, _ from: Timestamp?, _ to: Timestamp?) -> Address {
        Address(
            "api", "v1", "vaultwatch", "history",
            query: [
                ("kind", filter.kind), ("receiver", filter.receiver), ("contains", filter.text),
                ("start", from?.rfc3339 ?? ""), ("end", to?.rfc3339 ?? ""),
                ("limit", String(HistoryPage.exportLimit)), ("format", format),
            ])
    }

    /// - Returns: the number of entries shown.
    private func days(_ clock: Clock, _ page: inout HTML) -> Int {
        var day = ""
        let shown = page.items(entries, limit: HistoryPage.rowLimit) { entry, page in
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
        return shown
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

    /// The link to the next page, which begins at the last time shown: its other entries may not be shown yet.
    private func older(_ shown: ArraySlice<HistoryEntry>, _ page: inout HTML) {
        guard entries.count > shown.count, let first = shown.first, let last = shown.last else { return }
        // A page of a single time would lead to itself.
        let isSingle = first.at == last.at
        // The same for whoever reads the link in another zone.
        let (from, to) = (
            page.context.clock.time(written: filter.from), page.context.clock.time(written: filter.to, isEnd: true)
        )
        let address = Address(
            "history",
            query: [
                ("kind", filter.kind), ("receiver", filter.receiver), ("q", filter.text),
                ("from", from?.rfc3339 ?? ""), ("to", to?.rfc3339 ?? ""),
                ("before", (isSingle ? last.at - .milliseconds(1) : last.at).rfc3339),
            ])
        page.markup("<p>")
        page.link(address, "Older", " class=btn")
        if isSingle {
            page.markup(" <span class=quiet>more of the same time: ")
            page.link(export("", last.at, last.at), "all as JSON")
            page.markup("</span>")
        }
        page.markup("</p>")
    }
}
