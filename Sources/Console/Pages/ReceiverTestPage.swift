import Alerts
import Samples
import Text
import Web

/// The page at `/routes/test`: asks for confirmation before a test message goes to a receiver; afterwards shows what
/// the receiver answered.
struct ReceiverTestPage {
    let receiver: String
    /// Its integrations.
    let integrations: [EstateStatus.Receiver]
    /// The last test of each of them.
    let tests: [ReceiverTest]
    let severity: Severity
    /// Whether a test has just been sent.
    var isSent = false
    /// Why nothing was sent; empty if there was no such error.
    var problem = ""

    private static let rowLimit = 200

    static func address(_ receiver: String, _ severity: Severity? = nil, isSent: Bool = false) -> Address {
        Address(
            "routes", "test",
            query: [
                ("receiver", receiver), ("severity", severity?.rawValue ?? ""), ("sent", isSent ? "1" : ""),
            ])
    }

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Test of \(receiver.prefix(100))", tab: .routes)
        layout.isLive = false
        layout.hasForm = true
        return layout.render { page in
            page.markup("<p class=crumb>")
            page.link(Address("routes", fragment: "receivers"), "Routes")
            page.markup("</p><div class=head><h1 class=wrap>")
            page.text(heading, limit: 200)
            page.markup("</h1></div><div class=col>")
            if isSent { answers("Answers", &page) }
            page.card("send", isSent ? "Send another" : "Send a test") { page in confirmation(&page) }
            if !isSent, !tests.isEmpty { answers("The last test", &page) }
            page.markup("</div>")
        }
    }

    private var heading: String {
        guard isSent, !tests.isEmpty else { return "Test of \(receiver)" }
        let refused = tests.count { !$0.isAccepted }
        if refused == 0 { return "\(receiver) accepted the test" }
        return refused == tests.count
            ? "\(receiver) refused the test"
            : "\(refused) of \(Words.count(tests.count, "integration")) of \(receiver) refused the test"
    }

    private func answers(_ title: String, _ page: inout HTML) {
        page.card("answers", title) { page in
            guard !tests.isEmpty else { return page.markup("<p class=quiet>No answer is known.</p>") }
            page.markup("<ul class=rows>")
            let shown = page.items(tests, limit: ReceiverTestPage.rowLimit) { test, page in
                page.markup("<li><h3>")
                page.chip(test.isAccepted ? .good : .critical, test.isAccepted ? "accepted" : "refused")
                page.markup(" ")
                page.text(test.integration, limit: 60)
                page.markup(" <small class=quiet>")
                page.time(test.at)
                page.markup("</small></h3><p class=\"quiet wrap\">")
                page.text(test.detail, limit: 1000)
                page.markup("</p></li>")
            }
            page.markup("</ul>")
            let json = Address("api", "v1", "vaultwatch", "history", query: [("kind", "test")])
            page.rest(tests.count, shown: shown, json: json)
        }
    }

    private func confirmation(_ page: inout HTML) {
        if !problem.isEmpty {
            page.markup("<p class=\"say bad\" role=alert>")
            page.text("Nothing was sent: \(problem)", limit: 500)
            page.markup("</p>")
        }
        page.markup("<p class=wrap>")
        page.text(
            "A message that says it is a test goes to \(Words.list(integrations.map(\.integration), limit: 10)), at once and without retries, whatever the route. It may page somebody.",
            limit: 600)
        page.markup("</p>")
        guard page.context.mayChange else {
            page.markup("<p>")
            page.link(
                Address("login", query: [("next", page.context.target)]), "Log in to send a test", " class=btn")
            return page.markup("</p>")
        }
        page.form(Address("routes", "test")) { page in
            page.markup("<input type=hidden name=receiver value=\"")
            page.text(receiver)
            page.markup("\"><p class=field><label for=t-s>Severity</label><select id=t-s name=severity>")
            for one in ReceiverTest.severities {
                page.markup("<option")
                if one == severity { page.markup(" selected") }
                page.element(">", one.rawValue, "</option>")
            }
            page.markup("</select></p><fieldset class=field><legend>Of an alert that</legend><div class=opts>")
            page.markup("<label><input type=radio name=resolved value=0 checked> fires</label>")
            page.markup(
                "<label><input type=radio name=resolved value=1> has ended, which closes an earlier test</label>")
            page.markup("</div></fieldset><p class=chips><button class=\"btn go\">Send the test</button></p>")
        }
    }
}
