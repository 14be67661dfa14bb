import Exposition
import Samples
import Text
import Web

/// The page at `/agent`: vaultwatch's own state, its flags, and the active configuration.
struct AgentPage {
    /// What the sources report, read once.
    struct Facts: Sendable {
        var build = BuildInfo(version: "")
        var notReady: String?
        var degradations: [String] = []
        var lastReload: (succeeded: Bool, at: Timestamp)?
        var flags: [String: String] = [:]
        var retention = ""
        /// Nil if not available.
        var configuration: ConfigurationView?
        /// The routing in Alertmanager's format, without secrets.
        var routing = ""
        var families: [MetricFamily] = []
    }

    let facts: Facts

    /// The agent's own metrics. Those of its probes, of which a thousand targets have many, are not copied for the page.
    static func own(_ families: [FamilySource]) -> [MetricFamily] {
        families.filter {
            ($0.name.hasPrefix("vaultwatch_") || $0.name.hasPrefix("process_"))
                && !$0.name.hasPrefix("vaultwatch_probe_")
        }.map(\.family)
    }

    private static let warningLimit = 20
    /// Characters of a line of the configuration.
    private static let lineLimit = 1000

    func render(_ context: PageContext) -> [UInt8] {
        Layout(context: context, title: "Agent", tab: .agent).render { page in
            page.markup("<div class=head><h1>Agent</h1><p>")
            page.text(facts.notReady.map { "not ready: \($0)" } ?? "ready", limit: 300)
            page.markup(" · <a href=\"")
            page.text(context.prefix + "/metrics")
            page.markup("\">metrics</a></p></div>")
            page.part("health", "<div", "</div>") { page in
                let degraded = page.items(facts.degradations, limit: 20, share: 8 << 10) { degradation, page in
                    page.markup("<p class=\"say warn\">")
                    page.text(degradation, limit: 500)
                    page.markup("</p>")
                }
                page.rest(facts.degradations.count, shown: degraded)
                if let refusal = facts.configuration?.reload?.refusal {
                    page.markup("<p class=\"say bad\">The last reload was refused; the configuration before it stays")
                    page.markup(" in force.</p>")
                    listing(refusal, share: 6 << 10, &page)
                }
                let warnings = facts.configuration?.warnings ?? []
                let shown = page.items(warnings, limit: AgentPage.warningLimit, share: 8 << 10) { warning, page in
                    page.markup("<p class=\"say warn wrap\">")
                    page.text(warning, limit: 600)
                    page.markup("</p>")
                }
                page.rest(warnings.count, shown: shown, ", listed by vaultwatch check config")
            }
            page.markup("<div class=cols><div class=col>")
            page.card("loops", "Loops", "when each has come round last") { page in loops(&page) }
            configuration(&page)
            page.markup("</div><div class=col>")
            if let reload = facts.configuration?.reload {
                page.card("reload", "The last reload") { page in self.reload(reload, &page) }
            }
            page.card("program", "The program") { page in program(context, &page) }
            page.card("held", "What it holds") { page in held(&page) }
            page.markup("</div></div>")
        }
    }

    // MARK: The program

    private func program(_ context: PageContext, _ page: inout HTML) {
        page.markup("<dl class=kv>")
        term("Version", facts.build.version, &page)
        term("Revision", facts.build.revision, &page)
        term("Built", facts.build.date, &page)
        page.markup("<dt>Started</dt><dd>")
        page.time(context.startedAt, .full)
        page.markup("</dd>")
        if let configuration = facts.configuration {
            term("Configuration", configuration.path, &page)
            page.markup("<dt>In force since</dt><dd>")
            page.time(configuration.loadedAt, .full)
            page.markup("</dd>")
        } else if let reload = facts.lastReload, reload.at.milliseconds > 0 {
            page.markup("<dt>Last reload</dt><dd>")
            page.text(reload.succeeded ? "in force since " : "refused; the last good one is in force, of ")
            page.time(reload.at, .full)
            page.markup("</dd>")
        }
        let flags = facts.flags.sorted { $0.key < $1.key }
        let shown = page.items(flags, limit: 50, share: 8 << 10) { term($0.key, $0.value, &$1) }
        term("Store keeps", facts.retention, &page)
        page.markup("</dl>")
        page.rest(flags.count, shown: shown, json: Address("api", "v1", "status", "flags"))
    }

    private func term(_ name: String, _ value: String, _ page: inout HTML) {
        guard !value.isEmpty else { return }
        page.markup("<dt>")
        page.text(name, limit: 100)
        page.markup("</dt><dd>")
        page.text(value, limit: 500)
        page.markup("</dd>")
    }

