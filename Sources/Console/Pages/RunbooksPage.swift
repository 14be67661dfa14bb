import Alerts
import Samples
import Text
import Web

/// An alert as the rules define it, however many rules raise it.
struct RuledAlert {
    let name: String
    var rules: [(rule: RuleView, alerting: RuleView.Alerting)]

    /// The severity of its most severe rule.
    var severity: Severity { rules.map { Severity(label: $0.rule.labels["severity"]) }.max() ?? .unknown }
    /// Its firing alerts, in the order of the rules.
    var firing: [AlertView] { rules.flatMap { $0.alerting.alerts.filter { $0.state == .firing } } }
    /// Its description, with placeholders for labels and values.
    var summary: String { RunbookText.plain(rules.first?.alerting.annotations["summary"] ?? "") }

    /// All alerts of the rules, each once, in file order.
    static func all(_ groups: [RuleGroupView]) -> [RuledAlert] {
        var alerts: [RuledAlert] = []
        var indices: [String: Int] = [:]
        for rule in groups.lazy.flatMap(\.rules) {
            guard case .alerting(let alerting) = rule.kind else { continue }
            if let index = indices[rule.name] {
                alerts[index].rules.append((rule, alerting))
            } else {
                indices[rule.name] = alerts.count
                alerts.append(RuledAlert(name: rule.name, rules: [(rule, alerting)]))
            }
        }
        return alerts
    }
}

/// The page at `/runbooks`: what to do about each alert, firing ones first, then by severity, and the procedures. Each
/// alert has an id, so that `/runbooks#VaultSealed`, the form of `runbook_url` in rules, leads to it.
struct RunbooksPage {
    let alerts: [RuledAlert]
    let runbooks: [RunbookName]

    /// Maximum number of rows of each table.
    private static let rowLimit = 500

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Runbooks", tab: .runbooks)
        layout.isLive = false
        let written = Set(runbooks.lazy.filter { !$0.isProcedure }.map(\.name))
        // An alert that always fires, as a heartbeat does, has no severity.
        let firing = alerts.filter { alert in
            !alert.firing.isEmpty && alert.rules.contains { $0.rule.labels["severity"] != "none" }
        }.sorted { $0.severity > $1.severity }
        return layout.render { page in
            page.markup("<div class=head><h1>Runbooks</h1><p>")
            page.text(
                "\(Words.count(written.count, "alert")) and "
                    + "\(Words.count(runbooks.count - written.count, "procedure")) have one")
            page.markup("</p></div><div class=col>")
            if !firing.isEmpty {
                page.card("firing", "Firing now") { page in
                    let shown = page.items(firing, limit: RunbooksPage.rowLimit, share: 30 << 10) {
                        instances($0, &$1)
                    }
                    page.rest(firing.count, shown: shown, json: Address("api", "v1", "rules"))
                }
            }
            for severity in Severity.allCases.sorted(by: >) {
                table(severity, alerts.filter { $0.severity == severity }, written, &page)
            }
            procedures(&page)
            page.markup("</div>")
        }
    }

    /// One line per firing alert, each with its own labels.
    private func instances(_ alert: RuledAlert, _ page: inout HTML) {
        page.markup("<ul class=rows>")
        for one in alert.firing.prefix(20) {
            page.markup("<li><h3>")
            page.mark(Gravity(alert.severity))
            page.markup(" ")
            page.link(RunbookPage.address(one), alert.name)
            page.markup(" <span class=quiet>")
            page.since(one.activeAt)
            page.markup("</span></h3><p class=quiet>")
            page.text(one.annotations["summary"].map(Words.sentence) ?? one.labels.description, limit: 300)
            page.markup("</p></li>")
        }
        page.markup("</ul>")
    }

    private func table(_ severity: Severity, _ alerts: [RuledAlert], _ written: Set<String>, _ page: inout HTML) {
        guard !alerts.isEmpty else { return }
        page.markup("<section class=card><header><h2>")
        let word = severity == .unknown ? "other" : severity.rawValue
        page.text(word.prefix(1).uppercased() + word.dropFirst())
        page.markup("</h2><p>")
        page.text(Words.count(alerts.count, "alert"))
        page.markup("</p></header><div class=scroll tabindex=0 role=group aria-label=\"")
        page.text("Alerts of severity \(word)")
        page.markup("\"><table><thead><tr><th>Alert<th>What it says</thead><tbody>")
        let shown = page.items(alerts, limit: RunbooksPage.rowLimit) { alert, page in
            page.markup("<tr id=\"")
            page.text(alert.name)
            page.markup("\"><td>")
            page.link(.runbook(alert.name), alert.name)
            if !written.contains(alert.name) { page.markup(" <small class=quiet>without a file</small>") }
            page.markup("</td><td>")
            page.text(alert.summary, limit: 300)
            page.markup("</td></tr>")
        }
        page.markup("</tbody></table></div>")
        page.rest(alerts.count, shown: shown, json: Address("api", "v1", "rules"))
        page.markup("</section>")
    }

    private func procedures(_ page: inout HTML) {
        let procedures = runbooks.filter(\.isProcedure)
        guard !procedures.isEmpty else { return }
        page.card("procedures", "Procedures", "what is done on purpose, whatever fires") { page in
            page.markup("<ul class=rows>")
            page.items(procedures, limit: RunbooksPage.rowLimit) { procedure, page in
                page.markup("<li>")
                page.link(.runbook(procedure.name), procedure.name)
                page.markup("</li>")
            }
            page.markup("</ul>")
        }
    }
}
