import Samples
import Text
import Web

/// The page at `/backups`: potential data loss and recovery time, each set as a calendar, one backup in detail, and all
/// of them as a table.
struct BackupsPage {
    let snapshot: EstateSnapshot
    /// The set and the period in the URL; nil if absent.
    var chosen: (set: String, date: String)?
    /// The only set to show, as given in the URL; nil for all.
    var only: String?

    private var view: BackupsView { snapshot.backups }
    private static let setLimit = 50
    private static let rowLimit = 500
    /// About how many periods all calendars have together, and how many each has at least: five weeks.
    private static let cellLimit = 120
    private static let leastCells = 35

    /// The sets with a calendar.
    private var sets: [BackupCalendarView] { view.sets.filter { only == nil || $0.set == only } }
    private var cells: Int { max(BackupsPage.cellLimit / max(sets.count, 1), BackupsPage.leastCells) }

    /// The page of one set.
    static func address(_ set: String) -> Address { Address("backups", query: [("set", set)]) }

    /// The backups of the selected period; empty if it does not exist.
    private var chosenDays: [BackupCalendarView.Day] {
        guard let chosen else { return [] }
        return view.sets.first { $0.set == chosen.set }?.days.filter { $0.date == chosen.date } ?? []
    }

    /// Whether the set and period in the URL exist.
    var isFound: Bool { (chosen == nil || !chosenDays.isEmpty) && (only == nil || !sets.isEmpty) }

    func render(_ context: PageContext) -> [UInt8] {
        Layout(context: context, title: "Backups", tab: .backups).render { page in
            band(&page)
            page.markup("<div class=col>")
            one(&page)
            if only != nil {
                page.markup("<p class=crumb>")
                page.link(Address("backups"), "All backups")
                page.markup("</p>")
            }
            let sets = sets
            let shown = page.items(
                sets.enumerated(), limit: BackupsPage.setLimit, share: BackupsPage.calendarBytes
            ) { set, page in card(set.element, set.offset, &page) }
            others(sets.dropFirst(shown), &page)
            if view.sets.isEmpty {
                page.markup("<section class=card><p class=quiet>No backup set is configured.</p></section>")
            }
            page.card("proofs", "Proofs") { page in proofs(&page) }
            page.card("table", "As a table") { page in table(&page) }
            page.markup("</div>")
        }
    }

    // MARK: Band

    /// The newest period of a set that should have a backup and has no good one.
    private var worst: (set: BackupCalendarView, day: BackupCalendarView.Day)? {
        for set in view.sets {
            guard let last = set.days.last(where: { $0.state != .due }), last.state.gravity == .critical else {
                continue
            }
            return (set, last)
        }
        return nil
    }

    private func band(_ page: inout HTML) {
        let worst = worst
        let isBad = worst != nil || (view.newestGood == nil && !view.sets.isEmpty) || !broken.isEmpty
        var why = worst == nil ? broken.joined(separator: " ") : ""
        if let worst {
            why = "\(worst.set.set), \(worst.day.date): "
            why += worst.day.detail.isEmpty ? worst.day.state.meaning : worst.day.detail
        }
        let title = sentence(worst?.day)
        var band = Band(
            gravity: isBad ? .warning : view.sets.isEmpty ? .unknown : .good,
            eyebrow: { $0.text("Backups") }, spoken: title, sentence: { $0.text(title) }, why: why,
            facts: [point, time, covered, tested])
        band.keepsDetails = true
        band.render(&page)
    }

    private var point: Band.Fact {
        Band.Fact("If Vault were lost now") { page in
            guard let point = view.recoveryPoint, let newest = view.newestGood else {
                return page.markup("<b>all</b> of it is lost<br><small>no good backup is known</small>")
            }
            page.markup("<b>")
            page.text(Words.duration(point.seconds.rounded(.down)))
            page.markup("</b> of writes are lost<br><small>newest good: ")
            page.time(newest)
            promise(view.promisedPoint, &page)
            page.markup("</small>")
        }
    }

    private func promise(_ promised: Duration?, _ page: inout HTML) {
        guard let promised else { return }
        page.text("; promised: \(Words.duration(promised)) at most")
    }

