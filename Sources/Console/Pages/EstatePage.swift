import Samples
import Text
import Web

/// The page at `/estate`: clusters that are not well as maps, all clusters with a line each, services, and the targets;
/// with `?cluster=`, one cluster alone.
struct EstatePage {
    let snapshot: EstateSnapshot
    /// The only cluster to show, as given in the URL; nil for all.
    var cluster: String?

    /// Up to this number of clusters each is drawn; of more, the gravest that are not well.
    private static let mapLimit = 3
    /// Up to this number of targets the table lists each; of more, those that are not well.
    private static let smallEstate = 60
    /// Maximum number of rows of each table.
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

    /// The services, and their test mails.
    static func services(_ snapshot: EstateSnapshot) -> [EstateStatus.Target] {
        snapshot.status.sections.flatMap(\.targets).filter { ["service", "service_mail"].contains($0.kind) }
    }

    /// The states of everything that serves clients: of these clusters from the entry points to the storage, and of all
    /// services.
    static func strips(_ snapshot: EstateSnapshot, _ clusters: [String]) -> [TargetStates] {
        let order = [
            "vault_load_balancer": 0, "vault_node": 1, "postgres": 2, "vault_canary": 3, "service": 4,
            "service_mail": 5,
        ]
        let clusters = Set(clusters)
        let found = snapshot.states.compactMap { states -> (rank: Int, name: String, states: TargetStates)? in
            let name = states.name
            guard let rank = order[states.kind], rank > 3 || clusters.contains(ClusterView.cluster(of: name)) else {
                return nil
            }
            return (rank, name, states)
        }
        return found.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.map(\.states)
    }

    /// The page of one cluster.
    static func address(_ cluster: String) -> Address { Address("estate", query: [("cluster", cluster)]) }

    /// Whether the cluster in the URL exists.
    var isFound: Bool { cluster.map { name in ClusterView.all(snapshot).contains { $0.name == name } } ?? true }

    func render(_ context: PageContext) -> [UInt8] {
        Layout(context: context, title: cluster.map { "Cluster \($0)" } ?? "Estate", tab: .estate).render { page in
            if let cluster {
                page.markup("<p class=crumb>")
                page.link(.estate, "Estate")
                page.markup("</p><div class=head><h1>")
                page.text("Cluster \(cluster)", limit: 100)
            } else {
                page.markup("<div class=head><h1>Estate")
            }
            page.markup("</h1><p>")
            page.text(EstatePage.answering(snapshot))
            page.markup("</p></div>")
            // Sorting keeps the order of the names within one gravity.
            let clusters = ClusterView.all(snapshot).filter { cluster == nil || $0.name == cluster }
                .map { (view: $0, gravity: $0.gravity) }.enumerated().sorted { a, b in
                    let (x, y) = (a.element.gravity, b.element.gravity)
                    return x == y ? a.offset < b.offset : x > y
                }.map { $0.element }
            maps(clusters, &page)
            if clusters.count > EstatePage.mapLimit { lines(clusters, &page) }
            if cluster == nil { services(&page) }
            table(&page)
        }
    }

    // MARK: Clusters

    private func maps(_ clusters: [(view: ClusterView, gravity: Gravity)], _ page: inout HTML) {
        let drawn = clusters.count <= EstatePage.mapLimit ? clusters : clusters.filter { $0.gravity > .standby }
        page.part("maps", "<div", "</div>") { page in
            if clusters.isEmpty {
                page.markup("<section class=card><p class=quiet>No Vault cluster is watched.</p></section>")
            }
            for (index, (cluster, _)) in drawn.prefix(EstatePage.mapLimit).enumerated() {
                page.markup("<section class=\"card under\"><header><h2>")
                page.text("Vault cluster \(cluster.name)", limit: 120)
                page.markup("</h2><p>")
                page.text(cluster.sentence(isOnly: true))
                page.markup("</p></header>")
                EstateMap(
                    rowLimit: clusters.count == 1 ? 24 : 9, cluster: cluster,
                    backups: index == 0 && self.cluster == nil ? EstatePage.backups(snapshot) : []
                ).render(&page)
                page.markup("</section>")
            }
        }
    }

