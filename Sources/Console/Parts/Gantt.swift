import Alerts
import Samples
import Text
import Web

/// Cause and consequences over time: one bar per alert, below the alert that explains it. The grey part before it is
/// the rule's pending time.
struct Gantt {
    let tree: CauseTree
    let record: IncidentRecord
    let now: Timestamp
    /// The pending time of an alert's rule, by the alert's name.
    let holds: [String: Duration]

    private static let width = 720.0
    private static let rowLimit = 24
    private static let shareBytes = 14 << 10

    /// Computed once: every mark is placed by them.
    private let nodes: [CauseTree.Node]
    private let start: Timestamp
    private let end: Timestamp
    /// When the service was lost, if it was.
    private let outage: Timestamp?

    init(tree: CauseTree, record: IncidentRecord, now: Timestamp, holds: [String: Duration]) {
        self.tree = tree
        self.record = record
        self.now = now
        self.holds = holds
        nodes = tree.root.flat
        start = nodes.map { $0.startsAt - (holds[$0.name] ?? .zero) }.min() ?? record.startsAt
        end = max(record.endedAt ?? now, record.startsAt + .seconds(1))
        outage = record.members.filter { $0.alert.name == "VaultNoActiveNode" }.map {
            $0.alert.startsAt - (holds["VaultNoActiveNode"] ?? .zero)
        }.min()
    }

    private func place(_ time: Timestamp) -> Double {
        let share = (time - start).seconds / max((end - start).seconds, 1)
        return min(max(share, 0), 1) * Gantt.width
    }

    func render(_ page: inout HTML) {
        page.markup("<div class=gantt>")
        let shown = page.items(nodes, limit: Gantt.rowLimit, share: Gantt.shareBytes) { node, page in
            row(node, &page)
        }
        page.markup("<div class=g><span></span><p class=\"lr quiet\"><span>")
        page.text(page.context.clock.text(start))
        page.markup("</span><span>")
        page.text("+" + Words.duration(((end - start).seconds / 2).rounded(.down)))
        page.markup("</span><span>")
        page.text(record.endedAt.map { page.context.clock.text($0) } ?? "now")
        page.markup("</span></p></div></div>")
        page.rest(nodes.count, shown: shown)
        legend(&page)
    }

    private func row(_ node: CauseTree.Node, _ page: inout HTML) {
        page.markup("<div class=g><span class=lv")
        page.number(min(node.depth, 3))
        page.markup(node.depth == 0 ? "><b>" : ">")
        let name = node.which.isEmpty ? node.name : "\(node.name) \(node.which)"
        page.text(name, limit: 60)
        page.markup(node.depth == 0 ? "</b></span>" : "</span>")
        page.markup("<svg viewBox=\"0 0 720 18\" preserveAspectRatio=none role=img aria-label=\"")
        let until = node.endsAt.map { " until +\(Words.duration(($0 - record.startsAt).seconds))" } ?? " on"
        page.text("\(name) fires from +\(Words.duration(max((node.startsAt - record.startsAt).seconds, 0)))\(until)")
        page.markup("\">")
        let hold = holds[node.name] ?? .zero
        if hold > .zero {
            bar(
                node.startsAt - hold, node.startsAt, .unknown, thin: true, "its rule waits \(Words.duration(hold))",
                &page)
        }
        let lasted = ((node.endsAt ?? now) - node.startsAt).seconds.rounded(.down)
        bar(
            node.startsAt, node.endsAt ?? end, Gravity(node.severity), thin: false,
            "\(name): \(Words.duration(lasted))", &page)
        if let outage { mark(outage, "<line class=mark x1=\"", &page) }
        if let taken = record.firstAcknowledgedAt { mark(taken, "<line class=\"mark info\" x1=\"", &page) }
        page.markup("</svg></div>")
    }

    private func bar(
        _ from: Timestamp, _ to: Timestamp, _ gravity: Gravity, thin: Bool, _ title: String, _ page: inout HTML
    ) {
        let x = place(from)
        page.markup("<rect class=")
        page.fill(gravity)
        page.markup(" x=\"")
        page.length(x)
        page.markup("\" width=\"")
        page.length(max(place(to) - x, 1.6))
        page.markup(thin ? "\" y=7 height=4><title>" : "\" y=3 height=12 rx=2><title>")
        page.text(title)
        page.markup("</title></rect>")
    }

    private func mark(_ time: Timestamp, _ open: StaticString, _ page: inout HTML) {
        let x = place(time)
        page.markup(open)
        page.length(x)
        page.markup("\" x2=\"")
        page.length(x)
        page.markup("\" y1=-4 y2=22 />")
    }

    private func legend(_ page: inout HTML) {
        guard outage != nil || record.firstAcknowledgedAt != nil else { return }
        page.markup("<p class=key>")
        if let outage {
            page.markup(
                "<span><svg viewBox=\"0 0 22 14\" aria-hidden=true><line class=mark x1=11 x2=11 y1=0 y2=14 /></svg>Vault serves nothing from here, "
            )
            page.time(outage, .tenth)
            page.markup("</span>")
        }
        if let taken = record.firstAcknowledgedAt {
            page.markup(
                "<span><svg viewBox=\"0 0 22 14\" aria-hidden=true><line class=\"mark info\" x1=11 x2=11 y1=0 y2=14 /></svg>acknowledged, "
            )
            page.time(taken)
            page.markup("</span>")
        }
        page.markup("</p>")
    }
}
