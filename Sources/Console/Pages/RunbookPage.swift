import Alerts
import Samples
import Text
import Web

/// The page of one runbook, filled in for a firing alert, or generic. Without a file it shows the rule's annotations.
struct RunbookPage {
    /// The alert's name, or the procedure's.
    let name: String
    let isProcedure: Bool
    /// The file's CommonMark, filled in; nil if there is no file or it can't be filled in.
    let text: String?
    /// The error in the file; empty if there is none.
    var problem = ""
    /// The rules that raise the alert; nil for a procedure, or if no rule does.
    let alert: RuledAlert?
    /// The alert that it is filled in for.
    let subject: Subject?
    /// Whether the URL contains labels that no alert has now.
    var isStale = false

    /// An alert to fill in a runbook for: a firing one, or one of an incident of the last days.
    struct Subject: Sendable, Hashable {
        let labels: Labels
        let startsAt: Timestamp
        let endedAt: Timestamp?
    }

    /// The address of the alert's runbook, filled in.
    static func address(_ alert: AlertView) -> Address { address(alert.labels) }

    static func address(_ labels: Labels) -> Address {
        let shown = labels.pairs.filter { !["alertname", "severity"].contains($0.name) }
        return .runbook(labels["alertname"] ?? "", shown.prefix(20).map { ($0.name, $0.value) })
    }

