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

        /// Its place among the others: what needs attention comes first, all else is equal.
        var rank: Int {
            switch self {
            case .failing: 0
            case .firing: 1
            case .pending: 2
            case .nomatch: 3
            case .quiet, .recording, .unknown: 4
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

    /// The rules of one group that are shown.
    private struct Card {
        let head: HTML
        var rows: HTML
        var shown = 0
    }

    /// The rules of all groups share the page: those that fail or fire come first, and so do their groups.
    private func body(_ page: inout HTML) {
        let all = groups.enumerated().flatMap { index, group in
            group.rules.filter(admits).map { (group: index, rule: $0, rank: State($0).rank) }
        }
        // In the order of the groups within one rank.
        let worst = all.enumerated().sorted { a, b in
            let (x, y) = (a.element.rank, b.element.rank)
            return x == y ? a.offset < b.offset : x < y
        }
        let counts = Dictionary(all.map { ($0.group, 1) }, uniquingKeysWith: +)
        var cards: [(group: Int, card: Card)] = []
        var indices: [Int: Int] = [:]
        var used = page.bytes.count
        for (shown, one) in worst.lazy.map(\.element).enumerated() {
            guard shown < RulesPage.rowLimit, used < HTML.fullBytes else { break }
            let index = indices[one.group] ?? cards.count
            if index == cards.count {
                var head = HTML(page.context)
                self.head(groups[one.group], &head)
                used += head.bytes.count
                cards.append((one.group, Card(head: head, rows: HTML(page.context))))
                indices[one.group] = index
            }
            let before = cards[index].card.rows.bytes.count
            row(one.rule, &cards[index].card.rows)
            used += cards[index].card.rows.bytes.count - before
            cards[index].card.shown += 1
        }
        for (group, card) in cards {
            page.append(card.head)
            page.append(card.rows)
            page.markup("</tbody></table></div>")
            page.rest(counts[group] ?? 0, shown: card.shown, " of this group")
            page.markup("</section>")
        }
        if all.isEmpty, !groups.isEmpty {
            page.markup("<section class=card><p class=quiet>No rule is like that.</p></section>")
        }
        page.rest(
            all.count, shown: cards.reduce(0) { $0 + $1.card.shown }, ": narrow it down above",
            json: Address("api", "v1", "rules"))
    }

    private func head(_ group: RuleGroupView, _ page: inout HTML) {
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
    }

    private func row(_ rule: RuleView, _ page: inout HTML) {
        let state = State(rule)
        page.markup("<tr><td class=wrap>")
        if case .alerting = rule.kind, rule.name.utf8.count <= 200 {
            page.link(.runbook(rule.name), rule.name)
        } else {
            page.text(rule.name, limit: 200)
        }
        page.markup("<br>")
        linked(.query(rule.query), &page) { page in
            page.markup("<code>")
            page.text(rule.query.split(whereSeparator: \.isWhitespace).joined(separator: " "), limit: 160)
            page.markup("</code>")
        }
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

    /// Without the link if its address is very long: a cut one would lead elsewhere.
    private func linked(_ address: Address, _ page: inout HTML, _ body: (inout HTML) -> Void) {
        let isLinked = address.text.utf8.count <= 4000
        if isLinked { page.begin(address) }
        body(&page)
        if isLinked { page.markup("</a>") }
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
            linked(RunbookPage.address(alert), &page) { page in
                page.text(alert.annotations["summary"].map(Words.sentence) ?? alert.labels.description, limit: 160)
            }
            page.markup(" <small class=quiet>")
            page.text("value \(Words.number(alert.value)), ")
            page.since(alert.activeAt)
            page.markup("</small></div>")
        }
        if alerting.alerts.count > 3 {
            page.element("<small class=quiet>", "and \(alerting.alerts.count - 3) more", "</small>")
        }
    }
}
