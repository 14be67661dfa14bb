import Samples
import Text
import Web

/// The estate as a drawing, from the entry points down to the backups. A line is green if the upper target can use the
/// lower one, red and dashed if it can't.
struct EstateMap {
    /// Maximum number of boxes per row; the most severe are shown, with the number of others.
    var rowLimit = 6
    let cluster: ClusterView
    /// Backups and their records; drawn below the first cluster only.
    let backups: [EstateStatus.Target]

    private struct Row {
        var title: String
        var note: String
        var targets: [EstateStatus.Target]
    }

    func render(_ page: inout HTML) {
        page.markup("<div class=map>")
        let rows = self.rows
        for (index, row) in rows.enumerated() {
            self.row(row, &page)
            if index + 1 < rows.count { lines(row, rows[index + 1], &page) }
        }
        page.markup("</div>")
    }

    private var rows: [Row] {
        [
            Row(title: "Way in", note: "", targets: cluster.balancers),
            Row(title: "Vault", note: Words.count(cluster.nodes.count, "node"), targets: cluster.nodes),
            Row(title: "Storage", note: "PostgreSQL", targets: cluster.servers),
            Row(title: "Backups", note: "", targets: backups),
        ].filter { !$0.targets.isEmpty }
    }

    // MARK: Rows

    private func row(_ row: Row, _ page: inout HTML) {
        page.markup(row.targets.count == 1 ? "<div class=\"row one\"><p class=lane>" : "<div class=row><p class=lane>")
        page.text(row.title)
        if !row.note.isEmpty { page.element("<small>", row.note, "</small>") }
        page.markup("</p>")
        let shown = shown(row)
        for target in shown { EstateMap.box(target, &page) }
        let rest = row.targets.count - shown.count
        if rest > 0 {
            page.begin(EstatePage.address(cluster.name), " class=box")
            page.element("<span class=nm>", "\(Words.thousands(Int64(rest))) more", "</span>")
            page.element("<span class=dt>", "none of them is worse", "</span></a>")
        }
        page.markup("</div>")
    }

    /// In their own order, or the most severe ones if there are too many.
    private func shown(_ row: Row) -> [EstateStatus.Target] {
        guard row.targets.count > rowLimit else { return row.targets }
        return Array(row.targets.sorted { $0.gravity > $1.gravity }.prefix(rowLimit - 1))
    }

    /// One target: icon, name, state, and one fact.
    static func box(_ target: EstateStatus.Target, _ page: inout HTML) {
        page.markup("<a href=\"")
        page.href(target.address)
        page.markup("\" class=\"box ")
        page.grade(target.gravity)
        page.markup("\"><span class=nm>")
        page.icon(target.icon)
        page.text(target.name, limit: 60)
        page.markup("</span><span class=\"st t-")
        page.grade(target.gravity)
        page.markup("\">")
        page.icon(target.gravity.icon, target.stateWords)
        page.markup("</span><span class=dt>")
        page.text(fact(target), limit: 90)
        page.markup("</span></a>")
    }

    private static func fact(_ target: EstateStatus.Target) -> String {
        let warning = target.warnings.first ?? ""
        return target.health == .ok || warning.isEmpty ? target.detail : warning
    }

    // MARK: Lines

    /// Drawn if both rows consist of one line of up to three boxes.
    private func lines(_ upper: Row, _ lower: Row, _ page: inout HTML) {
        guard upper.targets.count <= 3, lower.targets.count <= 3, !isBackups(lower) || upper.title == "Storage" else {
            return page.markup("<div class=gap></div>")
        }
        page.markup("<svg class=links viewBox=\"0 0 300 30\" preserveAspectRatio=none aria-hidden=true>")
        switch (upper.title, lower.title) {
        case (_, "Backups"): replication(&page)
        case (_, "Storage"): storage(upper, lower, &page)
        default:
            for (index, balancer) in upper.targets.enumerated() {
                for (below, node) in lower.targets.enumerated() {
                    let from = EstateMap.center(index, of: upper.targets.count)
                    let to = EstateMap.center(below, of: lower.targets.count)
                    let spread = Double(below) - Double(lower.targets.count - 1) / 2
                    line(
                        from + spread * 8, to, isBad: balancer.health == .critical || node.health == .critical,
                        isIdle: node.gravity == .unknown, &page)
                }
            }
        }
        page.markup("</svg>")
    }

    private func isBackups(_ row: Row) -> Bool { row.title == "Backups" }

    /// Every node writes to the primary; without a primary, the line leads to the failing server.
    private func storage(_ upper: Row, _ lower: Row, _ page: inout HTML) {
        let servers = lower.targets
        let failing = servers.firstIndex { $0.health == .critical }
        guard let target = servers.firstIndex(where: { $0.state == "primary" }) ?? failing ?? servers.indices.first
        else { return }
        let isBad = cluster.primary == nil
        for (index, _) in upper.targets.enumerated() {
            let to = EstateMap.center(target, of: servers.count) + (Double(index) - Double(target)) * 8
            line(EstateMap.center(index, of: upper.targets.count), to, isBad: isBad, isIdle: false, &page)
        }
    }

    /// From the primary to each replica, below the servers.
    private func replication(_ page: inout HTML) {
        let servers = cluster.servers
        let failing = servers.firstIndex { $0.health == .critical }
        guard let source = servers.firstIndex(where: { $0.state == "primary" }) ?? failing, servers.count > 1 else {
            return
        }
        var depth = 16.0
        for (index, server) in servers.enumerated() where index != source {
            let from = EstateMap.center(source, of: servers.count) + (depth - 20)
            page.markup("<path")
            page.markup(cluster.primary == nil || server.health != .ok ? " class=bad d=\"M" : " d=\"M")
            page.length(from)
            page.markup(" 2V")
            page.length(depth)
            page.markup("H")
            page.length(EstateMap.center(index, of: servers.count))
            page.markup("V2\"/>")
            depth = min(depth + 10, 26)
        }
    }

    private func line(_ from: Double, _ to: Double, isBad: Bool, isIdle: Bool, _ page: inout HTML) {
        page.markup("<line")
        page.markup(isBad ? " class=bad" : isIdle ? " class=idle" : "")
        page.markup(" x1=\"")
        page.length(from)
        page.markup("\" y1=\"2\" x2=\"")
        page.length(to)
        page.markup("\" y2=\"28\"/>")
    }

    /// The centre of a box in a row of three columns; a single box is in the middle column.
    private static func center(_ index: Int, of count: Int) -> Double { count == 1 ? 150 : 50 + 100 * Double(index) }
}