    // MARK: Metrics

    private func samples(_ name: String) -> [MetricFamily.Sample] {
        facts.families.first { $0.name == name }?.samples ?? []
    }

    private func loops(_ page: inout HTML) {
        let ages = samples("vaultwatch_loop_age_seconds").sorted { $0.value > $1.value }
        guard !ages.isEmpty else { return page.markup("<p class=quiet>Not known yet.</p>") }
        page.markup("<table><thead><tr><th>Loop<th class=num>Ago</thead><tbody>")
        let shown = page.items(ages, limit: 100, share: 6 << 10) { sample, page in
            page.markup("<tr><td>")
            page.text(sample.labels["loop"] ?? "", limit: 100)
            page.markup("</td><td class=\"num nb\">")
            page.text(Words.measured(sample.value))
            page.markup("</td></tr>")
        }
        page.markup("</tbody></table>")
        page.rest(ages.count, shown: shown)
    }

    private func held(_ page: inout HTML) {
        let sizes: [(String, String)] = [
            ("process_resident_memory_bytes", "Memory"), ("vaultwatch_store_bytes", "Store"),
            ("vaultwatch_journal_size_bytes", "Journal"),
            ("vaultwatch_journal_available_bytes", "Free on the journal's disk"),
        ]
        let counts: [(String, String)] = [
            ("vaultwatch_store_series", "Series"), ("vaultwatch_journal_backlog_rows", "Rows to be written"),
            ("vaultwatch_journal_lost_rows", "Rows lost"), ("vaultwatch_notifications_pending", "Messages waiting"),
        ]
        page.markup("<dl class=kv>")
        for (name, label) in sizes {
            if let value = total(name) { term(label, Words.size(value), &page) }
        }
        for (name, label) in counts {
            if let value = total(name) { term(label, Words.number(value), &page) }
        }
        if let oldest = samples("vaultwatch_store_oldest_timestamp_seconds").first?.value, oldest > 0 {
            page.markup("<dt>Oldest sample</dt><dd>")
            page.time(Timestamp(seconds: oldest))
            page.markup("</dd>")
        }
        page.markup("</dl>")
    }

    /// The sum over all labels; nil if there is no sample.
    private func total(_ name: String) -> Double? {
        let samples = samples(name)
        return samples.isEmpty ? nil : samples.reduce(0) { $0 + $1.value }
    }

    // MARK: Configuration

    private func reload(_ reload: ConfigurationView.Reload, _ page: inout HTML) {
        page.markup("<p>")
        page.text(reload.refusal == nil ? "In force since " : "Refused ")
        page.time(reload.at, .full)
        page.markup("</p>")
        guard reload.refusal == nil else { return }
        guard !reload.changes.isEmpty else {
            return page.markup("<p class=quiet>Nothing differs, but perhaps secrets and files that it names.</p>")
        }
        page.markup("<ul class=rows>")
        let limit = ConfigurationView.Reload.changeLimit
        let shown = page.items(reload.changes, limit: limit, share: 12 << 10) { change, page in
            page.markup("<li class=wrap><code>")
            page.text(change, limit: 300)
            page.markup("</code></li>")
        }
        page.markup("</ul>")
        let omitted = reload.omitted + reload.changes.count - shown
        if omitted > 0 { page.element("<p class=quiet>", "and \(Words.count(omitted, "change")) more", "</p>") }
    }

    private func configuration(_ page: inout HTML) {
        page.card("configuration", "Configuration in force", "without secrets and comments") { page in
            guard let configuration = facts.configuration else { return page.markup("<p class=quiet>Not known.</p>") }
            listing(
                configuration.text, share: 28 << 10, &page, json: Address("api", "v1", "status", "config"))
        }
        guard !facts.routing.isEmpty else { return }
        page.card("routing", "Routing in force", "in Alertmanager’s form") { page in
            page.markup("<details><summary>Show</summary>")
            listing(facts.routing, share: 14 << 10, &page, json: Address("api", "v2", "status"))
            page.markup("</details>")
        }
    }

    /// As many lines of a text as its share has room for.
    private func listing(_ text: String, share: Int, _ page: inout HTML, json: Address? = nil) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        page.markup("<pre class=pre tabindex=0>")
        let shown = page.items(lines, limit: lines.count, share: share) { line, page in
            page.text(String(line), limit: AgentPage.lineLimit)
            page.markup("\n")
        }
        page.markup("</pre>")
        page.rest(lines.count, shown: shown, " of its lines", json: json)
    }
}
