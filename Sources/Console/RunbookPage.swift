import HTTPServer
import Samples
import Web

/// The page at `/runbooks`: what each alert means and what to do, from the current rules. The `runbook_url` of the
/// shipped rules points to its sections.
struct RunbookPage {
    let groups: [RuleGroupView]
    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Runbooks", tab: .runbooks)
        layout.isLive = false
        return layout.render { page in
            page.markup("<div class=head><h1>Runbooks</h1></div>")
            for group in groups {
                for rule in group.rules {
                    guard case .alerting(let alerting) = rule.kind else { continue }
                    article(rule, alerting, &page)
                }
            }
        }
    }

    private func article(_ rule: RuleView, _ alerting: RuleView.Alerting, _ page: inout HTML) {
        page.markup("<article class=card id=\"")
        page.text(rule.name)
        page.markup("\"><h2>")
        page.text(rule.name)
        page.markup("</h2><p>Severity: ")
        page.text(rule.labels["severity"] ?? "none")
        if !alerting.alerts.isEmpty { page.markup(" · <b>active now</b>") }
        page.markup("</p>")
        for alert in alerting.alerts.prefix(20) {
            page.markup("<p>")
            page.text(alert.annotations["summary"] ?? alert.labels.description)
            page.markup("</p>")
        }
        page.markup("<p>")
        page.text(RunbookText.plain(alerting.annotations["description"] ?? ""))
        page.markup("</p><p><b>Action:</b> ")
        page.text(RunbookText.plain(alerting.annotations["action"] ?? ""))
        page.markup("</p><pre>")
        page.text(rule.query)
        page.markup("</pre></article>")
    }
}