    /// Which promises of the configuration do not hold now, as sentences.
    private var broken: [String] {
        var broken: [String] = []
        if let promised = view.promisedPoint, let point = view.recoveryPoint, point > promised {
            broken.append("More is lost than the \(Words.duration(promised)) that are promised.")
        }
        if let promised = view.promisedTime, let time = view.recoveryTime, time > promised {
            broken.append("The last restore took longer than the \(Words.duration(promised)) that are promised.")
        }
        return broken
    }

    private var time: Band.Fact {
        Band.Fact("Back again within") { page in
            guard let time = view.recoveryTime else {
                page.markup("<b>unknown</b><br><small>no restore test says how long it took")
                promise(view.promisedTime, &page)
                return page.markup("</small>")
            }
            page.element("<b>", Words.duration(time), "</b>, as measured")
            guard let promised = view.promisedTime else { return }
            page.element("<br><small>promised: ", Words.duration(promised), " at most</small>")
        }
    }

    private var covered: Band.Fact {
        Band.Fact("Covered") { page in
            if view.sets.isEmpty { page.markup("<b>nothing</b>") }
            for set in view.sets.prefix(3) {
                let periods = Set(set.days.lazy.filter { $0.state != .due }.map(\.date)).count
                page.markup("<div>")
                page.text("\(set.goodCount) of \(periods) of \(set.set)", limit: 80)
                page.markup("</div>")
            }
            if view.sets.count > 3 { page.element("<small>", "and \(view.sets.count - 3) more sets", "</small>") }
        }
    }

    private var tested: Band.Fact {
        Band.Fact("Restore test") { page in
            guard let tested = view.restoreTestedAt else { return page.markup("<b>none</b> is recorded") }
            page.markup("<b>")
            page.since(tested)
            page.markup("</b> ago")
        }
    }

    private func sentence(_ worst: BackupCalendarView.Day?) -> String {
        guard !view.sets.isEmpty else { return "No backups are watched" }
        guard let worst else {
            guard view.newestGood != nil else { return "No good backup is known" }
            return broken.isEmpty
                ? "The newest backup of each set is there" : "A promise for the recovery does not hold"
        }
        switch worst.state {
        case .missing: return "The newest backup is missing"
        case .empty: return "The newest backup is empty"
        default: return "The newest backup is corrupt"
        }
    }

    // MARK: Sets

    /// The size at which further sets get a line in place of a calendar.
    private static let calendarBytes = 52 << 10

    /// A line for each set whose calendar does not fit into the page.
    private func others(_ sets: ArraySlice<BackupCalendarView>, _ page: inout HTML) {
        guard !sets.isEmpty else { return }
        page.card("others", "Other sets", Words.count(sets.count, "set")) { page in
            page.markup("<ul class=rows>")
            let shown = page.items(sets, limit: BackupsPage.rowLimit, share: 10 << 10) { set, page in
                page.markup("<li>")
                page.link(BackupsPage.address(set.set), set.set)
                let periods = Set(set.days.lazy.filter { $0.state != .due }.map(\.date)).count
                page.text(": \(set.goodCount) of \(periods) are good")
                page.markup("</li>")
            }
            page.markup("</ul>")
            page.rest(sets.count, shown: shown, json: BackupsPage.json)
        }
    }

    private static let json = Address("api", "v1", "vaultwatch", "backups")