    /// The alert that a URL refers to: a firing alert of our own rules, or else one of an incident. The labels in the
    /// URL are not used by themselves: a crafted link could inject a command into the page.
    /// - Parameter wanted: labels that it must have; if empty, the only firing alert.
    static func subject(_ alert: RuledAlert, _ wanted: [(name: String, value: String)], _ snapshot: EstateSnapshot)
        -> Subject?
    {
        func fits(_ labels: Labels) -> Bool { wanted.allSatisfy { (labels[$0.name] ?? "") == $0.value } }
        let firing = alert.firing.filter { fits($0.labels) }
        if let one = firing.first, firing.count == 1 || !wanted.isEmpty {
            return Subject(labels: one.labels, startsAt: one.activeAt, endedAt: nil)
        }
        guard !wanted.isEmpty else { return nil }
        for record in snapshot.incidents.map(\.record) + snapshot.ended {
            let found = record.members.first {
                $0.alert.name == alert.name && !$0.alert.isExternal && fits($0.alert.labels)
            }
            guard let found else { continue }
            return Subject(
                labels: found.alert.labels, startsAt: found.alert.startsAt,
                endedAt: found.alert.endsAt ?? record.endedAt)
        }
        return nil
    }

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: name, tab: .runbooks)
        // The page must not change while the reader follows it.
        layout.isLive = false
        return layout.render { page in
            page.markup("<p class=crumb>")
            page.link(Address("runbooks"), "Runbooks")
            page.markup(isProcedure ? " › procedure</p>" : " › alert</p>")
            page.markup("<div class=head><h1 class=wrap>")
            page.text(name)
            page.markup("</h1>")
            if let alert { page.chip(Gravity(alert.severity), alert.severity.rawValue) }
            page.markup("</div>")
            said(&page)
            page.markup("<div class=cols><div class=col><section class=\"card md\">")
            body(&page)
            page.markup("</section></div><div class=col>")
            if let alert {
                firing(alert, &page)
                for (rule, alerting) in alert.rules.prefix(10) { self.rule(rule, alerting, &page) }
            }
            page.markup("</div></div>")
        }
    }

    // MARK: Alert

    private func said(_ page: inout HTML) {
        if let subject {
            page.markup(subject.endedAt == nil ? "<p class=\"say bad\">" : "<p class=say>")
            page.text(subject.endedAt == nil ? "Filled in for the alert that fires on " : "Filled in for the alert on ")
            page.markup("<b class=wrap>")
            page.text(labelsText(subject.labels), limit: 400)
            page.markup("</b> since ")
            page.time(subject.startsAt)
            if let endedAt = subject.endedAt {
                page.markup(", which ended at ")
                page.time(endedAt)
                page.markup("; measured values are those of now")
            }
            page.markup(".</p>")
        } else if isStale {
            page.markup(
                "<p class=\"say warn\">No alert with these labels fires or has fired lately, so that nothing is filled in.</p>"
            )
        } else if text?.contains("‹") == true {
            page.markup("<p class=say>Names in ‹guillemets› stand for what a firing alert would fill in.</p>")
        }
        if !problem.isEmpty {
            page.markup("<p class=\"say bad\">")
            page.text("The runbook's file has a mistake: \(problem)", limit: 500)
            page.markup("</p>")
        }
    }

    /// `node vault-2, cluster prod`
    private func labelsText(_ labels: Labels) -> String {
        let shown = labels.pairs.filter { !["alertname", "severity"].contains($0.name) }
        return shown.isEmpty ? "the estate" : shown.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    }

    // MARK: The text

    private func body(_ page: inout HTML) {
        if let text {
            return Markdown(text) { RunbookPage.resolve($0) }.render(&page)
        }
        guard let alert, let first = alert.rules.first else {
            return page.markup("<p class=quiet>Nothing is written here.</p>")
        }
        let annotations = subject.flatMap { subject in alert.firing.first { $0.labels == subject.labels }?.annotations }
        let given = annotations ?? first.alerting.annotations
        func shown(_ name: String) -> String {
            let text = given[name] ?? ""
            return annotations == nil ? RunbookText.plain(text) : text
        }
        page.markup("<p>")
        page.text(shown("description"), limit: 4000)
        page.markup("</p><p><b>Action:</b> ")
        page.text(shown("action"), limit: 4000)
        page.markup("</p>")
    }

    /// The page that a link within a runbook refers to: `VaultSealed`, `VaultSealed.md`, `procedures/RestoreVault`; nil
    /// for anything else.
    static func resolve(_ url: String) -> Address? {
        let end = url.firstIndex { $0 == "#" || $0 == "?" } ?? url.endIndex
        var parts = url[..<end].split(separator: "/", omittingEmptySubsequences: false)[...]
        while let first = parts.first, ["..", ".", "procedures", "runbooks"].contains(String(first)), parts.count > 1 {
            parts.removeFirst()
        }
        guard parts.count == 1, let last = parts.first else { return nil }
        let name = last.hasSuffix(".md") ? String(last.dropLast(3)) : String(last)
        return RunbookName(name, isProcedure: false).map { .runbook($0.name) }
    }

    // MARK: Other sections

    private func firing(_ alert: RuledAlert, _ page: inout HTML) {
        let firing = alert.firing
        guard firing.count > 1 || (firing.count == 1 && subject?.labels != firing[0].labels) else { return }
        page.card("firing", "Firing now", Words.count(firing.count, "alert")) { page in
            page.markup("<ul class=rows>")
            for one in firing.prefix(50) {
                page.markup("<li>")
                page.link(RunbookPage.address(one), String(labelsText(one.labels).prefix(200)))
                page.markup(" <small class=quiet>")
                page.since(one.activeAt)
                page.markup("</small></li>")
            }
            page.markup("</ul>")
            if firing.count > 50 {
                page.element("<p class=quiet>", "and \(Words.thousands(Int64(firing.count - 50))) more", "</p>")
            }
        }
    }

    private func rule(_ rule: RuleView, _ alerting: RuleView.Alerting, _ page: inout HTML) {
        page.markup("<section class=card><h2>The rule</h2><dl class=kv><dt>Severity</dt><dd>")
        page.text(rule.labels["severity"] ?? "none")
        page.markup("</dd><dt>For</dt><dd>")
        page.text(alerting.hold == .zero ? "at once" : Words.duration(alerting.hold))
        page.markup("</dd><dt>Expression</dt><dd><code class=pre>")
        page.text(rule.query, limit: 4000)
        page.markup("</code></dd></dl><p class=under>")
        page.link(.query(rule.query), "Graph", " class=\"btn small\"")
        page.markup("</p></section>")
    }
}
