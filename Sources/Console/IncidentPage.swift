import Alerts
import HTTPServer
import Samples
import Web

/// The page at `/incidents`: every fault under way, its cause first and what follows from it below, who looks after it, and
/// a form with which somebody says so. The form needs no script.
struct IncidentPage {
    let incidents: [Notification.Incident]
    let now: Timestamp
    /// Allows the style of this response only.
    let nonce: String

    /// How many incidents, and how many consequences of each, are shown one by one.
    private static let limit = 100

    var contentSecurityPolicy: String { HTML.styledPolicy(nonce, hasForms: true) }

    func render() -> [UInt8] {
        var page = HTML()
        page.beginColumn(
            title: "<meta http-equiv=refresh content=60><title>vaultwatch: incidents</title>",
            style: "article{border-top:1px solid gray}", nonce: nonce)
        page.markup("<h1>Incidents</h1><p>as of <time>")
        page.text(now.rfc3339)
        page.markup("</time></p>")
        if incidents.isEmpty { page.markup("<p>None.</p>") }
        for incident in incidents.prefix(IncidentPage.limit) { article(incident, &page) }
        more(incidents.count, &page)
        page.markup("</body></html>\n")
        return page.bytes
    }

    private func article(_ incident: Notification.Incident, _ page: inout HTML) {
        page.markup("<article><h2>")
        page.text(title(incident.cause))
        page.markup("</h2><p>")
        page.text(incident.severity.rawValue)
        page.markup(" since <time>")
        page.text(incident.startsAt.rfc3339)
        page.markup("</time></p>")
        paragraph("", incident.cause.annotations["description"], &page)
        if !incident.consequences.isEmpty {
            page.markup("<p>Therefore:</p><ul>")
            for alert in incident.consequences.prefix(IncidentPage.limit) {
                page.markup("<li>")
                page.text(title(alert))
                page.markup("</li>")
            }
            page.markup("</ul>")
            more(incident.consequences.count, &page)
        }
        paragraph("Action:", incident.cause.annotations["action"], &page)
        if let acknowledgement = incident.acknowledgement {
            page.markup("<p><b>Acknowledged</b> by ")
            page.text(acknowledgement.by)
            page.markup(" at <time>")
            page.text(acknowledgement.at.rfc3339)
            page.markup("</time>")
            page.text(acknowledgement.comment.isEmpty ? "" : ": \(acknowledgement.comment)")
            page.markup("</p>")
        }
        form(incident, &page)
        page.markup("</article>")
    }

    /// Acknowledges, or takes the acknowledgement back; beside `/incidents`, whatever the prefix of the paths is.
    private func form(_ incident: Notification.Incident, _ page: inout HTML) {
        page.markup("<form method=post action=acknowledge><input type=hidden name=\"")
        page.text(incident.id == nil ? "alert" : "incident")
        page.markup("\" value=\"")
        page.text(incident.id.map { String($0) } ?? incident.cause.fingerprintText)
        page.markup("\">")
        if incident.acknowledgement != nil {
            page.markup("<input type=hidden name=undo value=1><button>Take the acknowledgement back</button></form>")
        } else {
            page.markup(
                "<label>Comment <input name=comment maxlength=500></label> <button>Acknowledge</button></form>")
        }
    }

    private func title(_ alert: Alert) -> String { alert.annotations["summary"] ?? alert.labels.description }

    private func paragraph(_ heading: String, _ text: String?, _ page: inout HTML) {
        guard let text, !text.isEmpty else { return }
        page.markup("<p><b>")
        page.text(heading)
        page.markup("</b> ")
        page.text(text)
        page.markup("</p>")
    }

    private func more(_ count: Int, _ page: inout HTML) {
        guard count > IncidentPage.limit else { return }
        page.markup("<p>")
        page.text("and \(count - IncidentPage.limit) more")
        page.markup("</p>")
    }
}
