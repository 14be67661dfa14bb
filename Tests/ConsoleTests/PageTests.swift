import Alerts
import Foundation
import HTTPServer
import Platform
import Samples
import Testing
import TimeZones
import Web

@testable import Console

/// Every page, with typical data, the worst case and none.
struct PageTests {
    private func context(_ snapshot: EstateSnapshot) -> PageContext {
        var context = PageContext()
        context.now = snapshot.now
        context.prefix = "/watch"
        context.mayChange = true
        context.token = { _ in "0123456789abcdef" }
        context.openIncidents = snapshot.incidents.count
        context.gravity = Gravity(snapshot)
        return context
    }

    /// A shipped runbook, with placeholders.
    private static let runbook: String? = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "rules/runbooks/PostgresDown.md")
        return (try? String(contentsOf: file, encoding: .utf8)).map(RunbookText.plain)
    }()

    private func pages(_ snapshot: EstateSnapshot, _ detail: IncidentDetail) -> [(name: String, html: [UInt8])] {
        let context = context(snapshot)
        let target = snapshot.status.sections.first?.targets.first
        var pages: [(String, [UInt8])] = [
            (
                "overview",
                OverviewPage(
                    snapshot: snapshot, detail: detail, degradations: [Fixtures.evil], runbook: Self.runbook
                ).render(context)
            ),
            ("incidents", IncidentsPage(snapshot: snapshot, filter: .init(text: "")).render(context)),
            (
                "incident",
                IncidentPage(
                    snapshot: snapshot, detail: detail,
                    measured: IncidentPage.measured(detail.incident.record, snapshot.vitals), filter: nil,
                    runbook: Self.runbook
                ).render(context)
            ),
            ("estate", EstatePage(snapshot: snapshot).render(context)),
            ("not found", NotFoundPage(path: "/" + Fixtures.evil).render(context)),
        ]
        if let target,
            let page = TargetPage(
                snapshot: snapshot, kind: target.kind ?? "", name: target.target ?? "", states: nil,
                range: .seconds(21600))
        {
            pages.append(("target", page.render(context)))
        }
        return pages
    }

    private var worstDetail: IncidentDetail {
        let worst = Fixtures.worst.incidents[1]
        let events = (0..<500).map { index in
            IncidentEvent(
                HistoryEntry(
                    at: Fixtures.now, kind: HistoryEntry.Kind.allCases[index % HistoryEntry.Kind.allCases.count],
                    subject: Fixtures.evil, receiver: Fixtures.evil, integration: Fixtures.evil,
                    detail: String(repeating: Fixtures.evil, count: 100)),
                kind: IncidentEvent.Kind.allCases[index % IncidentEvent.Kind.allCases.count], start: Fixtures.now)
        }
        return IncidentDetail(worst, events: events, isCut: true, similar: (0..<10).map { _ in worst.record })
    }

    /// The output contains no external markup, no invalid numbers, and no template syntax.
    @Test func textFromOutsideStaysText() {
        for (name, html) in pages(Fixtures.worst, worstDetail) {
            let text = String(decoding: html, as: UTF8.self)
            #expect(!text.contains("<script>"), "\(name)")
            #expect(!text.contains("NaN") && !text.contains("nan") && !text.contains("inf\""), "\(name)")
            #expect(!text.contains("\u{202e}") && !text.utf8.contains(0), "\(name)")
            #expect(!text.contains("style="), "\(name)")
        }
    }

    @Test func everyPageHasOneHeadingAndItsLandmarks() {
        for snapshot in [
            Fixtures.reference(inOutage: true), Fixtures.reference(inOutage: false), EstateSnapshot(now: Fixtures.now),
            Fixtures.worst,
        ] {
            for (name, html) in pages(snapshot, Fixtures.detail) {
                let text = String(decoding: html, as: UTF8.self)
                #expect(text.components(separatedBy: "<h1").count == 2, "\(name)")
                #expect(text.contains("<main id=main") && text.contains("<nav aria-label=Pages"), "\(name)")
                #expect(text.contains("<title>") && text.contains("lang=en"), "\(name)")
                let ids = text.components(separatedBy: " id=").dropFirst().map {
                    $0.prefix { !" >".contains($0) }.filter { $0 != "\"" }
                }
                #expect(Set(ids).count == ids.count, "\(name): an id twice")
                // Exactly the symbols that are used are defined.
                for icon in Icon.allCases {
                    #expect(
                        text.contains("href=\"#i-\(icon.rawValue)\"")
                            == text.contains("<symbol id=\"i-\(icon.rawValue)\""),
                        "\(name): \(icon)")
                }
                for href in text.components(separatedBy: "href=\"/").dropFirst() {
                    #expect(href.hasPrefix("watch/"), "\(name): a link without the prefix")
                }
            }
        }
    }

    /// The design's budgets: 40 KB and 1,200 elements for the reference estate; 120 KB whatever the external data.
    @Test func pagesStayWithinTheirBudgets() {
        for inOutage in [true, false] {
            for (name, html) in pages(Fixtures.reference(inOutage: inOutage), Fixtures.detail) {
                let compressed = Gzip.compress(html)?.count ?? .max
                let elements = PageTests.elements(html)
                print("\(name): \(html.count) bytes, \(compressed) compressed, \(elements) elements")
                #expect(html.count <= 40 << 10, "\(name)")
                #expect(compressed <= 10 << 10, "\(name)")
                #expect(elements <= 1200, "\(name)")
            }
        }
        for (name, html) in pages(Fixtures.worst, worstDetail) {
            print("worst \(name): \(html.count) bytes")
            #expect(html.count <= 120 << 10, "worst \(name)")
        }
        for hasFault in [true, false] {
            let snapshot = Fixtures.large(hasFault: hasFault)
            for (name, html) in pages(snapshot, PageTests.longDetail) {
                print("large \(name): \(html.count) bytes, \(PageTests.elements(html)) elements")
                #expect(html.count <= 120 << 10, "large \(name)")
            }
        }
    }

    /// Both travel compressed, as the server compresses them.
    @Test func assetsStayWithinTheirBudgets() throws {
        for (name, asset, plain, compressed) in [
            ("style", Assets.style, 22 << 10, 6 << 10), ("script", Assets.script, 9 << 10, 3584),
        ] {
            let packed = try #require(asset.compressed)
            print("\(name): \(asset.count) bytes, \(packed.count) compressed")
            #expect(asset.count <= plain, "\(name)")
            #expect(packed.count <= compressed, "\(name)")
        }
    }

    /// The number of elements: opening tags.
    private static func elements(_ html: [UInt8]) -> Int {
        zip(html, html.dropFirst()).count { $0 == UInt8(ascii: "<") && (0x61...0x7a).contains($1) }
    }

    /// An incident of hours, with everything that a long one has.
    private static var longDetail: IncidentDetail {
        let start = Fixtures.outage.startsAt
        let events = (0..<400).map { index in
            IncidentEvent(
                HistoryEntry(
                    at: start + .seconds(index * 30), kind: .state, subject: "postgres prod/pg-1",
                    detail: index % 2 == 0 ? "primary → unreachable, critical" : "unreachable → primary, ok"),
                kind: .state, start: start)
        }
        var view = Fixtures.view
        view.record.notes = (0..<50).map { index in
            IncidentNote(at: start + .seconds(index), by: "ann", text: "tried \(index)")
        }
        return IncidentDetail(view, events: events, isCut: true, similar: [Fixtures.outage])
    }

    /// Of a long course the beginning and the end are shown, and of many notes the newest.
    @Test func ofALongIncidentTheBeginningAndTheEndAreShown() {
        let snapshot = Fixtures.reference(inOutage: true)
        let html = IncidentPage(snapshot: snapshot, detail: PageTests.longDetail, measured: [], filter: nil)
            .render(context(snapshot))
        #expect(PageTests.elements(html) <= 1200)
        let text = String(decoding: html, as: UTF8.self)
        #expect(text.contains("340 events between are left out here"))
        #expect(text.components(separatedBy: "class=\"ic ").count == 61)
        #expect(text.contains(">+3 h 19 min<") && text.contains(">0<"))
        #expect(text.contains("30 earlier notes: the Markdown has all"))
        #expect(text.contains(">tried 49<") && text.contains(">tried 30<") && !text.contains(">tried 29<"))
    }

    // MARK: A large estate

    private func text(_ page: [UInt8]) -> String { String(decoding: page, as: UTF8.self) }

    @Test func healthyClustersAreALineEach() {
        let snapshot = Fixtures.large(hasFault: true)
        let page = text(EstatePage(snapshot: snapshot).render(context(snapshot)))
        #expect(page.components(separatedBy: "<div class=map>").count == 2)
        #expect(page.contains("<h2>Vault cluster c07</h2>"))
        #expect(page.components(separatedBy: "/watch/estate?cluster=c").count > 40)
        let table = page.components(separatedBy: "aria-label=\"Clusters\"").last ?? ""
        let first = table.components(separatedBy: "?cluster=").dropFirst().first ?? ""
        #expect(first.hasPrefix("c07\""))
        #expect(table.contains("25 targets, 1 not well") && table.contains("25 targets, all well"))
        #expect(page.contains("What is not well") && page.contains("999 other targets are well"))
        // The cluster's own page has all of its targets.
        let own = text(EstatePage(snapshot: snapshot, cluster: "c07").render(context(snapshot)))
        #expect(own.contains("Cluster c07</h1>") && own.contains("25 targets"))
        #expect(own.components(separatedBy: "<tr><td>").count == 26)
        #expect(!EstatePage(snapshot: snapshot, cluster: "c99").isFound)
    }

    @Test func healthyTargetsHaveNoStripInALargeEstate() {
        for hasFault in [true, false] {
            let snapshot = Fixtures.large(hasFault: hasFault)
            let page = text(
                OverviewPage(snapshot: snapshot, detail: nil, degradations: []).render(context(snapshot)))
            #expect(page.components(separatedBy: "<div class=strip>").count == (hasFault ? 2 : 1))
            #expect(
                page.contains(
                    hasFault
                        ? "999 other targets had no fault in the last 6 h"
                        : "1,000 targets had no fault in the last 6 h"))
        }
    }

    /// Neighbours that are too short to be told apart share a bar, as grave as the gravest of them.
    @Test func shortStatesShareABarWithoutHidingAFault() {
        let now = Fixtures.now
        let runs = (0..<200).map { index in
            StateRun(
                from: now - .seconds(20_000 - index * 100),
                to: index == 199 ? nil : now - .seconds(19_900 - index * 100),
                state: index % 2 == 0 ? "active" : "sealed", health: index % 2 == 0 ? .ok : .critical)
        }
        let states = (0..<10).map { TargetStates(target: "vault_node prod/v\($0)", runs: runs) }
        var page = HTML()
        Strips(states: states, now: now).render(&page)
        let drawn = text(page.bytes).components(separatedBy: "<div class=strip>").dropFirst()
        #expect(drawn.count == 10)
        for strip in drawn {
            let bars = strip.components(separatedBy: "<rect class=s-").dropFirst()
            #expect((5...60).contains(bars.count))
            #expect(bars.contains { $0.hasPrefix("crit") && $0.contains("states, sealed among them") })
        }
        // What fits is drawn as it was.
        var short = HTML()
        Strips(states: [TargetStates(target: "vault_node prod/v1", runs: Array(runs.suffix(3)))], now: now)
            .render(&short)
        #expect(!text(short.bytes).contains("among them"))
    }

    @Test func anOutageIsToldAsWhatUsersLose() {
        let snapshot = Fixtures.reference(inOutage: true)
        let text = String(
            decoding: OverviewPage(snapshot: snapshot, detail: Fixtures.detail, degradations: []).render(
                context(snapshot)),
            as: UTF8.self)
        #expect(text.contains("Vault serves nothing: no active node for <span data-since="))
        #expect(text.contains(">2 min 17 s</span>"))
        #expect(
            text.contains("PostgreSQL primary pg-1 does not answer. pg-1 of cluster prod does not answer (connect)."))
        #expect(text.contains("PagerDuty ✓ Slack ✕"))
        #expect(text.contains("Nobody yet"))
        #expect(text.contains("to vault-leads") && text.contains("unless somebody acknowledges it before"))
        #expect(text.contains("One cause, 5 consequences"))
        #expect(text.contains("<small>3 nodes</small>"))
        #expect(
            text.contains(
                "<code>ssh pg-1 &#39;journalctl -u &quot;postgresql*&quot; -n 30; systemctl restart postgresql&#39;</code>"
            ))
        #expect(text.contains("<title>(1) CRITICAL Vault serves nothing: no active node · vaultwatch"))
        #expect(text.contains("action=\"/watch/incidents/318/acknowledge\""))
        #expect(text.contains("class=bad"))
    }

    /// The gravest effect comes first, then the cause and its evidence; a duration is the page's to count.
    @Test func theImpactOfTheGravestMemberIsTheSentence() {
        var snapshot = Fixtures.reference(inOutage: true)
        snapshot.incidents[0].record.members[0].alert.annotations["impact"] = "Logins to Vault fail"
        snapshot.incidents[0].record.members[0].alert.annotations["because"] = "Nothing listens at its address."
        snapshot.incidents[0].record.members[2].alert.annotations["impact"] = "Vault serves; one more node may fail"
        let last = snapshot.incidents[0].record.members.count - 1
        snapshot.incidents[0].record.members[last].alert.annotations["impact"] =
            "Vault serves nothing: no active node for 2m 33s"
        func text(_ snapshot: EstateSnapshot) -> String {
            let detail = IncidentDetail(snapshot.incidents[0], events: [], similar: [])
            let overview = OverviewPage(snapshot: snapshot, detail: nil, degradations: []).render(context(snapshot))
            let incident = IncidentPage(snapshot: snapshot, detail: detail, measured: [], filter: nil).render(
                context(snapshot))
            return String(decoding: overview + incident, as: UTF8.self)
        }
        let outage = text(snapshot)
        #expect(outage.contains("<h1 id=v>Vault serves nothing: no active node for <span data-since="))
        #expect(outage.contains("<h1 id=v>Vault serves nothing: no active node</h1>"))
        #expect(outage.contains("PostgreSQL primary pg-1 does not answer. Nothing listens at its address.</p>"))
        #expect(!outage.contains("2m 33s"))
        // What has ended is no effect any more, and a milder one does not count beside a graver one.
        snapshot.incidents[0].record.members[last].alert.endsAt = snapshot.now
        #expect(text(snapshot).contains("<h1 id=v>Logins to Vault fail</h1>"))
        snapshot.incidents[0].record.members[0].alert.annotations["impact"] = nil
        // A text that was kept from before the outage is not believed.
        #expect(!text(snapshot).contains("may fail</h1>"))
        snapshot.incidents[0].record.members[2].alert.annotations["impact"] = "Vault is slow"
        #expect(text(snapshot).contains("<h1 id=v>Vault is slow</h1>"))
    }

    /// An incident has the texts of the last message, which the rule has evaluated anew since.
    @Test func theSentenceIsAsOldAsTheRule() {
        var snapshot = Fixtures.reference(inOutage: true)
        let cause = snapshot.incidents[0].record.members[0].alert
        var labels = cause.labels
        snapshot.incidents[0].record.members[0].alert.annotations["impact"] = "Logins to Vault fail"
        snapshot.incidents[0].record.members[0].alert.labels = labels.setting("estate", to: "external")
        func rules(_ server: String) -> [RuleGroupView] {
            labels = labels.setting("server", to: server)
            let now = AlertView(
                labels: labels, annotations: ["impact": "All of Vault is slow"], state: .firing,
                activeAt: cause.startsAt, value: 0)
            let rule = RuleView(
                name: cause.name, query: "x",
                kind: .alerting(.init(hold: .zero, keepFiring: .zero, annotations: [:], alerts: [now])))
            return [RuleGroupView(name: "g", file: "r.yml", interval: .seconds(5), rules: [rule])]
        }
        let record = snapshot.incidents[0].record
        #expect(record.refreshed(by: rules("pg-1")).impact == "All of Vault is slow")
        // That of another server is not its own.
        #expect(record.refreshed(by: rules("pg-9")).impact == "Logins to Vault fail")
        snapshot.rules = rules("pg-1")
        let html = OverviewPage(snapshot: snapshot, detail: nil, degradations: []).render(context(snapshot))
        #expect(String(decoding: html, as: UTF8.self).contains("<h1 id=v>All of Vault is slow</h1>"))
    }

    @Test(arguments: [
        ("no active node for 27s", "no active node"), ("no active node for 1d 2h 3m 4.5s", "no active node"),
        ("for 5m", "for 5m"), ("no room for 5", "no room for 5"), ("a writes for b", "a writes for b"),
        ("x for 5m of y", "x for 5m of y"), ("x for ", "x for "), ("", ""),
    ])
    func aDurationAtTheEndIsDropped(_ text: String, _ shown: String) {
        #expect(text.dropLastDuration == shown)
    }

    @Test func whenAllIsWellThePageSaysHowMuchMayFail() {
        let snapshot = Fixtures.reference(inOutage: false)
        let text = String(
            decoding: OverviewPage(snapshot: snapshot, detail: nil, degradations: []).render(context(snapshot)),
            as: UTF8.self)
        #expect(text.contains("Vault serves, and two nodes may fail."))
        #expect(text.contains("vault-1 is active."))
        #expect(text.contains("<b>not known</b>: no backup is watched"))
        #expect(!text.contains("class=bad") && !text.contains("CRITICAL"))
    }

    /// Missing data is shown as unknown.
    @Test func anEstateOfWhichNothingIsKnownIsNotWell() {
        let snapshot = EstateSnapshot(now: Fixtures.now)
        let text = String(
            decoding: OverviewPage(snapshot: snapshot, detail: nil, degradations: []).render(context(snapshot)),
            as: UTF8.self)
        #expect(text.contains("Nothing is watched yet."))
        #expect(!text.contains("All is well"))
    }

    @Test func whoMayNotChangeAnythingIsLedToTheLogin() {
        let snapshot = Fixtures.reference(inOutage: true)
        var context = context(snapshot)
        context.mayChange = false
        context.target = "/incidents/318"
        let html = IncidentPage(snapshot: snapshot, detail: Fixtures.detail, measured: [], filter: nil).render(context)
        let text = String(decoding: html, as: UTF8.self)
        #expect(!text.contains("method=post"))
        #expect(text.contains("/watch/login?next=%2Fincidents%2F318"))
    }

    @Test func theIncidentAsMarkdownHasNoMarkupFromOutside() {
        let clock = Clock(zone: .utc, now: Fixtures.now)
        let text = String(decoding: IncidentMarkdown(detail: worstDetail, clock: clock).render(), as: UTF8.self)
        #expect(!text.contains("<script>"))
        let good = String(decoding: IncidentMarkdown(detail: Fixtures.detail, clock: clock).render(), as: UTF8.self)
        #expect(good.hasPrefix("# Incident 318: PostgreSQL primary pg-1 does not answer\n"))
        #expect(good.contains("- PostgresDown pg-1, 0: "))
        #expect(good.contains("    - VaultNoActiveNode, +21 s: "))
        #expect(good.contains("| 02:11:09 | +1.0 s | PagerDuty oncall accepted | first, 1 firing: HTTP 202 |"))
    }
}
