import Samples
import Text
import Web

/// The page at `/targets`: everything that is probed, failing targets first.
struct TargetsPage {
    let snapshot: EstateSnapshot
    /// By `TargetStates.target`.
    var courses: [String: ProbeCourse] = [:]
    /// `up`, `down` or `unknown`; empty for all.
    let state: String
    /// Text to find in the name or the error, ignoring case; empty for all.
    let text: String

    static let states = ["up", "down", "unknown"]
    private static let rowLimit = 500

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Targets", tab: .targets)
        layout.hasForm = !text.isEmpty
        let targets = snapshot.targets.filter(admits).sorted { a, b in
            let (x, y) = (TargetsPage.rank(a), TargetsPage.rank(b))
            return x == y ? TargetsPage.name(a) < TargetsPage.name(b) : x < y
        }
        return layout.render { page in
            page.markup("<div class=head><h1>Targets</h1><p>")
            page.text(EstatePage.answering(snapshot) + " · failures are counted since the agent’s start")
            page.markup(" · <a href=\"")
            page.text(context.prefix + "/api/v1/targets")
            page.markup("\">JSON</a></p></div>")
            page.filter { page in
                page.choice("state", "State", state, TargetsPage.states)
                page.search("q", "Text", text)
            }
            page.part("targets", "<section class=card", "</section>") { page in
                guard !targets.isEmpty else {
                    return page.markup("<p class=quiet>No target is like that.</p>")
                }
                page.beginTable(
                    "Targets",
                    "<th>Target<th>State<th>Since<th>Last probe<th class=num>It took<th class=num>In the last hour<th>Next turn<th>Failures<th>Why it failed"
                )
                let states = Dictionary(
                    snapshot.states.map { ($0.target, $0) }, uniquingKeysWith: { first, _ in first })
                let shown = page.items(targets, limit: TargetsPage.rowLimit) { target, page in
                    row(target, states[TargetsPage.name(target)]?.now, &page)
                }
                page.markup("</tbody></table></div>")
                page.rest(
                    targets.count, shown: shown, ": narrow it down above", json: Address("api", "v1", "targets"))
            }
        }
    }

    private func admits(_ target: TargetView) -> Bool {
        guard state.isEmpty || target.health.rawValue == state else { return false }
        let text = text.lowercased()
        return text.isEmpty || TargetsPage.name(target).lowercased().contains(text)
            || target.lastError.lowercased().contains(text)
    }

    private static func rank(_ target: TargetView) -> Int {
        switch target.health {
        case .down: 0
        case .unknown: 1
        case .up: 2
        }
    }

    /// `vault_node prod/vault-1`
    private static func name(_ target: TargetView) -> String {
        "\(target.labels["target_type"] ?? target.pool) \(target.labels["target"] ?? target.url)"
    }

    private func row(_ target: TargetView, _ run: StateRun?, _ page: inout HTML) {
        let (kind, name) = (target.labels["target_type"] ?? "", target.labels["target"] ?? "")
        page.markup("<tr><td class=wrap>")
        if kind.isEmpty || name.isEmpty {
            page.text(target.url, limit: 200)
        } else {
            page.link(.target(kind: kind, name: name), String(name.prefix(200)))
            page.markup(" <small class=quiet>")
            page.text(kind.replacing("_", with: " "), limit: 60)
            page.markup("</small>")
        }
        page.markup("</td><td>")
        let gravity: Gravity = target.health == .up ? .good : target.health == .down ? .critical : .unknown
        page.chip(gravity, target.health == .up ? "answers" : target.health == .down ? "fails" : "unknown")
        page.markup("</td><td class=nb>")
        if let run {
            page.text("\(run.state) ", limit: 40)
            page.since(run.from)
        } else {
            page.markup("unknown")
        }
        page.markup("</td><td class=nb>")
        if let last = target.lastProbe {
            page.since(last)
            page.markup(" ago")
        } else {
            page.markup("never")
        }
        page.markup("</td><td class=\"num nb\">")
        page.text(target.lastProbe == nil ? Words.unknown : Words.measured(target.duration))
        let course = courses[TargetsPage.name(target)] ?? ProbeCourse()
        page.markup("</td><td class=\"num nb\">")
        if let median = course.median, let slowest = course.slowest {
            page.text("median \(Words.measured(median))")
            page.markup("<br><small class=quiet>")
            page.text("slowest \(Words.measured(slowest))")
            page.markup("</small>")
        } else {
            page.text("no probe")
        }
        page.markup("</td><td class=nb>")
        if let next = course.next { page.time(next) } else { page.text(Words.unknown) }
        page.markup("<br><small class=quiet>")
        page.text("each \(Words.duration(course.interval ?? target.interval))")
        page.markup("</small></td><td>")
        let failures = course.failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        page.text(
            failures.isEmpty
                ? "none"
                : Words.list(failures.map { "\($0.key) \(Words.thousands(Int64(clamping: $0.value)))" }, limit: 4),
            limit: 200)
        page.markup("</td><td class=wrap>")
        page.text(target.lastError, limit: 300)
        page.markup("</td></tr>")
    }
}
