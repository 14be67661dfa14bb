import Alerts
import Exposition
import Foundation
import HTTPServer
import Platform
import Samples
import Testing
import Text
import TimeZones
import Web

@testable import Console
@testable import Dispatching

/// Runbooks, silences, history, rules, targets, routes, the agent, queries and backups, with typical data, the worst
/// case and none.
struct MorePageTests {
    private static let long = String(repeating: Fixtures.evil + " ", count: 200)

    private func context(_ now: Timestamp = Fixtures.now) -> PageContext {
        var context = PageContext()
        context.now = now
        context.prefix = "/watch"
        context.mayChange = true
        context.token = { _ in "0123456789abcdef" }
        return context
    }

    /// - Parameter text: used for every external text.
    private func snapshot(_ text: String, count: Int) -> EstateSnapshot {
        var snapshot = text == Fixtures.evil ? Fixtures.worst : Fixtures.reference(inOutage: true)
        let now = snapshot.now
        snapshot.rules = (0..<max(count / 20, 1)).map { group in
            RuleGroupView(
                name: "g\(group)\(text)", file: text, interval: .seconds(5),
                rules: (0..<20).map { index in
                    let name = index == 0 ? "VaultSealed\(group)" : text + "\(group)_\(index)"
                    let view = AlertView(
                        labels: Labels(["alertname": name, "node": text, "severity": "critical"]),
                        annotations: ["summary": text], state: index % 2 == 0 ? .firing : .pending, activeAt: now,
                        value: .nan)
                    return RuleView(
                        name: name, query: "up{a=\"\(text)\"} == 0", labels: ["severity": "critical", "x": text],
                        kind: .alerting(
                            .init(
                                hold: .seconds(60), keepFiring: .zero,
                                annotations: ["summary": text, "description": text, "action": text],
                                alerts: index < 3 ? [view] : [])), health: index == 5 ? .err : .ok,
                        lastError: index == 5 ? text : nil, evaluationTime: .nan, lastEvaluation: now)
                }, evaluationTime: .infinity, lastEvaluation: now)
        }
        snapshot.targets = (0..<count).map { index in
            TargetView(
                pool: "vault", url: text, labels: Labels(["target_type": "vault_node", "target": "\(text)/\(index)"]),
                health: [.up, .down, .unknown][index % 3], lastError: text, lastProbe: now, duration: .nan,
                interval: .seconds(5), timeout: .seconds(3))
        }
        let alerts = (0..<count).map { index in
            AlertStatus(
                alert: Fixtures.alert(text, ["node": text + "\(index)"], annotations: ["summary": text]),
                state: .suppressed, silencedBy: ["s0"], inhibitedBy: [], mutedBy: [], receivers: [text],
                acknowledgement: nil)
        }
        snapshot.alerts = alerts
        snapshot.groups = [GroupStatus(key: "{}:{}", labels: Labels([:]), receiver: text, alerts: alerts)]
        snapshot.silences = (0..<count).map { index in
            Silence(
                id: "s\(index)", matchers: [Matcher("node", equals: text)],
                startsAt: now - .seconds(60) + .seconds(index % 3 == 1 ? 600 : 0),
                endsAt: now + .seconds(index % 3 == 2 ? -1 : 900), createdBy: text, comment: text)
        }
        let states = BackupCalendarView.State.allCases
        snapshot.backups.sets = (0..<3).map { set in
            BackupCalendarView(
                set: "s\(set)\(text)", bucket: text, prefix: text, schedule: text, retention: 30, listedAt: now,
                error: text, nextDue: now,
                days: (0..<min(count, 400)).map { index in
                    let at = now - .seconds(86400 * (400 - index))
                    return BackupCalendarView.Day(
                        date: set == 2 ? text : String(at.rfc3339.prefix(set == 0 ? 10 : 7)), start: at,
                        state: states[index % states.count], key: text, size: Int64(index), storageClass: text,
                        detail: text)
                }, medianSize: .nan, newestGood: now)
        }
        return snapshot
    }

