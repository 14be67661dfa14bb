import Alerts
import Samples
import Text
import Web

/// The start page. During an incident: impact, cause, start, notified receivers and next steps. Otherwise: all is well,
/// and upcoming events.
struct OverviewPage {
    let snapshot: EstateSnapshot
    /// The course of the most severe incident; nil while not known.
    let detail: IncidentDetail?
    /// Degradations of the agent itself.
    let degradations: [String]
    /// The runbook of that incident's cause, filled in; nil if there is none.
    var runbook: String?

    /// The incident that the page is about: the most severe and oldest one that is not silenced and is critical, or is
    /// at least of medium severity and not acknowledged; nil if there is none.
    static func head(of snapshot: EstateSnapshot) -> IncidentView? {
        snapshot.incidents.first { view in
            let isUrgent = view.record.currentSeverity >= .medium && view.record.acknowledgement == nil
            return view.silencedBy.isEmpty && (isUrgent || view.gravity == .critical)
        }
    }

    func render(_ context: PageContext) -> [UInt8] {
        let head = OverviewPage.head(of: snapshot)?.refreshed(by: snapshot.rules)
        let clusters = ClusterView.all(snapshot)
        var layout = Layout(context: context, title: title(head, clusters), tab: .overview)
        if let head { layout.bar = { IncidentActions(view: head).bar(&$0) } }
        return layout.render { page in
            if let head {
                incident(head, clusters, &page)
            } else {
                CalmOverview(snapshot: snapshot, clusters: clusters, degradations: degradations).render(&page)
            }
        }
    }

    private func title(_ head: IncidentView?, _ clusters: [ClusterView]) -> String {
        guard let head else { return CalmOverview.sentence(clusters) }
        return OverviewPage.sentence(head.record, clusters)
    }

    /// The gravest effect, as its rule states it; otherwise the state of the cluster if it is out of service, or the
    /// cause. Without a duration.
    static func sentence(_ record: IncidentRecord, _ clusters: [ClusterView]) -> String {
        let cluster = clusters.first { $0.name == record.cluster }
        if let impact = record.impact {
            // An alert that is kept while its series are missing keeps its text, which an outage has overtaken.
            let isOvertaken = impact == "Vault serves" || impact.hasPrefix("Vault serves;")
            if let cluster, cluster.service == .nothing, isOvertaken {
                return cluster.sentence(isOnly: clusters.count == 1)
            }
            return impact
        }
        guard let cluster else { return record.sentence }
        switch cluster.service {
        case .nothing, .fails: return cluster.sentence(isOnly: clusters.count == 1)
        case .serves, .unknown: return record.sentence
        }
    }

    // MARK: Incident

    private func incident(_ view: IncidentView, _ clusters: [ClusterView], _ page: inout HTML) {
        let record = view.record
        let sentence = OverviewPage.sentence(record, clusters)
        let cluster = clusters.first { $0.name == record.cluster }
        let reason = record.cause?.alert.reason ?? ""
        Band(
            gravity: view.gravity,
            eyebrow: { page in
                page.text("\(record.severityWord.capitalised) · incident ")
                page.link(record.address, "#\(record.number)")
                if clusters.count > 1, !record.cluster.isEmpty { page.text(" · \(record.cluster)", limit: 60) }
            }, spoken: sentence,
            sentence: { page in
                page.text(sentence, limit: 200)
                // Only an outage is measured from the last active node on.
                if let cluster, cluster.service == .nothing, sentence.hasSuffix("no active node"),
                    let last = cluster.lastActive
                {
                    page.markup(" for ")
                    page.since(last)
                }
            },
            why: sentence == record.sentence ? reason : record.sentence + (reason.isEmpty ? "." : ". " + reason),
            facts: [Band.since(record, snapshot.now), Band.told(view), Band.who(view), Band.next(view)],
            actions: { IncidentActions(view: view).band(&$0, isPage: false) }
        ).render(&page)
        page.markup("<div class=cols><div class=col>")
        OverviewPage.doNow(record, runbook, &page)
        page.markup("</div><div class=col>")
        page.card("told", "Who was told", aside: { $0.link(Address("routes"), "routes", " class=r") }) { page in
            Told(told: view.told).render(&page)
        }
        OverviewPage.tree(record, &page)
        page.markup("</div></div><div class=cols><div class=col>")
        estate(cluster ?? OverviewPage.gravest(clusters), clusters, &page)
        strips(cluster.map { [$0] } ?? clusters, record.startsAt, &page)
        page.markup("</div><div class=col>")
        Before(snapshot: snapshot, detail: detail, start: record.startsAt).render(&page)
        AlsoOpen(views: snapshot.incidents.filter { $0.record.number != record.number }).render(&page)
        Watch(snapshot: snapshot, degradations: degradations).render(&page)
        page.markup("</div></div>")
    }