    private func card(_ set: BackupCalendarView, _ index: Int, _ page: inout HTML) {
        page.markup("<section class=card data-part id=\"set-")
        page.number(index)
        page.markup("\"><header><h2 class=wrap>")
        page.text(set.set, limit: 100)
        page.markup("</h2><p class=wrap>")
        var facts: [String] = []
        if !set.schedule.isEmpty { facts.append(set.schedule) }
        if set.retention > 0 { facts.append("\(Words.thousands(Int64(set.retention))) are kept") }
        if !set.bucket.isEmpty { facts.append("s3://\(set.bucket)/\(set.prefix)") }
        page.text(facts.joined(separator: " · "), limit: 300)
        if let due = set.nextDue {
            page.markup(" · next due ")
            page.time(due)
        }
        page.markup("</p></header>")
        if !set.error.isEmpty {
            page.markup("<p class=\"say bad\">")
            page.text("The last listing failed: \(set.error)", limit: 400)
            page.markup("</p>")
        }
        let day = chosen?.set == set.set ? set.days.first { $0.date == chosen?.date } : nil
        BackupCalendar(set: set, chosen: day, limit: cells).render(&page)
        page.markup("<div class=under><h3>Size</h3><p class=quiet>")
        page.text(set.medianSize.map { "median \(Words.size($0))" } ?? "too few for a median")
        if let listed = set.listedAt {
            page.markup(" · listed ")
            page.since(listed)
            page.markup(" ago")
        } else {
            page.markup(" · not listed yet")
        }
        page.markup("</p>")
        BackupSizes(set: set, limit: cells).render(&page)
        page.markup("</div></section>")
    }

    // MARK: One backup

    private func one(_ page: inout HTML) {
        guard let chosen else { return }
        page.card("day", "\(chosen.set), \(chosen.date)") { page in
            page.items(chosenDays, limit: 20, share: 12 << 10) { day, page in
                page.markup("<p>")
                page.chip(day.state.gravity, day.state.rawValue, icon: day.state.icon)
                page.text(" \(day.state.meaning)")
                page.markup("</p><dl class=kv>")
                fact("Key", day.key ?? "", &page)
                fact("Size", day.size.map { "\(Words.size(Double($0))), \(Words.thousands($0)) bytes" } ?? "", &page)
                fact("Storage class", day.storageClass, &page)
                fact("Made", day.madeAt, &page)
                fact("Uploaded", day.uploadedAt, &page)
                fact("Read whole", day.readAt, &page)
                fact("Found", day.detail, &page)
                page.markup("</dl>")
            }
        }
    }

    private func fact(_ name: String, _ value: String, _ page: inout HTML) {
        guard !value.isEmpty else { return }
        page.element("<dt>", name, "</dt><dd>")
        page.text(value, limit: 1000)
        page.markup("</dd>")
    }

    private func fact(_ name: String, _ time: Timestamp?, _ page: inout HTML) {
        guard let time else { return }
        page.element("<dt>", name, "</dt><dd>")
        page.time(time, .full)
        page.markup("</dd>")
    }

    // MARK: Restore tests and table

    private func proofs(_ page: inout HTML) {
        page.markup("<dl class=kv><dt>Last restore test that succeeded</dt><dd>")
        if let at = view.restoreTestedAt { page.time(at, .full) } else { page.markup("none is recorded") }
        page.markup("</dd>")
        fact("Last one that failed", view.restoreTestFailedAt, &page)
        fact("The restore took", view.restoreDuration.map { Words.duration($0) } ?? Words.unknown, &page)
        page.markup("</dl>")
    }

    private func table(_ page: inout HTML) {
        let rows = sets.flatMap { set in set.days.reversed().map { (set.set, $0) } }
        guard !rows.isEmpty else { return page.markup("<p class=quiet>Nothing is listed.</p>") }
        page.markup("<details><summary>")
        page.text(Words.count(rows.count, "row"))
        page.markup("</summary>")
        page.beginTable("Backups", "<th>Set<th>For<th>State<th class=num>Size<th>Class<th>Uploaded")
        let shown = page.items(rows, limit: BackupsPage.rowLimit) { row, page in
            let (set, day) = row
            page.markup("<tr><td>")
            page.text(set, limit: 60)
            page.markup("</td><td class=nb>")
            page.link(Address("backups", set, day.date), day.date)
            page.markup("</td><td>")
            page.text(day.state.rawValue)
            page.markup("</td><td class=\"num nb\">")
            page.text(day.size.map { Words.size(Double($0)) } ?? "")
            page.markup("</td><td>")
            page.text(day.storageClass, limit: 40)
            page.markup("</td><td class=nb>")
            if let at = day.uploadedAt { page.time(at) }
            page.markup("</td></tr>")
        }
        page.markup("</tbody></table></div>")
        page.rest(rows.count, shown: shown, json: BackupsPage.json)
        page.markup("</details>")
    }
}