    private func pages(_ snapshot: EstateSnapshot, _ text: String, count: Int) -> [(name: String, html: [UInt8])] {
        let context = context(snapshot.now)
        let alerts = RuledAlert.all(snapshot.rules)
        let names = ["VaultSealed0", "RestoreVault"].compactMap { RunbookName($0, isProcedure: $0 == "RestoreVault") }
        let entries = (0..<count).map { index in
            HistoryEntry(
                at: snapshot.now - .seconds(index * 600),
                kind: HistoryEntry.Kind.allCases[index % HistoryEntry.Kind.allCases.count], subject: text,
                receiver: text, integration: text, detail: text, incidents: [index])
        }
        let tree = RouteTree(
            Route(
                receiver: text,
                routes: (0..<count / 4).map { Route(matchers: [Matcher("a", equals: text + "\($0)")]) }))
        let series = (0..<count / 2).map { index in
            Series(
                Labels(["node": text + "\(index)"]),
                [(0, 1), (1000, .nan), (2000, 1e308), (3000, -1e308), (4000, .infinity)].map { Point(t: $0.0, v: $0.1) }
            )
        }
        let question = QueryPage.Question(
            { ["expr": "up{a=\"\(text)\"}", "range": "6h"][$0] }, now: snapshot.now,
            Clock(zone: .utc, now: snapshot.now))
        var facts = AgentPage.Facts()
        (facts.degradations, facts.flags, facts.routing) = ([text], [text: text], text)
        facts.configuration = ConfigurationView(
            text: text, path: text, loadedAt: snapshot.now,
            reload: .init(at: snapshot.now, changes: Array(repeating: text, count: count)),
            warnings: Array(repeating: text, count: count))
        facts.families = [
            MetricFamily(
                "vaultwatch_loop_age_seconds", .gauge, help: "", samples: [.init(Labels(["loop": text]), .nan)])
        ]
        let markdown = "# \(text)\n\n## Check\n1. \(text)\n   ```sh\n   \(text)\n   ```\n\n[a](javascript:alert(1))"
        let preview = SilencePreview([[Matcher("node", equals: text + "1")]], snapshot.alerts, [])
        var pages: [(String, [UInt8])] = [
            ("runbooks", RunbooksPage(alerts: alerts, runbooks: names).render(context)),
            (
                "runbook",
                RunbookPage(
                    name: text, isProcedure: false, text: markdown, problem: text, alert: alerts.first,
                    subject: alerts.first.flatMap { RunbookPage.subject($0, [], snapshot) }
                ).render(context)
            ),
            (
                "no runbook",
                RunbookPage(name: text, isProcedure: false, text: nil, alert: alerts.last, subject: nil).render(context)
            ),
            ("silences", SilencesPage(snapshot: snapshot).render(context)),
            (
                "new silence",
                NewSilencePage(
                    draft: SilenceDraft { ["matchers": "{node=\"\(text)\"}", "comment": text][$0] }, preview: preview,
                    problem: .init(field: .matchers, message: text)
                ).render(context)
            ),
            (
                "history",
                HistoryPage(filter: .init(text: String(text.prefix(200))), entries: entries, receivers: [text])
                    .render(context)
            ),
            ("rules", RulesPage(groups: snapshot.rules, state: "", text: "").render(context)),
            ("targets", TargetsPage(snapshot: snapshot, state: "", text: "").render(context)),
            ("routes", RoutesPage(snapshot: snapshot, tree: tree, labels: text).render(context)),
            (
                "receiver test",
                ReceiverTestPage(
                    receiver: text, integrations: snapshot.status.receivers,
                    tests: entries.compactMap { ReceiverTest($0) }, severity: .low, isSent: true, problem: text
                ).render(context)
            ),
            ("agent", AgentPage(facts: facts).render(context)),
            (
                "query",
                QueryPage(
                    question: question, now: .vector(series.map { ($0.labels, Point(t: 0, v: .infinity)) }),
                    series: series, problem: ""
                ).render(context)
            ),
            (
                "wrong query",
                QueryPage(question: question, now: nil, series: [], problem: "1:4: \(text)").render(context)
            ),
            ("backups", BackupsPage(snapshot: snapshot).render(context)),
        ]
        if let silence = snapshot.silences.first {
            pages.append(("silence", SilencePage(snapshot: snapshot, silence: silence).render(context)))
        }
        if let set = snapshot.backups.sets.first, let day = set.days.first {
            pages.append(("backup", BackupsPage(snapshot: snapshot, chosen: (set.set, day.date)).render(context)))
        }
        return pages
    }

    /// Made once: the worst-case pages are large.
    private static let all: [(name: String, html: [UInt8])] = {
        let tests = MorePageTests()
        let empty = EstateSnapshot(now: Fixtures.now)
        return tests.pages(tests.snapshot(Fixtures.evil, count: 1000), Fixtures.evil, count: 1000)
            + tests.pages(tests.snapshot("vault-2", count: 20), "vault-2", count: 20) + tests.pages(empty, "", count: 0)
    }()

