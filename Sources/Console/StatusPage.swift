import HTTPServer
import Samples
import Text
import Web

/// The status page at `/`, self-contained, for phones and wall displays.
struct StatusPage {
    let status: EstateStatus
    /// Allows the style and script of this response only.
    let nonce: String

    /// Allows the page's own style and script by nonce; the script may fetch the page again.
    var contentSecurityPolicy: String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    func render() -> [UInt8] {
        var page = HTML()
        page.markup(
            "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">"
        )
        page.markup(
            "<meta name=color-scheme content=\"light dark\"><noscript><meta http-equiv=refresh content=15></noscript><title>"
        )
        page.text(title)
        page.markup("</title><style nonce=\"")
        page.text(nonce)
        page.markup("\">")
        page.markup(StatusPage.style)
        page.markup("</style></head><body><main id=main>")
        header(&page)
        alerts(&page)
        for section in status.sections { self.section(section, &page) }
        receivers(&page)
        page.markup("</main><script nonce=\"")
        page.text(nonce)
        page.markup("\">")
        page.markup(StatusPage.script)
        page.markup("</script></body></html>\n")
        return page.bytes
    }

    private var title: String {
        let firing = status.alerts.count { $0.state == "firing" }
        return firing == 0
            ? "vaultwatch: \(status.health.rawValue)" : "(\(firing)) vaultwatch: \(status.health.rawValue)"
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

    private static let style: StaticString = """
        :root{--bg:#f6f7f9;--card:#fff;--text:#16181d;--quiet:#5c6370;--line:#dde1e8;--ok:#1a7f4b;--warning:#9a6700;--critical:#c4232b;--unknown:#5c6370}\
        @media(prefers-color-scheme:dark){:root{--bg:#101216;--card:#181b21;--text:#e7e9ee;--quiet:#9aa2b1;--line:#2a2f39;--ok:#2f9e66;--warning:#b98212;--critical:#e5484d;--unknown:#6b7280}}\
        *{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);font:16px/1.45 system-ui,sans-serif}\
        main{max-width:72rem;margin:auto;padding:1rem}header{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center}\
        h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .5rem}h3{font-size:1rem;margin:0;overflow-wrap:anywhere}\
        p{margin:.3rem 0 0;overflow-wrap:anywhere}header p{flex-basis:100%}header p,.quiet{color:var(--quiet);font-size:.875rem}\
        .grid{display:grid;gap:.6rem;margin-top:.5rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr))}\
        article{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem}section>article{margin-bottom:.6rem}\
        .badge{display:inline-block;border-radius:.3rem;padding:.05rem .45rem;font-size:.85rem;font-weight:600;color:#fff;background:var(--unknown)}\
        .badge.ok{background:var(--ok)}.badge.warning{background:var(--warning)}.badge.critical{background:var(--critical)}\
        .finding{border-left:3px solid var(--warning);padding-left:.5rem}code{font-size:.8rem;color:var(--quiet)}a{color:inherit}\
        .stale{opacity:.5}
        """

    /// Replaces the content every 5 s; if the agent does not respond, the outdated content is dimmed.
    private static let script: StaticString = """
        setInterval(async()=>{const m=document.getElementById("main");if(document.hidden)return;\
        try{const r=await fetch(location.href,{cache:"no-store"});if(!r.ok)throw 0;\
        const d=new DOMParser().parseFromString(await r.text(),"text/html");const n=d.getElementById("main");if(!n)throw 0;\
        document.title=d.title;m.replaceWith(document.adoptNode(n))}catch{m.classList.add("stale")}},5000)
        """
}
