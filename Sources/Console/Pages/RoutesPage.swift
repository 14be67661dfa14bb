import Alerts
import Dispatching
import Samples
import Text
import Web

/// The page at `/routes`: the routing tree with the alerts of each branch, a form that shows which receivers given
/// labels would reach, and the state of the receivers.
struct RoutesPage {
    let snapshot: EstateSnapshot
    /// Nil if there is none.
    let tree: RouteTree?
    /// The labels to test, as entered; empty for none.
    let labels: String
    /// The time to test, as entered, `2026-11-28T03:11` in the page's zone; empty for now.
    var moment = ""
    /// The time intervals of the routes, by name.
    var intervals: [String: [TimeWindow]] = [:]
    /// The last tests of receivers.
    var tests: [ReceiverTest] = []

    private static let rowLimit = 500
    /// The size of the receivers' rows in bytes; the tree takes what they leave.
    private static let receiversShare = 32 << 10

    func render(_ context: PageContext) -> [UInt8] {
        var layout = Layout(context: context, title: "Routes", tab: .routes)
        layout.hasForm = !labels.isEmpty || !moment.isEmpty
        let tried = tried
        return layout.render { page in
            page.markup("<div class=head><h1>Routes</h1><p>where alerts go · <a href=\"")
            page.text(context.prefix + "/api/v2/alerts/groups")
            page.markup("\">JSON</a></p></div><div class=col>")
            box(tried, &page)
            var table = HTML(context)
            table.card("receivers", "Receivers") { page in receivers(&page) }
            page.card("tree", "The tree", "an alert takes the first branch whose matchers all match") { page in
                guard let tree else { return page.markup("<p class=quiet>There is no routing tree.</p>") }
                let ends = tried.labels.map { Set(tree.matching($0).map(\.index)) } ?? []
                draw(tree, ends, end: HTML.fullBytes - table.bytes.count, &page)
            }
            page.append(table)
            page.markup("</div>")
        }
    }

    // MARK: Labels