    /// The output contains no external markup and no invalid numbers.
    @Test func textFromOutsideStaysText() {
        for (name, html) in MorePageTests.all {
            let text = String(decoding: html, as: UTF8.self)
            #expect(!text.contains("<script>"), "\(name)")
            #expect(!text.contains("NaN") && !text.contains("=\"nan") && !text.contains("inf\""), "\(name)")
            #expect(!text.contains("\u{202e}") && !text.utf8.contains(0), "\(name)")
            #expect(!text.contains("style="), "\(name)")
            #expect(!text.contains("href=\"javascript:"), "\(name)")
        }
    }

    @Test func everyPageHasOneHeadingItsLandmarksAndItsLinks() {
        for (name, html) in MorePageTests.all {
            let text = String(decoding: html, as: UTF8.self)
            #expect(text.components(separatedBy: "<h1").count == 2, "\(name)")
            #expect(text.contains("<main id=main") && text.contains("<nav aria-label=Pages"), "\(name)")
            for icon in Icon.allCases {
                #expect(
                    text.contains("href=\"#i-\(icon.rawValue)\"")
                        == text.contains("<symbol id=\"i-\(icon.rawValue)\""), "\(name): \(icon)")
            }
            for href in text.components(separatedBy: "href=\"/").dropFirst() {
                #expect(href.hasPrefix("watch/"), "\(name): a link without the prefix")
            }
            let opened = text.components(separatedBy: "<div").count
            #expect(opened == text.components(separatedBy: "</div>").count, "\(name)")
            #expect(text.components(separatedBy: "<section").count == text.components(separatedBy: "</section>").count)
            guard !text.contains("&lt;script") else { continue }
            let ids = text.components(separatedBy: " id=").dropFirst().map {
                $0.prefix { !" >".contains($0) }.filter { $0 != "\"" }
            }
            #expect(Set(ids).count == ids.count, "\(name): an id twice")
        }
    }

    /// 60 KB for the reference estate; 120 KB whatever the external data.
    @Test func pagesStayWithinTheirBudgets() {
        for (name, html) in pages(snapshot("vault-2", count: 20), "vault-2", count: 20) {
            print("\(name): \(html.count) bytes")
            #expect(html.count <= 60 << 10, "\(name)")
        }
        for (name, html) in pages(snapshot(Fixtures.evil, count: 1000), MorePageTests.long, count: 1000) {
            print("worst \(name): \(html.count) bytes")
            #expect(html.count <= 120 << 10, "worst \(name)")
        }
    }

    // MARK: Words

    private func text(_ html: [UInt8]) -> String { String(decoding: html, as: UTF8.self) }

    @Test func whatIsNotKnownIsSaid() {
        let empty = EstateSnapshot(now: Fixtures.now)
        let context = context()
        #expect(text(SilencesPage(snapshot: empty).render(context)).contains("nothing is silenced"))
        #expect(text(BackupsPage(snapshot: empty).render(context)).contains("No backups are watched"))
        #expect(text(BackupsPage(snapshot: empty).render(context)).contains("no good backup is known"))
        #expect(
            text(RulesPage(groups: [], state: "", text: "").render(context)).contains("no alert will ever fire"))
        #expect(text(TargetsPage(snapshot: empty, state: "", text: "").render(context)).contains("No target is like"))
        #expect(
            text(HistoryPage(filter: .init(), entries: [], receivers: []).render(context)).contains(
                "Nothing like that is in the history"))
    }

    /// A silence that ends while its alert fires says so beforehand, and afterwards that it still does.
    @Test func aSilenceWarnsOfWhatFiresAfterItsEnd() {
        var snapshot = EstateSnapshot(now: Fixtures.now)
        func status(_ silencedBy: [String]) -> AlertStatus {
            AlertStatus(
                alert: Fixtures.alert("VaultSealed", ["node": "vault-2"]), state: .suppressed, silencedBy: silencedBy,
                inhibitedBy: [], mutedBy: [], receivers: [], acknowledgement: nil)
        }
        var silence = Silence(
            id: "s", matchers: [Matcher("node", equals: "vault-2")], startsAt: Fixtures.now - .seconds(60),
            endsAt: Fixtures.now + .seconds(60), createdBy: "ann", comment: "upgrade")
        func page() -> String {
            snapshot.silences = [silence]
            return text(SilencePage(snapshot: snapshot, silence: silence).render(context()))
                + text(SilencesPage(snapshot: snapshot).render(context()))
        }
        #expect(!page().contains("then told again"))
        snapshot.alerts = [status(["s"])]
        #expect(page().components(separatedBy: " 1 alert fires now; then told again, unless over by then").count == 3)
        silence.untilResolved = true
        #expect(!page().contains("then told again"))
        silence.untilResolved = false
        silence.endsAt = Fixtures.now - .seconds(1)
        snapshot.alerts = [status([])]
        #expect(page().contains(" 1 alert fires on"))
    }

    /// What is promised stands beside what is measured, and what does not hold is said.
    @Test func promisesStandBesideWhatIsMeasured() {
        var snapshot = EstateSnapshot(now: Fixtures.now)
        snapshot.backups.sets = [
            BackupCalendarView(set: "daily", newestGood: Fixtures.now - .seconds(20 * 3600))
        ]
        func page() -> String { text(BackupsPage(snapshot: snapshot).render(context())) }
        #expect(!page().contains("promised"))
        (snapshot.backups.promisedPoint, snapshot.backups.promisedTime) = (.seconds(26 * 3600), .seconds(3600))
        #expect(page().contains("promised: 1 d 2 h at most") && page().contains("promised: 1 h at most"))
        #expect(page().contains("The newest backup of each set is there"))
        snapshot.backups.promisedPoint = .seconds(3600)
        #expect(page().contains("A promise for the recovery does not hold"))
        #expect(page().contains("More is lost than the 1 h that are promised."))
        snapshot.backups.restoreDuration = .seconds(7200)
        #expect(page().contains("The last restore took longer than the 1 h that are promised."))
    }

    @Test func aPreviewCountsByName() {
        var snapshot = EstateSnapshot(now: Fixtures.now)
        snapshot.alerts = ["vault-1", "vault-2"].map { node in
            AlertStatus(
                alert: Fixtures.alert("VaultSealed", ["node": node]), state: .active, silencedBy: [], inhibitedBy: [],
                mutedBy: [], receivers: [], acknowledgement: nil)
        }
        let past = HistoryEntry(
            at: Fixtures.now - .seconds(20 * 3600), kind: .ended,
            subject: "{alertname=\"VaultSealed\", node=\"vault-3\", severity=\"critical\"}")
        let matchers = [Matcher("alertname", equals: "VaultSealed")]
        let draft = SilenceDraft { ["matchers": "alertname=VaultSealed", "comment": "x"][$0] }
        let page = text(
            NewSilencePage(draft: draft, preview: SilencePreview([matchers], snapshot.alerts, [past])).render(context())
        )
        #expect(
            page.contains("<td class=wrap>VaultSealed</td><td class=num>2</td><td class=num>3</td>"))
        #expect(!page.contains("It matches nothing that fires now"))
        let none = text(
            NewSilencePage(draft: draft, preview: SilencePreview([matchers], [], [past])).render(context()))
        #expect(
            none.contains("It matches nothing that fires now") && none.contains("<td class=num>0</td><td class=num>1"))
    }

    @Test func aCalendarBeginsOnMonday() {
        var snapshot = EstateSnapshot(now: Fixtures.now)
        snapshot.backups.sets = [
            BackupCalendarView(
                set: "daily",
                days: [
                    // A Thursday.
                    .init(date: "2026-11-26", start: Fixtures.now, state: .verified, size: 20_000),
                    .init(date: "2026-11-27", start: Fixtures.now, state: .missing),
                ])
        ]
        let page = text(BackupsPage(snapshot: snapshot).render(context()))
        #expect(page.components(separatedBy: "class=\"day out\"").count == 4)
        #expect(page.contains("<span>26 Nov</span>") && page.contains("<span>27</span>"))
        #expect(page.contains("class=\"day missing\" href=\"/watch/backups/daily/2026-11-27\""))
        #expect(page.contains("The newest backup is missing") && page.contains("1 of 2 of daily"))
        #expect(BackupsPage(snapshot: snapshot, chosen: ("daily", "2026-11-26")).isFound)
        #expect(!BackupsPage(snapshot: snapshot, chosen: ("daily", "2026-11-25")).isFound)
    }

    @Test func historyIsByDayInThePagesZone() {
        let entries = [
            HistoryEntry(
                at: Fixtures.now, kind: .firing, subject: "{alertname=\"VaultSealed\", node=\"vault-2\"}",
                incidents: [7]),
            HistoryEntry(at: Fixtures.now - .seconds(3 * 3600), kind: .sent, subject: "{}", receiver: "oncall"),
        ]
        let page = text(HistoryPage(filter: .init(), entries: entries, receivers: []).render(context()))
        #expect(page.contains("<h2>Sat 28 Nov</h2>") && page.contains("<h2>Fri 27 Nov</h2>"))
        let filtered = text(
            HistoryPage(filter: .init(kind: "held", text: "a b"), entries: [], receivers: []).render(context()))
        let query = "/watch/api/v1/vaultwatch/history?kind=held&amp;contains=a%20b&amp;limit=10000"
        #expect(filtered.contains("href=\"\(query)\">JSON</a>"))
        #expect(filtered.contains("href=\"\(query)&amp;format=csv\">CSV</a>"))
        #expect(page.contains("VaultSealed, node vault-2") && page.contains("/watch/incidents/7\">#7</a>"))
    }

    /// The times are in the page's zone, and are passed on to the same query over the API.
    @Test func historyIsLimitedByTimes() throws {
        var context = context()
        context.zone = try TimeZoneData.named("Europe/Berlin", SystemFiles())
        func page(_ from: String, _ to: String, before: String = "") -> String {
            let filter = HistoryPage.Filter(from: from, to: to, before: before)
            return text(HistoryPage(filter: filter, entries: [], receivers: []).render(context))
        }
        let day = page("2026-11-27", "2026-11-27")
        #expect(day.contains("name=\"from\" value=\"2026-11-27T00:00:00\""))
        #expect(day.contains("name=\"to\" value=\"2026-11-27T23:59:59\"") && day.contains(">To, in CET</label>"))
        let clock = context.clock
        let span = HistoryPage.Filter(from: "2026-11-27", to: "2026-11-27").span(clock)
        #expect(span.from == Timestamp(rfc3339: "2026-11-26T23:00:00Z") && span.problem.isEmpty)
        #expect(span.to == Timestamp(rfc3339: "2026-11-27T22:59:59.999Z"))
        let from = try #require(span.from), to = try #require(span.to)
        let query = Address("x", query: [("start", from.rfc3339), ("end", to.rfc3339)]).text.dropFirst(3)
            .replacing("&", with: "&amp;")
        #expect(day.components(separatedBy: query).count == 3)
        // An older page ends where the first one did; the earlier limit holds.
        let older = HistoryPage.Filter(from: "2026-11-27T10:00", to: "2026-11-28", before: "2026-11-27T12:00:00Z")
        #expect(older.span(clock).from == Timestamp(rfc3339: "2026-11-27T09:00:00Z"))
        #expect(older.span(clock).to == Timestamp(rfc3339: "2026-11-27T12:00:00Z"))
        for (given, problem) in [
            (("evil", ""), "From: expected a day"), (("", "2026-13-01"), "To: expected a day"),
            (("2026-11-28", "2026-11-27"), "To: that is before From"),
        ] {
            let wrong = page(given.0, given.1)
            #expect(wrong.contains(problem) && !wrong.contains("Nothing like that"), "\(given)")
            #expect(!wrong.contains("format=csv"))
        }
        #expect(page("", "", before: "evil").contains("before: expected RFC 3339"))
    }

    /// What does not fit is on the next page, also if everything happened at one time.
    @Test func anOlderPageBeginsWhereThisOneEnds() throws {
        func page(_ step: Duration) -> String {
            let entries = (0...HistoryPage.rowLimit).map { index in
                HistoryEntry(at: Fixtures.now - step * index, kind: .firing, subject: MorePageTests.long)
            }
            let filter = HistoryPage.Filter(kind: "firing", from: "2026-11-01")
            return text(HistoryPage(filter: filter, entries: entries, receivers: []).render(context()))
        }
        func older(_ page: String) throws -> (rows: Int, before: Timestamp) {
            let rows = page.components(separatedBy: "<li><span class=tm>").count - 1
            let link = try #require(page.components(separatedBy: "href=\"/watch/history?").last)
            let query = link.prefix { $0 != "\"" }.replacing("&amp;", with: "&")
            let items = PercentCoding.items(query[...])
            #expect(items.contains { $0.name == "kind" && $0.value == "firing" })
            #expect(items.contains { $0.name == "from" && Timestamp(rfc3339: $0.value) != nil })
            let before = try #require(items.first { $0.name == "before" }?.value)
            return (rows, try #require(Timestamp(rfc3339: before)))
        }
        let many = try older(page(.seconds(60)))
        #expect(many.rows > 10 && many.rows < HistoryPage.rowLimit)
        #expect(many.before == Fixtures.now - .seconds(60) * (many.rows - 1))
        let single = page(.zero)
        #expect(try older(single).before == Fixtures.now - .milliseconds(1))
        #expect(single.contains("more of the same time: ") && !page(.seconds(60)).contains("more of the same time"))
    }

    /// On a full page those that fail or fire come first, wherever they stand.
    @Test func rulesThatNeedAttentionComeFirst() throws {
        func rule(_ name: String, firing: Bool = false, fails: Bool = false) -> RuleView {
            let alert = AlertView(
                labels: Labels(["alertname": name]), annotations: [:], state: .firing, activeAt: Fixtures.now, value: 1)
            return RuleView(
                name: name, query: "up == 0 # " + String(MorePageTests.long.prefix(400)),
                kind: .alerting(.init(hold: .zero, keepFiring: .zero, annotations: [:], alerts: firing ? [alert] : [])),
                health: fails ? .err : .ok, lastError: fails ? "wrong" : nil, evaluationTime: 0,
                lastEvaluation: Fixtures.now)
        }
        var groups = (0..<40).map { group in
            RuleGroupView(
                name: "group-\(group)", file: "f", interval: .seconds(5),
                rules: (0..<50).map { rule("Quiet\(group)_\($0)") }, lastEvaluation: Fixtures.now)
        }
        groups[30].rules.append(rule("Fires", firing: true))
        groups[39].rules.append(rule("Fails", fails: true))
        let page = text(RulesPage(groups: groups, state: "", text: "").render(context()))
        #expect(page.utf8.count <= 120 << 10)
        func place(_ text: String) throws -> String.Index { try #require(page.firstRange(of: text)).lowerBound }
        #expect(try place(">group-39<") < place(">Fails<") && place(">Fails<") < place(">group-30<"))
        #expect(try place(">group-30<") < place(">Fires<") && place(">Fires<") < place(">group-0<"))
        #expect(page.contains(" more of this group") && page.contains("more: narrow it down above"))
        #expect(page.contains("href=\"/watch/api/v1/rules\">all as JSON</a>"))
        // Nothing is left out of a small page.
        let small = text(RulesPage(groups: [groups[0]], state: "", text: "Quiet0_1").render(context()))
        #expect(small.components(separatedBy: "<tr><td class=wrap>").count == 12 && !small.contains(" more"))
    }

    /// The receivers that refuse come first, and leave the tree its room.
    @Test func theTreeAndTheReceiversShareThePage() {
        var snapshot = Fixtures.reference(inOutage: false)
        snapshot.status.receivers = (0..<200).map { index in
            .init(
                name: "r\(index)", integration: "slack/0", health: index == 199 ? .critical : .ok,
                lastError: String(repeating: "x", count: 300))
        }
        let tree = RouteTree(
            Route(receiver: "all", routes: (0..<500).map { Route(matchers: [Matcher("a", equals: "b\($0)")]) }))
        let page = text(RoutesPage(snapshot: snapshot, tree: tree, labels: "").render(context()))
        #expect(page.utf8.count <= 120 << 10)
        #expect(page.contains(">r199 <small") && !page.contains(">r198 <small"))
        #expect(page.contains("a=&quot;b50&quot;") && !page.contains("a=&quot;b499&quot;"))
        #expect(page.contains("/watch/api/v1/vaultwatch/status\">all as JSON</a>"))
        #expect(page.contains("/watch/api/v2/status\">all as JSON</a>"))
    }

    @Test func aTargetHasItsHourItsFailuresAndItsNextTurn() {
        let snapshot = snapshot("vault-2", count: 1)
        var course = ProbeCourse()
        course.add(durations: [0.004, 2.5, 0.006, .nan])
        course.failures = ["timeout": 2, "connect": 1204]
        (course.interval, course.next) = (.seconds(60), Fixtures.now + .seconds(19))
        func page(_ courses: [String: ProbeCourse]) -> String {
            text(TargetsPage(snapshot: snapshot, courses: courses, state: "", text: "").render(context()))
        }
        let known = page(["vault_node vault-2/0": course])
        #expect(known.contains("median 6 ms") && known.contains("slowest 2.5 s"))
        #expect(known.contains("connect 1,204 and timeout 2") && known.contains(">02:14:00</time>"))
        #expect(known.contains("each 1 min"))
        #expect(page([:]).contains("no probe") && page([:]).contains("each 5 s"))
    }

    @Test func aRuleThatReadsNothingIsFound() {
        func rule(_ name: String, reads series: Int, alerts: [AlertView] = []) -> RuleView {
            var rule = RuleView(
                name: name, query: "\(name)_up == 0",
                kind: .alerting(.init(hold: .zero, keepFiring: .zero, annotations: [:], alerts: alerts)), health: .ok,
                evaluationTime: 0.002, lastEvaluation: Fixtures.now)
            (rule.series, rule.samples, rule.readsNothing) = (series, 60 * series, series == 0)
            return rule
        }
        let fires = AlertView(
            labels: Labels(["alertname": "NoData"]), annotations: [:], state: .firing, activeAt: Fixtures.now, value: 1)
        var group = RuleGroupView(
            name: "g", file: "r.yml", interval: .seconds(5),
            rules: [rule("Quiet", reads: 3), rule("Typo", reads: 0), rule("NoData", reads: 0, alerts: [fires])],
            lastEvaluation: Fixtures.now)
        group.lateness = 1.5
        func page(_ state: String) -> String {
            text(RulesPage(groups: [group], state: state, text: "").render(context()))
        }
        #expect(page("").contains(" · 1 firing · 1 reads nothing") && page("").contains("began 1.5 s late"))
        #expect(page("").contains("3 series, 180 samples") && page("").contains("no series, no samples"))
        #expect(page("nomatch").contains("Typo_up") && page("nomatch").contains("<option value=\"nomatch\" selected>"))
        #expect(!page("nomatch").contains("Quiet_up") && !page("nomatch").contains("NoData_up"))
    }

    @Test func labelsAreTriedOnTheTree() {
        let tree = RouteTree(
            Route(
                receiver: "chat",
                routes: [Route(receiver: "oncall", matchers: [Matcher("severity", equals: "critical")])]))
        var snapshot = EstateSnapshot(now: Fixtures.now)
        let status = AlertStatus(
            alert: Fixtures.alert("A"), state: .active, silencedBy: [], inhibitedBy: [], mutedBy: [], receivers: [],
            acknowledgement: nil)
        snapshot.groups = [
            GroupStatus(
                key: "{}/{severity=\"critical\"}:{}", labels: Labels([:]), receiver: "oncall", alerts: [status, status])
        ]
        func page(_ labels: String) -> String {
            text(RoutesPage(snapshot: snapshot, tree: tree, labels: labels).render(context()))
        }
        #expect(page("severity=critical").contains("<h3>to oncall</h3>"))
        #expect(page("severity=low").contains("<h3>to chat</h3>"))
        #expect(page("severity=low").contains(">2 alerts</span>") && page("").contains(">no alerts</span>"))
        #expect(page("severity=~x").contains("labels of an alert are written with ="))
        #expect(page("{{").contains("class=\"say bad\""))
    }

    @Test func theConfigurationSaysWhatIsWrongWithIt() {
        var facts = AgentPage.Facts()
        #expect(text(AgentPage(facts: facts).render(context())).contains("Not known."))
        var view = ConfigurationView(
            text: "global:\n  poll_interval: 5s\n", path: "/etc/vaultwatch.yml", loadedAt: Fixtures.now - .seconds(60),
            warnings: ["no rules are loaded: nothing will ever alert"])
        func page() -> String {
            facts.configuration = view
            return text(AgentPage(facts: facts).render(context()))
        }
        #expect(page().contains("/etc/vaultwatch.yml") && page().contains("poll_interval: 5s"))
        #expect(page().contains("no rules are loaded") && !page().contains("The last reload"))
        view.reload = .init(at: Fixtures.now, changes: ["global.poll_interval: 10s → 5s"])
        #expect(page().contains("<code>global.poll_interval: 10s → 5s</code>") && !page().contains("refused"))
        view.reload = .init(at: Fixtures.now, changes: (0..<150).map { "rules[\($0)]: x, new" })
        #expect(
            page().contains("rules[99]") && !page().contains("rules[100]") && page().contains("and 50 changes more"))
        let written = view.text
        view.text = (0..<9000).map { "key\($0): \"a\"\n" }.joined()
        #expect(page().utf8.count <= 120 << 10 && page().contains("key500:") && !page().contains("key8999:"))
        #expect(page().contains(" of its lines · <a href=\"/watch/api/v1/status/config\">all as JSON</a>"))
        #expect(page().contains(">The program<") && page().contains("rules[99]"))
        view.text = written
        view.reload = .init(at: Fixtures.now, refusal: "vaultwatch.yml:2:1: unknown key")
        #expect(page().contains("vaultwatch.yml:2:1: unknown key") && page().contains("stays in force"))
    }

    /// Whether it would page: not within a mute time, under a silence, or at a receiver that sends nothing anywhere.
    @Test func labelsAreTriedAtATime() {
        let night = TimeWindow(times: [.init(0, 240)])
        var tree = Route(receiver: "chat")
        tree.routes = [
            Route(
                receiver: "oncall", matchers: [Matcher("severity", equals: "critical")], continues: true,
                muteTimeIntervals: ["nights"]),
            Route(receiver: "nobody", matchers: [Matcher("severity", equals: "critical")]),
        ]
        var snapshot = Fixtures.reference(inOutage: false)
        snapshot.silences = [
            Silence(
                id: "s", matchers: [Matcher("node", equals: "vault-2")], startsAt: Fixtures.now,
                endsAt: Fixtures.now + .seconds(3600), createdBy: "ann")
        ]
        func page(_ labels: String, _ moment: String) -> String {
            var page = RoutesPage(snapshot: snapshot, tree: RouteTree(tree), labels: labels)
            (page.moment, page.intervals) = (moment, ["nights": [night]])
            return text(page.render(context()))
        }
        let critical = "severity=critical"
        #expect(page(critical, "2026-11-28T03:00").contains("<b>no</b>, because of the mute time nights"))
        #expect(page(critical, "2026-11-28T03:00").contains("<b>no</b>, because nobody has no integrations"))
        #expect(page(critical, "2026-11-28T05:00").contains(">Sat 28 Nov 05:00:00</time>: <b>yes</b>"))
        #expect(
            page("node=vault-2", "2026-11-28T03:00").contains("because of the silence node=&quot;vault-2&quot; of ann"))
        #expect(page("node=vault-2", "2026-11-28T05:00").contains("<b>yes</b>"))
        #expect(
            page(critical, "tomorrow").contains("expected a day and a time") && !page(critical, "x").contains("<b>yes"))
        // The default is now.
        #expect(page(critical, "").contains("value=\"2026-11-28T02:13\"") && page(critical, "").contains("mute time"))
    }

    @Test func aReceiverHasItsLastTest() throws {
        let entry = HistoryEntry(
            at: Fixtures.now - .seconds(60), kind: .test, subject: "{}", receiver: "chat", integration: "slack/0",
            detail: ReceiverTest.detail(isAccepted: false, by: "ann", "serverError: HTTP 500"))
        let test = try #require(ReceiverTest(entry))
        let snapshot = Fixtures.reference(inOutage: false)
        var routes = RoutesPage(snapshot: snapshot, tree: nil, labels: "")
        routes.tests = [test]
        let page = text(routes.render(context()))
        #expect(page.contains("href=\"/watch/routes/test?receiver=chat\"") && page.contains(" refused</span>"))
        let integrations = snapshot.status.receivers.filter { $0.name == "chat" }
        let asked = ReceiverTestPage(receiver: "chat", integrations: integrations, tests: [], severity: .high)
        #expect(text(asked.render(context())).contains("<option selected>high</option>"))
        #expect(text(asked.render(context())).contains("name=token value=\"0123456789abcdef\""))
        // Whoever may not send one is led to the login.
        var reader = context()
        reader.mayChange = false
        #expect(!text(asked.render(reader)).contains("<button class=\"btn go\">Send the test"))
        #expect(text(asked.render(reader)).contains("Log in to send a test"))
        let told = ReceiverTestPage(
            receiver: "chat", integrations: integrations, tests: [test], severity: .high, isSent: true)
        #expect(text(told.render(context())).contains("chat refused the test"))
        #expect(text(told.render(context())).contains("sent by ann: serverError: HTTP 500"))
    }

    @Test func aMistakeInAnExpressionIsMarked() {
        let question = QueryPage.Question(
            { ["expr": "sum(up) bÿ (x)"][$0] }, now: Fixtures.now, Clock(zone: .utc, now: Fixtures.now))
        let page = text(
            QueryPage(
                question: question, now: nil, series: [],
                problem: "invalid parameter \"query\": 1:9: unexpected identifier\nsum(up) bÿ\n        ^"
            ).render(context()))
        #expect(page.contains("<pre class=pre>sum(up) <mark>b</mark>ÿ (x)</pre>"))
        #expect(QueryPage.position(in: "1:3: x", of: "äé") == "äé".endIndex)
        #expect(QueryPage.position(in: "1:4: x", of: "äé") == nil)
        #expect(QueryPage.position(in: "2:1: x", of: "a\nb") == "a\nb".index("a\nb".startIndex, offsetBy: 2))
        #expect(QueryPage.position(in: "9:9: x", of: "a") == nil)
        #expect(QueryPage.position(in: "no position", of: "a") == nil)
    }

    @Test(arguments: [
        ("1h", "2026-11-28 02:00", "2026-11-28T01:00:00Z", "2026-11-28T02:00:00Z"),
        ("15m", "2026-11-28T02:00:00Z", "2026-11-28T01:45:00Z", "2026-11-28T02:00:00Z"),
        ("evil", "evil", "2026-11-28T01:13:41Z", "2026-11-28T02:13:41Z"),
        ("0s", "", "2026-11-28T01:13:41Z", "2026-11-28T02:13:41Z"),
        ("9999999h", "", "2026-11-28T01:13:41Z", "2026-11-28T02:13:41Z"),
    ])
    func aRangeIsReadAsItIsWritten(_ range: String, _ end: String, _ from: String, _ to: String) {
        let question = QueryPage.Question(
            { ["expr": "up", "range": range, "end": end][$0] }, now: Fixtures.now,
            Clock(zone: .utc, now: Fixtures.now))
        #expect(question.start == Timestamp(rfc3339: from) && question.end == Timestamp(rfc3339: to))
        #expect(question.step >= .seconds(1))
    }
}
