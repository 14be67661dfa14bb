import Alerts
import Dispatching
import Samples
import Text
import Web

/// The overview when no action is needed: all is well, how many failures are tolerated, and upcoming events.
struct CalmOverview {
    let snapshot: EstateSnapshot
    let clusters: [ClusterView]
    let degradations: [String]

    /// The state of all clusters together, as a sentence without a full stop.
    static func sentence(_ clusters: [ClusterView]) -> String {
        guard clusters.count != 1 else { return clusters[0].sentence(isOnly: true) }
        guard !clusters.isEmpty else { return "Nothing is watched yet" }
        let bad = clusters.filter { $0.service != .serves }
        if bad.isEmpty { return "All \(clusters.count) Vault clusters serve" }
        if bad.count == 1 { return bad[0].sentence(isOnly: false) }
        return "\(bad.count) of \(clusters.count) Vault clusters do not serve, or it is not known"
    }

    private var gravity: Gravity {
        let services = clusters.map(\.service)
        if clusters.isEmpty || services.contains(.unknown) { return .unknown }
        return services.contains { $0 != .serves } ? .critical : .good
    }

    func render(_ page: inout HTML) {
        let sentence = CalmOverview.sentence(clusters)
        Band(
            gravity: gravity,
            eyebrow: { page in
                let isQuiet = snapshot.incidents.isEmpty
                page.text(
                    gravity == .good
                        ? isQuiet ? "All is well" : "Nothing is urgent"
                        : gravity == .unknown ? "Not known" : "No alert yet")
            }, spoken: sentence, sentence: { $0.text(sentence + ".") }, why: why,
            facts: [last, loss, woken, open],
            actions: { page in
                page.begin(Address("routes"), " class=btn")
                page.icon(.pager)
                page.markup(" Send a test page</a>")
            }, keepsDetails: true
        ).render(&page)
        page.markup("<div class=cols><div class=col>")
        map(&page)
        page.markup("</div><div class=col>")
        signs(&page)
        comingUp(&page)
        page.markup("</div></div><div class=cols><div class=col>")
        strips(&page)
        page.markup("</div><div class=col>")
        Watch(snapshot: snapshot, degradations: degradations).render(&page)
        page.markup("</div></div>")
    }

    private var why: String {
        var parts: [String] = []
        if clusters.count == 1, let active = clusters[0].active.first { parts.append("\(active.name) is active.") }
        let (all, up) = (snapshot.targets.count, snapshot.targets.count { $0.health == .up })
        if all > 0 { parts.append(up == all ? "Everything answers." : "\(up) of \(all) targets answer.") }
        let waiting = snapshot.status.receivers.reduce(0) { $0 + $1.waiting }
        parts.append(
            waiting == 0 ? "Nothing waits to be told." : Words.count(waiting, "message") + " not accepted yet.")
        return parts.joined(separator: " ")
    }

    // MARK: Facts

    private var last: Band.Fact {
        Band.Fact("Last incident") { page in
            guard let record = snapshot.ended.first, let end = record.endedAt else {
                return page.markup("<b>none</b> in 90 days")
            }
            page.markup("<b>")
            page.since(end)
            page.markup(" ago</b>, ")
            page.text(Words.duration((end - record.startsAt).seconds.rounded(.down)))
            page.markup("<br><small>")
            page.link(record.address, "#\(record.number)")
            page.markup(" ")
            page.text(record.sentence, limit: 80)
            page.markup("</small>")
        }
    }

    private var loss: Band.Fact {
        Band.Fact("If Vault were lost now") { page in
            let backups = snapshot.backups
            if backups.sets.isEmpty {
                page.markup("<b>not known</b>: no backup is watched")
            } else if let point = backups.recoveryPoint {
                page.element("<b>", Words.duration(point.seconds.rounded(.down)), "</b> of writes are lost")
            } else {
                page.markup("<b>all</b> would be lost: no good backup is known")
            }
            page.markup("<br><small>")
            if let time = backups.recoveryTime {
                page.text("back within \(Words.duration(time.seconds)), as measured")
            } else {
                page.markup("how long a restore takes was never measured")
            }
            page.markup("</small>")
        }
    }

    private var woken: Band.Fact {
        Band.Fact("Who would be told") { page in
            let receivers = snapshot.status.receivers.filter { !$0.integration.hasPrefix("heartbeat") }
            let names = Set(receivers.map(\.name)).sorted()
            page.element("<b>", names.isEmpty ? "nobody" : Words.list(names, limit: 3), "</b><br><small>")
            let failing = receivers.count { $0.health == .warning || $0.health == .critical }
            page.text(
                names.isEmpty
                    ? "no receiver is configured"
                    : failing == 0 ? "none refuses" : "\(failing) of \(receivers.count) refuse")
            page.markup("</small>")
        }
    }