    /// The first steps of the cause's runbook, or those of its annotation `action`.
    /// - Parameter runbook: the runbook, filled in; nil if there is none.
    static func doNow(_ record: IncidentRecord, _ runbook: String?, _ page: inout HTML) {
        guard let cause = record.cause?.alert else { return }
        let written = runbook.map(RunbookSteps.steps) ?? []
        let steps = written.isEmpty ? Steps.steps(of: cause.annotations["action"] ?? "") : written
        let address = Address.runbook(cause.name, cause.labels.runbookQuery)
        page.card("do", "Do now") { page in
            page.markup(written.isEmpty ? "<p>" : "<p>from the ")
            page.link(address, "runbook \(cause.name)")
            page.markup(written.isEmpty ? "</p>" : ", with what is measured</p>")
        } _: { page in
            guard !steps.isEmpty else {
                return page.markup("<p class=quiet>Its rule names no action; the runbook may.</p>")
            }
            Steps(steps: steps).render(&page)
            guard !written.isEmpty else { return }
            page.markup("<p class=under>")
            page.link(address, "The whole runbook: what else, what not to do, whom to call")
            page.markup("</p>")
        }
    }

    static func tree(_ record: IncidentRecord, _ page: inout HTML) {
        let count = record.members.count - 1 + record.omittedMembers
        let heading = count < 1 ? "One alert, no consequence" : "One cause, \(Words.count(count, "consequence"))"
        page.card("tree", heading, count < 1 ? "" : "one page instead of \(count + 1)") { page in
            CauseTree(record)?.render(&page)
            if record.omittedMembers > 0 {
                page.element(
                    "<p class=quiet>", "and \(Words.count(record.omittedMembers, "alert")) more that are not kept",
                    "</p>")
            }
        }
    }

    // MARK: The estate

    static func gravest(_ clusters: [ClusterView]) -> ClusterView? {
        clusters.max { $0.gravity < $1.gravity }
    }

    private func estate(_ cluster: ClusterView?, _ clusters: [ClusterView], _ page: inout HTML) {
        page.card("map", "Estate", EstatePage.answering(snapshot), aside: { $0.link(.estate, "large", " class=r") }) {
            page in
            guard let cluster else { return page.markup("<p class=quiet>No cluster is watched.</p>") }
            if clusters.count > 1 {
                page.element(
                    "<p class=quiet>",
                    "Cluster \(cluster.name); \(Words.count(clusters.count - 1, "other cluster")) on the large map",
                    "</p>")
            }
            EstateMap(cluster: cluster, backups: EstatePage.backups(snapshot)).render(&page)
        }
    }

    private func strips(_ clusters: [ClusterView], _ mark: Timestamp, _ page: inout HTML) {
        let states = EstatePage.strips(snapshot, clusters.map(\.name))
        guard !states.isEmpty else { return }
        page.card("strips", "Last 6 hours", "true to time: a bar is as long as the state lasted") { page in
            Strips(states: states, now: snapshot.now, mark: mark).render(&page)
        }
    }
}

extension String {
    /// `Critical`
    var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