    /// The parsed labels, or the error in them.
    private var tried: (labels: Labels?, problem: String) {
        guard !labels.isEmpty else { return (nil, "") }
        do throws(MatcherSyntaxError) {
            let matchers = try MatcherSyntax.parse(labels)
            guard matchers.allSatisfy({ $0.operation == .equal }) else {
                return (nil, "labels of an alert are written with =, such as severity=\"critical\"")
            }
            return (
                Labels(Dictionary(matchers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })), ""
            )
        } catch {
            return (nil, error.description)
        }
    }

    private func box(_ tried: (labels: Labels?, problem: String), _ page: inout HTML) {
        page.card("try", "Where would an alert go?") { page in
            page.markup(
                "<form class=filter role=search><p class=field><label for=f-labels>Labels</label><input type=search id=f-labels name=labels maxlength=2000 size=48 placeholder=\"alertname=&quot;VaultSealed&quot;, severity=&quot;critical&quot;\" value=\""
            )
            page.text(labels)
            page.markup("\"></p><p class=field><label for=f-at>At, in ")
            page.text(page.context.clock.abbreviation)
            page.markup("</label><input type=datetime-local id=f-at name=at value=\"")
            page.text(moment.isEmpty ? page.context.clock.fieldText(snapshot.now) : moment)
            page.markup("\"></p><button class=btn>Try</button></form>")
            if !tried.problem.isEmpty {
                page.markup("<p class=\"say bad\">")
                page.text(tried.problem, limit: 500)
                page.markup("</p>")
            }
            let time = moment.isEmpty ? snapshot.now : page.context.clock.time(fieldText: moment)
            guard let time else {
                return page.markup("<p class=\"say bad\">At: expected a day and a time, such as 2026-11-28T06:30</p>")
            }
            guard let tree, let labels = tried.labels else { return }
            page.markup("<ul class=rows>")
            let matching = tree.matching(labels)
            let shown = page.items(matching, limit: 50, share: 16 << 10) { node, page in
                page.markup("<li><h3>to ")
                page.text(node.receiver, limit: 100)
                page.markup("</h3><p class=wrap>")
                verdict(obstacle(node, labels, time), time, &page)
                page.markup("</p><p class=\"quiet wrap\">")
                page.text(RoutesPage.waits(node), limit: 600)
                page.markup("</p></li>")
            }
            page.markup("</ul>")
            page.rest(matching.count, shown: shown)
            page.markup("<p class=quiet>Whether another alert inhibits it depends on what fires then.</p>")
        }
    }

    /// What keeps a route from sending a message at a time; nil if nothing does.
    private func obstacle(_ node: RouteTree.Node, _ labels: Labels, _ time: Timestamp) -> String? {
        guard snapshot.status.receivers.contains(where: { $0.name == node.receiver }) else {
            return "because \(node.receiver) has no integrations"
        }
        if let mute = node.mute(at: time, intervals) {
            let names = Words.list(mute.intervals)
            return mute.reason == .muteTime
                ? "because of the mute time \(names)" : "because it is not the active time \(names)"
        }
        return snapshot.silences.first { $0.isInForce(at: time) && $0.matches(labels) }.map {
            "because of the silence \($0.matchersText)" + ($0.createdBy.isEmpty ? "" : " of \($0.createdBy)")
        }
    }

    private func verdict(_ obstacle: String?, _ time: Timestamp, _ page: inout HTML) {
        page.text("would page at ")
        page.time(time, .full)
        page.markup(": <b>")
        page.text(obstacle == nil ? "yes" : "no")
        page.markup("</b>")
        if let obstacle { page.text(", \(obstacle)", limit: 400) }
    }

    /// A route's grouping and timing, as text.
    static func waits(_ node: RouteTree.Node) -> String {
        var parts: [String] = []
        switch node.groupBy {
        case .all: parts.append("each alert is a group of its own")
        case .labels(let names):
            parts.append(names.isEmpty ? "one group" : "grouped by \(Words.list(names.sorted(), limit: 8))")
        }
        parts.append("first message after \(Words.duration(node.groupWait))")
        parts.append("changes each \(Words.duration(node.groupInterval))")
        parts.append("repeated after \(Words.duration(node.repeatInterval))")
        if !node.muteTimeIntervals.isEmpty {
            parts.append("muted in \(Words.list(node.muteTimeIntervals))")
        }
        if !node.activeTimeIntervals.isEmpty {
            parts.append("only in \(Words.list(node.activeTimeIntervals))")
        }
        if node.continues { parts.append("then the next branch is tried too") }
        return parts.joined(separator: "; ")
    }

    // MARK: Tree

    /// - Parameter end: the size of the page at which the tree ends, in bytes.
    private func draw(_ tree: RouteTree, _ ends: Set<Int>, end: Int, _ page: inout HTML) {
        var rows = 0
        let counts = counts(tree)
        func add(_ index: Int) {
            guard rows < RoutesPage.rowLimit, page.bytes.count < end else { return }
            rows += 1
            let node = tree.nodes[index]
            page.markup("<li><div><span>")
            page.icon(ends.contains(index) ? .arrow : .node)
            page.markup("</span><span class=wrap><b>")
            page.text(
                index == 0 ? "everything" : node.matchers.map(\.alertmanagerText).joined(separator: ", "), limit: 400)
            page.markup("</b> → ")
            page.text(node.receiver, limit: 100)
            if ends.contains(index) { page.markup(" <b>(these labels)</b>") }
            page.markup("<br><small>")
            page.text(RoutesPage.waits(node), limit: 400)
            page.markup("</small></span><span class=nb>")
            page.text(Words.count(counts[node.key] ?? 0, "alert"))
            page.markup("</span></div>")
            if !node.children.isEmpty {
                page.markup("<ul>")
                for child in node.children { add(child) }
                page.markup("</ul>")
            }
            page.markup("</li>")
        }
        page.markup("<ul class=tree>")
        add(0)
        page.markup("</ul>")
        page.rest(tree.nodes.count, shown: rows, json: Address("api", "v2", "status"))
    }

    /// The number of alerts of each route, by its key, which is the prefix of its groups' keys.
    private func counts(_ tree: RouteTree) -> [String: Int] {
        var counts = Dictionary(tree.nodes.map { ($0.key, 0) }, uniquingKeysWith: { first, _ in first })
        for group in snapshot.groups {
            // Values of matchers may contain colons and braces too.
            var rest = group.key[...]
            while let separator = rest.firstRange(of: ":{") {
                let key = String(group.key[..<separator.lowerBound])
                if counts[key] != nil {
                    counts[key, default: 0] += group.alerts.count
                    break
                }
                rest = rest[separator.upperBound...]
            }
        }
        return counts
    }

    // MARK: Receivers

    private func receivers(_ page: inout HTML) {
        // In their own order within one gravity.
        let receivers = snapshot.status.receivers.enumerated().sorted { a, b in
            let (x, y) = (Gravity(a.element.health), Gravity(b.element.health))
            return x == y ? a.offset < b.offset : x > y
        }.map(\.element)
        guard !receivers.isEmpty else {
            return page.markup("<p class=quiet>No receiver has had anything to send yet.</p>")
        }
        page.beginTable(
            "Receivers",
            "<th>Receiver<th>State<th>Last accepted<th class=num>Waiting<th>Last refusal<th>Last test<th>Try it")
        var named: Set<String> = []
        let shown = page.items(receivers, limit: RoutesPage.rowLimit, share: RoutesPage.receiversShare) {
            receiver, page in
            page.markup("<tr><td>")
            page.text(receiver.name, limit: 100)
            page.markup(" <small class=quiet>")
            page.text(receiver.integration, limit: 60)
            page.markup("</small></td><td>")
            let gravity = Gravity(receiver.health)
            page.chip(gravity, gravity == .good ? "accepts" : gravity == .unknown ? "unknown" : "refuses")
            page.markup("</td><td class=nb>")
            if let at = receiver.lastAccepted.flatMap({ Timestamp(rfc3339: $0) }) {
                page.time(at)
            } else {
                page.markup("nothing yet")
            }
            page.markup("</td><td class=num>")
            page.number(receiver.waiting)
            page.markup("</td><td class=wrap>")
            page.text(receiver.lastError ?? "", limit: 300)
            page.markup("</td><td class=wrap>")
            if let test = tests.first(where: {
                $0.receiver == receiver.name && $0.integration == receiver.integration
            }) {
                page.chip(test.isAccepted ? .good : .critical, test.isAccepted ? "accepted" : "refused")
                page.markup(" ")
                page.time(test.at)
            } else {
                page.markup("none")
            }
            page.markup("</td><td>")
            // One message goes to all integrations of a receiver.
            if named.insert(receiver.name).inserted {
                page.link(ReceiverTestPage.address(receiver.name), "Send a test", " class=\"btn small\"")
            }
            page.markup("</td></tr>")
        }
        page.markup("</tbody></table></div>")
        page.rest(receivers.count, shown: shown, json: Address("api", "v1", "vaultwatch", "status"))
    }
}
