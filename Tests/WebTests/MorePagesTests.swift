import Alerts
import Dispatching
import Foundation
import HTTPServer
import Platform
import Samples
import Synchronization
import Testing
import Text
import TimeZones

@testable import Web

/// Silences, queries, runbooks and the login through the service.
struct MorePagesTests {
    private let html = [("Accept", "text/html")]

    private func header(_ name: String, _ response: ServerResponse) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    private final class Made: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ text: String) { list.withLock { $0.append(text) } }
    }

    private func silencing() -> (Scripted, Made) {
        var scripted = Scripted()
        let made = Made()
        scripted.sources.snapshot = { () throws(QueryError) in EstateSnapshot(now: Scripted.now) }
        scripted.sources.setSilence = { (silence, caller) throws(SilenceError) in
            made.add("\(silence.matchersText) | \(silence.comment) | \(silence.createdBy) | \(silence.endsAt.rfc3339)")
            return "abc"
        }
        scripted.sources.expireSilence = { (id, caller) throws(SilenceError) in
            guard id == "abc" else { throw id == "old" ? .alreadyExpired(id) : .notFound(id) }
            made.add("expired \(id) by \(caller)")
        }
        return (scripted, made)
    }

    private func token(_ action: String) -> String {
        FormToken.make(
            key: FormToken.key(Scripted.FixedRandom()), user: Caller("", by: .none).description, action: action,
            hour: Scripted.now.milliseconds / 3_600_000)
    }

    private func post(_ scripted: Scripted, _ path: String, _ fields: String) async -> ServerResponse {
        await scripted.respond(
            "POST", path, headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: "token=\(token(path))&\(fields)")
    }

    @Test(arguments: [
        "/silences", "/silences/new", "/history", "/rules", "/targets", "/routes", "/agent", "/query", "/backups",
        "/runbooks", "/silences/new?matchers=%7Bnode%3D%22vault-2%22%7D", "/history?kind=sent&q=x&from=2026-01-01",
        "/routes?labels=a%3Db", "/routes?labels=a%3Db&at=evil", "/rules?state=firing", "/rules?state=nomatch",
        "/targets?state=down",
    ])
    func everyPageIsThereForBrowsers(_ path: String) async {
        let response = await Scripted().respond("GET", path, headers: html)
        #expect(response.status == 200, "\(path): \(response.status)")
        #expect(header("Content-Type", response) == "text/html; charset=utf-8")
        #expect(header("Content-Security-Policy", response)?.hasPrefix("default-src 'none'") == true)
    }

    /// A time that can't be read is said to be wrong instead of ignored; one that can limits the list.
    @Test func theHistoryIsLimitedByTimes() async {
        var scripted = Scripted()
        let asked = Mutex<[HistoryQuery]>([])
        let ask: @Sendable (HistoryQuery) -> Void = { query in asked.withLock { $0.append(query) } }
        scripted.sources.history = { (query) throws(QueryError) in
            ask(query)
            return { [] }
        }
        for wrong in ["from=evil", "to=2026-02", "before=evil", "from=2026-01-02&to=2026-01-01"] {
            let page = await scripted.respond("GET", "/history?\(wrong)", headers: html)
            #expect(page.status == 400 && page.text.contains("class=\"say bad\" role=alert"), "\(wrong)")
        }
        #expect(asked.withLock { $0.isEmpty })
        let page = await scripted.respond(
            "GET", "/history?tz=UTC&from=2026-01-01&to=2026-01-01T12%3A30", headers: html)
        #expect(page.status == 200)
        #expect(
            asked.withLock { $0 }.map { [$0.from, $0.to] } == [
                [Timestamp(rfc3339: "2026-01-01T00:00:00Z"), Timestamp(rfc3339: "2026-01-01T12:30:00Z")]
            ])
    }

    @Test(arguments: ["/silences/none", "/runbooks/Nothing", "/backups/daily/2026-01-01"])
    func whatIsNotThereSaysSo(_ path: String) async {
        let response = await Scripted().respond("GET", path, headers: html)
        #expect(response.status == 404 && response.text.contains("There is no such page"), "\(path)")
    }

    // MARK: Silences

    @Test func aFormMakesASilence() async {
        let (scripted, made) = silencing()
        let fields = "matchers=%7Bnode%3D%22vault-2%22%7D&comment=upgrade&length=1h&do=create"
        let done = await post(scripted, "/silences/new", fields)
        #expect(done.status == 303 && header("Location", done) == "/silences/abc")
        #expect(made.all == ["node=\"vault-2\" | upgrade |  | 2026-01-02T04:04:05Z"])
        // Without the form's token nothing is created.
        let bare = await scripted.respond(
            "POST", "/silences/new", headers: [("Content-Type", "application/x-www-form-urlencoded")], body: fields)
        #expect(bare.status == 403 && made.all.count == 1)
    }

    @Test func aPreviewMakesNothing() async {
        let (scripted, made) = silencing()
        let fields = "matchers=%7Bnode%3D%22vault-2%22%7D&comment=upgrade&length=4h&do=preview"
        let page = await post(scripted, "/silences/new", fields)
        #expect(page.status == 200 && made.all.isEmpty)
        #expect(page.text.contains("value=\"upgrade\"") && page.text.contains("value=\"4h\" checked"))
        #expect(page.text.contains("No alert of now or of the last 24 h has the label “node”."))
    }

    /// A silence that can't match anything would be noticed by its first page.
    @Test func aLabelThatNothingHasIsRefused() async {
        var (scripted, made) = silencing()
        scripted.sources.snapshot = { () throws(QueryError) in
            var snapshot = EstateSnapshot(now: Scripted.now)
            snapshot.rules = [
                RuleGroupView(
                    name: "g", file: "f", interval: .seconds(5),
                    rules: [
                        RuleView(
                            name: "VaultSealed", query: "vault_node_state == 1", labels: ["severity": "critical"],
                            kind: .alerting(
                                .init(
                                    hold: .zero, keepFiring: .zero, annotations: ["summary": "{{ $labels.node }}"],
                                    alerts: [])), health: .ok, evaluationTime: 0, lastEvaluation: nil)
                    ])
            ]
            return snapshot
        }
        let wrong = "matchers=%7Bnodee%3D%22vault-2%22%7D&comment=upgrade&length=1h"
        for action in ["create", "preview"] {
            let page = await post(scripted, "/silences/new", wrong + "&do=\(action)")
            #expect(page.status == 400 && made.all.isEmpty, "\(action)")
            #expect(page.text.contains("no alert and no rule has a label &quot;nodee&quot;; did you mean node?"))
        }
        let right = "matchers=%7Bnode%3D%22vault-2%22%7D&comment=upgrade&length=1h&do=create"
        #expect(await post(scripted, "/silences/new", right).status == 303)
        // A series may have it, though no rule names it.
        scripted.sources.series = { (sets, _, _, _) throws(QueryError) in
            sets == [[try? Silence.matcher("nodee", .notEqual, "")].compactMap(\.self)] ? [Labels(["nodee": "x"])] : []
        }
        #expect(await post(scripted, "/silences/new", wrong + "&do=create").status == 303)
        #expect(made.all.count == 2)
    }

    @Test func aWeeklySilenceIsMade() async {
        var (scripted, _) = silencing()
        let windows = Made()
        scripted.sources.setSilence = { (silence, _) throws(SilenceError) in
            for window in silence.schedule {
                windows.add("\(window.weekdayTexts) \(window.timeTexts.map(\.start)) \(window.zone.name)")
            }
            return "abc"
        }
        let fields =
            "matchers=node%3Dx&comment=backup&length=weekly&saturday=on&from=02%3A00&to=04%3A00&zone=UTC&do=create"
        #expect(await post(scripted, "/silences/new", fields).status == 303)
        #expect(windows.all == ["[\"saturday\"] [\"02:00\"] UTC"])
        let wrong = await post(
            scripted, "/silences/new", fields.replacingOccurrences(of: "zone=UTC", with: "zone=Mars"))
        #expect(wrong.status == 400 && wrong.text.contains("there is no time zone &quot;Mars&quot;"))
        #expect(wrong.text.contains("<details class=field open>") && wrong.text.contains("value=\"02:00\""))
    }

    @Test func aMistakeKeepsWhatWasWritten() async {
        let (scripted, made) = silencing()
        let page = await post(scripted, "/silences/new", "matchers=node%3D%22&comment=%3Cb%3E&length=1h&do=create")
        #expect(page.status == 400 && made.all.isEmpty)
        #expect(page.text.contains("Nothing was made") && page.text.contains("value=\"&lt;b&gt;\""))
    }

    @Test func aSilenceIsEnded() async {
        let (scripted, made) = silencing()
        let done = await post(scripted, "/silences/abc/expire", "")
        #expect(done.status == 303 && header("Location", done) == "/silences/abc")
        #expect(made.all.count == 1)
        #expect(await post(scripted, "/silences/old/expire", "").status == 303)
        #expect(await post(scripted, "/silences/none/expire", "").status == 404)
        #expect(await scripted.respond("GET", "/silences/abc/expire").status == 405)
    }

    // MARK: Receivers

    private func testing() -> (Scripted, Made) {
        var scripted = Scripted()
        let made = Made()
        scripted.sources.snapshot = { () throws(QueryError) in
            var snapshot = EstateSnapshot(now: Scripted.now)
            snapshot.status.receivers = [.init(name: "on call/1", integration: "pagerduty/0", health: .ok)]
            return snapshot
        }
        scripted.sources.testReceiver = { (name, severity, isResolved, caller) throws(QueryError) in
            guard made.all.count < 2 else { throw QueryError(.unavailable, "another test is under way") }
            made.add("\(name) \(severity.rawValue) \(isResolved) by \(caller)")
        }
        scripted.sources.receiverTests = {
            made.all.isEmpty
                ? []
                : [
                    HistoryEntry(
                        at: Scripted.now, kind: .test, subject: "", receiver: "on call/1", integration: "pagerduty/0",
                        detail: ReceiverTest.detail(isAccepted: true, by: "ann", "HTTP 202"))
                ].compactMap { ReceiverTest($0) }
        }
        return (scripted, made)
    }

    /// A question, a form, and a page with the answer, which sends nothing when it is loaded again.
    @Test func aReceiverIsTested() async {
        let (scripted, made) = testing()
        let asked = await scripted.respond("GET", "/routes/test?receiver=on%20call%2F1", headers: html)
        #expect(asked.status == 200 && asked.text.contains("pagerduty/0") && made.all.isEmpty)
        let fields = "receiver=on%20call%2F1&severity=high&resolved=0"
        let done = await post(scripted, "/routes/test", fields)
        let location = header("Location", done) ?? ""
        #expect(done.status == 303 && made.all == ["on call/1 high false by anonymous"])
        #expect(location == "/routes/test?receiver=on%20call%2F1&severity=high&sent=1")
        for _ in 0..<2 {
            let answer = await scripted.respond("GET", location, headers: html)
            #expect(answer.status == 200 && answer.text.contains("on call/1 accepted the test"))
            #expect(answer.text.contains("accepted, sent by ann: HTTP 202"))
        }
        #expect(made.all.count == 1)
        #expect(await post(scripted, "/routes/test", fields.replacing("resolved=0", with: "resolved=1")).status == 303)
        #expect(made.all.last == "on call/1 high true by anonymous")
        let busy = await post(scripted, "/routes/test", fields)
        #expect(busy.status == 503 && busy.text.contains("Nothing was sent: another test is under way"))
    }

    @Test func aTestNeedsTheTokenAndAReceiver() async {
        let (scripted, made) = testing()
        let bare = await scripted.respond(
            "POST", "/routes/test", headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: "receiver=on%20call%2F1")
        #expect(bare.status == 403 && made.all.isEmpty)
        #expect(await scripted.respond("GET", "/routes/test?receiver=x", headers: html).status == 404)
        #expect(await scripted.respond("GET", "/routes/test", headers: html).status == 404)
    }

    // MARK: Queries

    @Test func aQueryIsDrawn() async {
        var scripted = Scripted()
        scripted.sources.query = { (text, at, _) throws(QueryError) in
            guard text == "up" else { throw QueryError(.badData, "invalid parameter \"query\": 1:3: unexpected <") }
            return .vector([(Labels(["node": "vault-1"]), Point(t: at.milliseconds, v: 1))])
        }
        scripted.sources.queryRange = { (_, start, end, step, _) throws(QueryError) in
            let points = (0..<10).map { Point(t: start.milliseconds + Int64($0) * step.milliseconds, v: Double($0)) }
            return .matrix([Series(Labels(["node": "vault-1"]), points)])
        }
        let page = await scripted.respond("GET", "/query?expr=up&range=1h", headers: html)
        #expect(page.status == 200)
        #expect(page.text.contains("<path class=\"ln g0\" d=\"M0 ") && page.text.contains("vault-1"))
        let wrong = await scripted.respond("GET", "/query?expr=u%3C%3Cscript%3E", headers: html)
        #expect(wrong.status == 400 && wrong.text.contains("<mark>&lt;</mark>script&gt;"))
        #expect(!wrong.text.contains("<script>"))
    }

    // MARK: Login

    @Test func theLoginAsksAndLeadsBack() async {
        var scripted = Scripted()
        let back = await scripted.respond("GET", "/login?next=%2Fincidents%2F318%3Fa%3Db")
        #expect(back.status == 303 && header("Location", back) == "/incidents/318?a=b")
        for elsewhere in ["https://evil.example", "//evil.example", "/%5Cevil.example", "/a%0d%0aSet-Cookie:x", ""] {
            let response = await scripted.respond("GET", "/login?next=\(elsewhere)")
            #expect(header("Location", response) == "/", "\(elsewhere)")
        }
        scripted.options.access.allowsAnonymousChanges = false
        let asked = await scripted.respond("GET", "/login?next=%2F")
        #expect(asked.status == 401)
        #expect(header("WWW-Authenticate", asked) == "Basic realm=\"vaultwatch\", charset=\"UTF-8\"")
    }
}
