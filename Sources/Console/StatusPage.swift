import HTTPServer
import Samples
import Text
import Web

/// The status page at `/`, self-contained, for phones and wall displays.
struct StatusPage {
    let status: EstateStatus
    func render(_ context: PageContext) -> [UInt8] {
        Layout(context: context, title: title, tab: .overview).render { page in
            header(&page)
            alerts(&page)
            for section in status.sections { self.section(section, &page) }
            receivers(&page)
        }
    }

    private var title: String {
        status.health.rawValue
    }

    private func header(_ page: inout HTML) {
        page.markup("<header><h1>vaultwatch</h1> ")
        badge(status.health, status.health.rawValue, &page)
        page.markup("<p>as of <time>")
        page.text(status.now)
        page.markup("</time> · version ")
        page.text(status.version)
        page.markup(" · up since <time>")
        page.text(status.startedAt)
        page.markup("</time></p></header>")
    }

    private func alerts(_ page: inout HTML) {
        page.markup("<section><h2>Alerts</h2>")
        if status.alerts.isEmpty { page.markup("<p class=quiet>None.</p>") }
        for alert in status.alerts {
            page.markup("<article><h3>")
            badge(health(of: alert), alert.severity.isEmpty ? "alert" : alert.severity, &page)
            page.markup(" ")
            page.text(alert.name)
            page.markup("</h3><p class=quiet>")
            page.text(alert.suppressedBy.map { "\(alert.state), \($0);" } ?? alert.state)
            page.markup(" since <time>")
            page.text(alert.since)
            page.markup("</time></p>")
            paragraph(alert.summary, &page)
            if !alert.action.isEmpty {
                page.markup("<p><b>Action:</b> ")
                page.text(alert.action)
                page.markup("</p>")
            }
            // Other schemes, such as javascript:, could run code.
            if alert.runbookURL.hasPrefix("https://") || alert.runbookURL.hasPrefix("http://") {
                page.markup("<p><a rel=\"noopener noreferrer\" href=\"")
                page.text(alert.runbookURL)
                page.markup("\">Runbook</a></p>")
            }
            page.markup("<p class=labels>")
            for (name, value) in alert.labels.sorted(by: { $0.key < $1.key })
            where name != "alertname" && name != "severity" {
                page.markup("<code>")
                page.text("\(name)=\(value)")
                page.markup("</code> ")
            }
            page.markup("</p></article>")
        }
        page.markup("</section>")
    }

    private func health(of alert: EstateStatus.FiringAlert) -> EstateStatus.Health {
        guard alert.state == "firing" else { return .unknown }
        return alert.severity == "critical" || alert.severity == "high" ? .critical : .warning
    }

    private func section(_ section: EstateStatus.Section, _ page: inout HTML) {
        page.markup("<section><h2>")
        page.text(section.title)
        page.markup("</h2>")
        paragraph(section.summary, &page)
        page.markup("<div class=grid>")
        for target in section.targets {
            page.markup("<article><h3>")
            badge(target.health, target.state, &page)
            page.markup(" ")
            page.text(target.name)
            page.markup("</h3>")
            paragraph(target.detail, &page)
            for warning in target.warnings {
                page.markup("<p class=finding>")
                page.text(warning)
                page.markup("</p>")
            }
            if let error = target.lastError, !error.isEmpty {
                page.markup("<p class=finding>")
                page.text(error)
                page.markup("</p>")
            }
            if let last = target.lastProbe {
                page.markup("<p class=quiet>probed <time>")
                page.text(last)
                page.markup("</time>")
                if let seconds = target.seconds {
                    page.text(" in \(Int64(saturating: (max(seconds, 0) * 1000).rounded())) ms")
                }
                page.markup("</p>")
            }
            page.markup("</article>")
        }
        page.markup("</div></section>")
    }

    private func receivers(_ page: inout HTML) {
        guard !status.receivers.isEmpty else { return }
        page.markup("<section><h2>Receivers</h2><div class=grid>")
        for receiver in status.receivers {
            page.markup("<article><h3>")
            badge(
                receiver.health,
                receiver.health == .ok ? "working" : receiver.health == .unknown ? "unused" : "failing",
                &page)
            page.markup(" ")
            page.text("\(receiver.name) \(receiver.integration)")
            page.markup("</h3>")
            if receiver.waiting > 0 { paragraph("\(receiver.waiting) waiting", &page) }
            if let accepted = receiver.lastAccepted {
                page.markup("<p class=quiet>last accepted <time>")
                page.text(accepted)
                page.markup("</time></p>")
            }
            if let error = receiver.lastError, !error.isEmpty {
                page.markup("<p class=finding>")
                page.text(error)
                page.markup("</p>")
            }
            page.markup("</article>")
        }
        page.markup("</div></section>")
    }

    private func paragraph(_ text: String, _ page: inout HTML) {
        guard !text.isEmpty else { return }
        page.markup("<p>")
        page.text(text)
        page.markup("</p>")
    }

    private func badge(_ health: EstateStatus.Health, _ word: String, _ page: inout HTML) {
        page.markup("<span class=\"badge ")
        page.text(health.rawValue)
        page.markup("\">")
        page.text(word)
        page.markup("</span>")
    }

}