    /// One line for each cluster.
    private func lines(_ clusters: [(view: ClusterView, gravity: Gravity)], _ page: inout HTML) {
        page.card("clusters", "Clusters", Words.count(clusters.count, "cluster")) { page in
            page.beginTable("Clusters", "<th>Cluster<th>State<th>Targets")
            let share = 30 << 10
            let shown = page.items(clusters, limit: EstatePage.rowLimit, share: share) { cluster, page in
                page.markup("<tr><td>")
                page.link(EstatePage.address(cluster.view.name), cluster.view.name)
                page.markup("</td><td>")
                page.mark(cluster.gravity)
                page.markup(" ")
                page.text(cluster.view.sentence(isOnly: true), limit: 120)
                page.markup("</td><td>")
                let targets = cluster.view.targets
                let bad = targets.count { Gravity($0.health) > .standby }
                page.text(
                    Words.count(targets.count, "target") + (bad == 0 ? ", all well" : ", \(bad) not well"))
                page.markup("</td></tr>")
            }
            page.markup("</tbody></table></div>")
            page.rest(clusters.count, shown: shown, ", none of which is worse", json: Address("api", "v1", "targets"))
        }
    }

    // MARK: Services

    /// Up to this number of services are drawn; of more, the gravest.
    private static let serviceLimit = 24

    /// What else serves people, each as a box; nothing where none is watched.
    private func services(_ page: inout HTML) {
        let services = EstatePage.services(snapshot)
        guard !services.isEmpty else { return }
        let bad = services.count { Gravity($0.health) > .standby }
        let note = bad == 0 ? "all as expected" : "\(bad) of \(services.count) not as expected"
        page.card("services", "Services", note) { page in
            // In their own order within one gravity.
            let worst = services.map { (gravity: Gravity($0.health), target: $0) }.enumerated().sorted { a, b in
                let (x, y) = (a.element.gravity, b.element.gravity)
                return x == y ? a.offset < b.offset : x > y
            }
            page.markup("<div class=map><div class=row>")
            let shown = page.items(worst, limit: EstatePage.serviceLimit, share: 20 << 10) { item, page in
                EstateMap.box(item.element.target, &page)
            }
            page.markup("</div></div>")
            let rest = services.count - shown
            if rest > 0 {
                page.element("<p class=quiet>", Words.count(rest, "other service"), ", none of which is worse: ")
                page.link(Address("targets"), "all targets")
                page.markup("</p>")
            }
        }
    }

    // MARK: Targets

    private func table(_ page: inout HTML) {
        let own = cluster.map { ["Vault cluster \($0)", "PostgreSQL of \($0)"] }
        let all = snapshot.status.sections.filter { own?.contains($0.title) ?? true }
            .flatMap { section in section.targets.map { (section: section.title, target: $0) } }
        let isWhole = cluster != nil || all.count <= EstatePage.smallEstate
        let targets = isWhole ? all : all.filter { Gravity($0.target.health) > .standby }
        let heading = isWhole ? "Everything that is watched" : "What is not well"
        page.card("all", heading, Words.count(targets.count, "target")) { page in
            if targets.isEmpty {
                page.markup("<p class=quiet>Nothing.</p>")
            } else {
                rows(targets, &page)
            }
            guard targets.count < all.count else { return }
            page.element("<p class=quiet>", Words.count(all.count - targets.count, "other target"), " ")
            page.markup(all.count - targets.count == 1 ? "is well: " : "are well: ")
            page.link(Address("targets"), "all targets")
            page.markup("</p>")
        }
    }

    private func rows(_ targets: [(section: String, target: EstateStatus.Target)], _ page: inout HTML) {
        page.markup(
            "<div class=scroll tabindex=0 role=group aria-label=Targets><table><thead><tr><th>Target<th>Part of<th>State<th>Facts<th>Last probe</thead><tbody>"
        )
        // In their own order within one gravity.
        let worst = targets.map { (gravity: Gravity($0.target.health), $0) }.enumerated().sorted { a, b in
            let (x, y) = (a.element.gravity, b.element.gravity)
            return x == y ? a.offset < b.offset : x > y
        }
        let shown = page.items(worst.lazy.map { $0.element.1 }, limit: EstatePage.rowLimit) { row, page in
            let target = row.target
            page.markup("<tr><td>")
            page.link(target.address, target.name)
            page.markup("</td><td>")
            page.text(row.section, limit: 80)
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
        page.rest(
            targets.count, shown: shown,
            ", none of which is worse" + (cluster == nil ? ": narrow it down by cluster" : ""),
            json: Address("api", "v1", "targets"))
    }
}