    private var open: Band.Fact {
        Band.Fact("Open") { page in
            let views = snapshot.incidents
            page.markup("<b>")
            page.link(.incidents, views.isEmpty ? "none" : "\(views.count)")
            page.markup("</b>")
            guard !views.isEmpty else { return }
            page.markup("<br><small>")
            page.text(Words.list(views.map(\.record.sentence), limit: 2), limit: 160)
            page.markup("</small>")
        }
    }

    // MARK: Parts

    private func map(_ page: inout HTML) {
        page.card("map", "Estate", EstatePage.answering(snapshot), aside: { $0.link(.estate, "large", " class=r") }) {
            page in
            guard let cluster = OverviewPage.gravest(clusters) else {
                return page.markup("<p class=quiet>No cluster is watched; the configuration names none.</p>")
            }
            if clusters.count > 1 { page.element("<p class=quiet>", "Cluster \(cluster.name)", "</p>") }
            EstateMap(cluster: cluster, backups: EstatePage.backups(snapshot)).render(&page)
        }
    }

    private func strips(_ page: inout HTML) {
        let states = EstatePage.strips(snapshot, clusters.map(\.name))
        guard !states.isEmpty else { return }
        page.card("strips", "Last 6 hours", "true to time: a bar is as long as the state lasted") { page in
            Strips(states: states, now: snapshot.now).render(&page)
        }
    }

    private func signs(_ page: inout HTML) {
        let signs = snapshot.vitals.filter { $0.unit != .time }.prefix(8)
        page.card("signs", "Vital signs", "6 h") { page in
            guard !signs.isEmpty else { return page.markup("<p class=quiet>Nothing is measured yet.</p>") }
            page.markup("<table><tbody>")
            for sign in signs { SignRow(sign: sign).render(&page) }
            page.markup("</tbody></table>")
        }
    }

    private func comingUp(_ page: inout HTML) {
        page.card("coming", "Coming up") { page in
            let items = ComingUp.items(snapshot)
            guard !items.isEmpty else { return page.markup("<p class=quiet>Nothing that is known.</p>") }
            page.markup("<dl class=kv>")
            for item in items.prefix(8) {
                page.markup("<dt>")
                page.time(item.at, .minute)
                page.markup("</dt><dd>")
                page.link(item.address, item.words)
                page.markup("</dd>")
            }
            page.markup("</dl>")
        }
    }
}

/// Events known in advance, earliest first.
struct ComingUp {
    let at: Timestamp
    let words: String
    let address: Address

    static func items(_ snapshot: EstateSnapshot) -> [ComingUp] {
        var items: [ComingUp] = []
        for set in snapshot.backups.sets.prefix(50) {
            if let due = set.nextDue {
                items.append(ComingUp(at: due, words: "backup of \(set.set) is due", address: Address("backups")))
            }
        }
        for silence in snapshot.silences.prefix(1000)
        where silence.startsAt <= snapshot.now && silence.endsAt > snapshot.now && !silence.untilResolved {
            let words = "silence ends: \(silence.comment.isEmpty ? silence.id : silence.comment)"
            items.append(ComingUp(at: silence.endsAt, words: words, address: Address("silences", silence.id)))
        }
        for sign in snapshot.vitals where sign.unit == .time {
            guard let seconds = sign.sketch.last, seconds > snapshot.now.seconds else { continue }
            let end = Timestamp(seconds: seconds)
            guard end - snapshot.now < .seconds(90 * 86400) else { continue }
            items.append(ComingUp(at: end, words: "\(sign.name) of \(sign.short)", address: sign.address))
        }
        return items.filter { $0.at > snapshot.now }.sorted { $0.at < $1.at }
    }
}

/// A measurement in a table row: name, sparkline, current value.
struct SignRow {
    let sign: VitalSign
    /// Whether the row includes the target's name.
    var namesTarget = true

    func render(_ page: inout HTML) {
        page.markup("<tr><td>")
        page.link(.query(sign.selector), namesTarget ? "\(sign.name) of \(sign.short)" : sign.name)
        page.markup("</td><td class=sp>")
        Sparkline(sign: sign).render(&page)
        page.markup(sign.deviation > 1 ? "</td><td class=\"num t-crit\"><b>" : "</td><td class=num><b>")
        page.text(sign.now)
        page.markup("</b></td></tr>")
    }
}
