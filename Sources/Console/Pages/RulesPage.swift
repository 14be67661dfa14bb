import Alerts
import Samples
import Text
import Web

/// The page at `/rules`: every rule by group, with its current state, evaluation time and error.
struct RulesPage {
    /// The state of a rule; those that need attention first.
    enum State: String, Sendable, Hashable, CaseIterable {
        case failing, firing, pending, nomatch, quiet, recording, unknown

        /// Its meaning, for the legend and the filter.
        init(_ rule: RuleView) {
            switch rule.health {
            case .err: self = .failing
            case .unknown: self = .unknown
            case .ok:
                let alerts = if case .alerting(let alerting) = rule.kind { alerting.alerts } else { [AlertView]() }
                if alerts.contains(where: { $0.state == .firing }) {
                    self = .firing
                } else if !alerts.isEmpty {
                    self = .pending
                } else if rule.readsNothing {
                    self = .nomatch
                } else if case .recording = rule.kind {
                    self = .recording
                } else {
                    self = .quiet
                }
            }
        }

        var gravity: Gravity {
            switch self {
            case .failing: .critical
            case .firing, .pending, .nomatch: .warning
            case .quiet, .recording: .good
            case .unknown: .unknown
            }
        }

        /// As people read it; the raw value is the filter in the URL.
        var words: String { self == .nomatch ? "reads nothing" : rawValue }
    }

    let groups: [RuleGroupView]
    /// Empty for all.
    let state: String
    /// Text to find in the name or the expression, ignoring case; empty for all.
    let text: String

    private static let rowLimit = 500
    /// A group that begins later than this is shown to be late, in seconds.
    private static let lateness = 0.1

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Rules", tab: .rules)
        layout.hasForm = !text.isEmpty
        let all = groups.lazy.flatMap(\.rules).map { State($0) }
        let counts = Dictionary(all.map { ($0, 1) }, uniquingKeysWith: +)
        return layout.render { page in
            page.markup("<div class=head><h1>Rules</h1><p>")
            page.text(
                "\(Words.count(counts.values.reduce(0, +), "rule")) in \(Words.count(groups.count, "group"))")
            for state in State.allCases where ![.quiet, .recording].contains(state) {
                guard let count = counts[state] else { continue }
                let words = state == .nomatch && count != 1 ? "read nothing" : state.words
                page.text(" · \(Words.thousands(Int64(count))) \(words)")
            }
            page.markup(" · <a href=\"")
            page.text(context.prefix + "/api/v1/rules")
            page.markup("\">JSON</a></p></div>")
            page.filter { page in
                page.choice("state", "State", state, State.allCases.map(\.rawValue)) {
                    State(rawValue: $0)?.words ?? $0
                }
                page.search("q", "Text", text)
            }
            page.part("groups", "<div class=col", "</div>") { page in
                if groups.isEmpty {
                    page.markup(
                        "<section class=card><p>No rules are loaded, so that no alert will ever fire. <code>rules:</code> in the configuration names their files.</p></section>"
                    )
                }
                body(&page)
            }
        }
    }

    private func admits(_ rule: RuleView) -> Bool {
        guard state.isEmpty || State(rule).rawValue == state else { return false }
        let text = text.lowercased()
        return text.isEmpty || rule.name.lowercased().contains(text) || rule.query.lowercased().contains(text)
    }

    private func body(_ page: inout HTML) {
        var rows = 0
        var omitted = 0
        for group in groups {
            let rules = group.rules.filter(admits)
            guard !rules.isEmpty else { continue }
            let shown = rules.prefix(max(RulesPage.rowLimit - rows, 0))
            rows += shown.count
            omitted += rules.count - shown.count
            guard !shown.isEmpty else { continue }
            page.markup("<section class=card><header><h2 class=wrap>")
            page.text(group.name, limit: 200)
            page.markup("</h2><p>")
            page.text("each \(Words.duration(group.interval)), ")
            page.text(
                group.lastEvaluation == nil
                    ? "not evaluated yet" : "took \(Words.measured(group.evaluationTime))")
            if let last = group.lastEvaluation {
                page.markup(", <span>")
                page.since(last)
                page.markup("</span> ago")
                if group.lateness >= RulesPage.lateness {
                    page.text(", began \(Words.measured(group.lateness)) late")
                }
            }
            page.markup(" · ")
            page.text(group.file, limit: 200)
            page.markup("</p></header>")
            page.beginTable(
                "Rules of \(group.name.prefix(100))",
                "<th>Rule<th>State<th>Severity<th>For<th class=num>It read<th class=num>It took<th>Found now")
            for rule in shown { row(rule, &page) }
            page.markup("</tbody></table></div></section>")
        }
        if rows == 0, !groups.isEmpty {
            page.markup("<section class=card><p class=quiet>No rule is like that.</p></section>")
        }
        page.more(rows + omitted, limit: rows)
    }

    private func row(_ rule: RuleView, _ page: inout HTML) {
        let state = State(rule)
        page.markup("<tr><td class=wrap>")
        if case .alerting = rule.kind {
            page.link(.runbook(rule.name), rule.name)
        } else {
            page.text(rule.name, limit: 200)
        }
        page.markup("<br>")
        page.begin(.query(String(rule.query.prefix(4000))))
        page.markup("<code>")
        page.text(rule.query.split(whereSeparator: \.isWhitespace).joined(separator: " "), limit: 160)
        page.markup("</code></a>")
        if let error = rule.lastError, !error.isEmpty {
            page.markup("<p class=\"say bad\">")
            page.text(error, limit: 400)
            page.markup("</p>")
        }
        page.markup("</td><td>")
        page.chip(state.gravity, state.words)
        page.markup("</td><td>")
        page.text(rule.labels["severity"] ?? "", limit: 40)
        page.markup("</td><td class=nb>")
        if case .alerting(let alerting) = rule.kind {
            page.text(alerting.hold == .zero ? "at once" : Words.duration(alerting.hold))
        }
        evaluation(rule, &page)
        page.markup("</td><td class=wrap>")
        if case .alerting(let alerting) = rule.kind { found(alerting, &page) }
        page.markup("</td></tr>")
    }

    /// What the last evaluation read, and how long it took; when it was stands in the group's head.
    private func evaluation(_ rule: RuleView, _ page: inout HTML) {
        page.markup("</td><td class=num>")
        guard rule.lastEvaluation != nil else { return page.markup("nothing yet</td><td>") }
        page.text(
            "\(Words.count(rule.series, "series", "series")), \(Words.count(rule.samples, "sample"))", limit: 80)
        page.markup("</td><td class=\"num nb\">")
        page.text(Words.measured(rule.evaluationTime))
    }

    private func found(_ alerting: RuleView.Alerting, _ page: inout HTML) {
        for alert in alerting.alerts.prefix(3) {
            page.markup("<div>")
            page.begin(RunbookPage.address(alert))
            page.text(alert.annotations["summary"] ?? alert.labels.description, limit: 160)
            page.markup("</a> <small class=quiet>")
            page.text("value \(Words.number(alert.value)), ")
            page.since(alert.activeAt)
            page.markup("</small></div>")
        }
        if alerting.alerts.count > 3 {
            page.element("<small class=quiet>", "and \(alerting.alerts.count - 3) more", "</small>")
        }
    }
}
