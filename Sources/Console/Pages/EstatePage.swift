import Samples
import Text
import Web

/// The page at `/estate`: the large map, all clusters, and all other targets.
struct EstatePage {
    let snapshot: EstateSnapshot

    /// Maximum number of clusters drawn; the most severe are drawn, the others are in the table.
    private static let clusterLimit = 12
    /// Maximum number of table rows.
    private static let rowLimit = 500

    /// `14 of 14 targets answer`
    static func answering(_ snapshot: EstateSnapshot) -> String {
        let (all, up) = (snapshot.targets.count, snapshot.targets.count { $0.health == .up })
        guard all > 0 else { return "no target was asked yet" }
        let share = "\(up) of \(Words.count(all, "target")) \(up == 1 ? "answers" : "answer")"
        if up == all { return share }
        return up == 0
            ? share + ": it may be the agent's own network" : share + ", so it is not the agent's own network"
    }

    /// What is drawn below the storage: backup sets, and the records of runs and restore tests.
    static func backups(_ snapshot: EstateSnapshot) -> [EstateStatus.Target] {
        snapshot.status.sections.flatMap(\.targets).filter {
            ["backup_set", "postgres_backup", "records"].contains($0.kind)
        }
    }

    /// The states of everything that serves clients, from the entry points to the storage.
    static func strips(_ snapshot: EstateSnapshot, _ clusters: [String]) -> [TargetStates] {
        let kinds = ["vault_load_balancer", "vault_node", "postgres", "vault_canary"]
        return snapshot.states.filter { states in
            kinds.contains(states.kind) && clusters.contains(ClusterView.cluster(of: states.name))
        }.sorted { a, b in
            let (x, y) = (kinds.firstIndex(of: a.kind) ?? 0, kinds.firstIndex(of: b.kind) ?? 0)
            return x == y ? a.name < b.name : x < y
        }
    }

    func render(_ context: PageContext) -> [UInt8] {
        Layout(context: context, title: "Estate", tab: .estate).render { page in
            page.markup("<div class=head><h1>Estate</h1><p>")
            page.text(EstatePage.answering(snapshot))
            page.markup("</p></div>")
            let clusters = ClusterView.all(snapshot)
            let shown = clusters.sorted { $0.gravity > $1.gravity }.prefix(EstatePage.clusterLimit)
            page.part("maps", "<div", "</div>") { page in
                if clusters.isEmpty {
                    page.markup("<section class=card><p class=quiet>No Vault cluster is watched.</p></section>")
                }
                for (index, cluster) in shown.enumerated() {
                    page.markup("<section class=\"card under\"><header><h2>")
                    page.text("Vault cluster \(cluster.name)")
                    page.markup("</h2><p>")
                    page.text(cluster.sentence(isOnly: true))
                    page.markup("</p></header>")
                    EstateMap(
                        rowLimit: shown.count == 1 ? 24 : 9, cluster: cluster,
                        backups: index == 0 ? EstatePage.backups(snapshot) : []
                    ).render(&page)
                    page.markup("</section>")
                }
            }
            table(&page)
        }
    }

    private func table(_ page: inout HTML) {
        let targets = snapshot.status.sections.flatMap { section in section.targets.map { (section.title, $0) } }
        page.card("all", "Everything that is watched", Words.count(targets.count, "target")) { page in
            page.markup(
                "<div class=scroll tabindex=0 role=group aria-label=Targets><table><thead><tr><th>Target<th>Part of<th>State<th>Facts<th>Last probe</thead><tbody>"
            )
            // In their own order within one gravity.
            let worst = targets.enumerated().sorted { a, b in
                let (x, y) = (Gravity(a.element.1.health), Gravity(b.element.1.health))
                return x == y ? a.offset < b.offset : x > y
            }
            for (_, (section, target)) in worst.prefix(EstatePage.rowLimit) {
                page.markup("<tr><td>")
                page.link(target.address, target.name)
                page.markup("</td><td>")
                page.text(section, limit: 80)
                page.markup("</td><td class=\"nb t-")
                page.grade(target.gravity)
                page.markup("\">")
                page.icon(target.gravity.icon, target.stateWords)
                page.markup("</td><td class=wrap>")
                page.text(
                    ([target.detail] + target.warnings).filter { !$0.isEmpty }.joined(separator: "; "), limit: 240)
                page.markup("</td><td class=nb>")
                if let at = target.lastProbe.flatMap(Timestamp.init(rfc3339:)) { page.time(at) }
                page.markup("</td></tr>")
            }
            page.markup("</tbody></table></div>")
            if targets.count > EstatePage.rowLimit {
                page.element(
                    "<p class=quiet>",
                    "The \(EstatePage.rowLimit) gravest of \(Words.count(targets.count, "target")); all are in the API: /api/v1/targets",
                    "</p>")
            }
        }
    }
}
