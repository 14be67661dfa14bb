import Alerts
import Samples
import Text
import Web

/// The page of one target: its state, past states, measurements, and incidents.
struct TargetPage {
    let snapshot: EstateSnapshot
    /// `vault_node`
    let kind: String
    /// `prod/vault-1`
    let name: String
    /// Its states over the selected range; nil if the history does not have them.
    let states: TargetStates?
    /// The selected range.
    let range: Duration

    /// The selectable ranges.
    static let ranges: [(word: String, length: Duration)] = [
        ("6h", .seconds(6 * 3600)), ("24h", .seconds(86400)), ("7d", .seconds(7 * 86400)),
    ]

    /// Nil if there is no such target.
    init?(
        snapshot: EstateSnapshot, kind: String, name: String, states: TargetStates?, range: Duration
    ) {
        self.snapshot = snapshot
        self.kind = kind
        self.name = name
        self.states = states ?? snapshot.states.first { $0.target == "\(kind) \(name)" }
        self.range = range
        guard target != nil || self.states != nil else { return nil }
    }

    private var target: EstateStatus.Target? {
        snapshot.status.sections.lazy.flatMap(\.targets).first { $0.kind == kind && $0.target == name }
    }

    private var short: String { name.split(separator: "/", maxSplits: 1).last.map(String.init) ?? name }

    func render(_ context: PageContext) -> [UInt8] {
        Layout(context: context, title: "\(short): \(target?.stateWords ?? "unknown")", tab: .estate).render { page in
            page.markup("<p class=crumb>")
            page.link(.estate, "Estate")
            page.text(" / \(kind.replacing("_", with: " ")) / \(name)")
            page.markup("</p>")
            band(&page)
            page.markup("<div class=cols><div class=col>")
            course(&page)
            signs(&page)
            page.markup("</div><div class=col>")
            warnings(&page)
            incidents(&page)
            page.markup("</div></div>")
        }
    }

    // MARK: Parts

    private func band(_ page: inout HTML) {
        let gravity = target?.gravity ?? .unknown
        let word = target?.stateWords ?? states?.now.map(Strips.words) ?? Words.unknown
        Band(
            // The impact on the estate is shown on the overview.
            gravity: gravity == .critical ? .critical : gravity == .warning ? .warning : gravity,
            eyebrow: { $0.text(kind.replacing("_", with: " ")) }, spoken: "\(short) is \(word)",
            sentence: { $0.text("\(target?.name ?? short): \(word)", limit: 160) }, why: target?.detail ?? "",
            facts: [
                Band.Fact("In this state") { page in
                    guard let run = states?.now else { return page.element("<b>", Words.unknown, "</b>") }
                    page.markup("<b>")
                    page.since(run.from)
                    page.markup("</b><br><small>since ")
                    page.time(run.from)
                    page.markup("</small>")
                },
                Band.Fact("Last probe") { page in
                    guard let at = target?.lastProbe.flatMap(Timestamp.init(rfc3339:)) else {
                        return page.markup("<b>none yet</b>")
                    }
                    page.markup("<b>")
                    page.time(at)
                    page.markup("</b>")
                    if let seconds = target?.seconds {
                        page.element("<br><small>took ", Words.duration(max(seconds, 0)), "</small>")
                    }
                },
                Band.Fact("Last error") { page in
                    let error = target?.lastError ?? ""
                    page.element("<b>", error.isEmpty ? "none" : String(error.prefix(160)), "</b>")
                },
                Band.Fact("Incidents") { page in
                    page.element("<b>", open.isEmpty ? "none" : "\(open.count) open", "</b>")
                },
            ], keepsDetails: true
        ).render(&page)
    }

    private func course(_ page: inout HTML) {
        page.card("course", "States", "true to time") { page in
            page.markup("<div class=\"chips r\" role=group aria-label=Range>")
            for (word, length) in TargetPage.ranges {
                let address = Address("estate", kind, name, query: [("range", word)])
                page.link(address, Words.duration(length), length == range ? " aria-current=true" : "")
            }
            page.markup("</div>")
        } _: { page in
            guard let states, !states.runs.isEmpty else {
                return page.markup("<p class=quiet>No state of it is known yet.</p>")
            }
            Strips(states: [states], now: snapshot.now, range: range).render(&page)
            page.markup("<table class=under><thead><tr><th>State<th>From<th>To<th class=num>Lasted</thead><tbody>")
            for run in states.runs.suffix(12).reversed() {
                page.markup("<tr><td class=t-")
                page.grade(Strips.gravity(run))
                page.markup(">")
                page.icon(Strips.gravity(run).icon, Strips.words(run))
                page.markup("</td><td>")
                page.time(run.from)
                page.markup("</td><td>")
                if let to = run.to { page.time(to) } else { page.markup("now") }
                page.markup("</td><td class=num>")
                page.text(Words.duration(((run.to ?? snapshot.now) - run.from).seconds.rounded(.down)))
                page.markup("</td></tr>")
            }
            page.markup("</tbody></table>")
        }
    }

    private func signs(_ page: inout HTML) {
        let signs = snapshot.vitals.filter { $0.target == "\(kind) \(name)" }.prefix(40)
        page.card("signs", "Vital signs", "6 h") { page in
            if signs.isEmpty {
                page.markup("<p class=quiet>Nothing of it is measured over time.</p>")
            } else {
                page.markup("<table><tbody>")
                for sign in signs { SignRow(sign: sign, namesTarget: false).render(&page) }
                page.markup("</tbody></table>")
            }
            page.markup("<p class=quiet>")
            page.link(.query("{" + selector + "}"), "all its metrics")
            page.markup("</p>")
        }
    }

    /// The labels of its series.
    private var selector: String {
        let cluster = ClusterView.cluster(of: name)
        switch kind {
        case "audit_log" where cluster == name: return "__name__=~\"vault_audit_.*\",cluster=\(cluster.quotedAsInGo)"
        case "audit_log":
            return
                "__name__=~\"vault_audit_.*\",cluster=\(cluster.quotedAsInGo),node=\(short.quotedAsInGo)"
        case "vault_node", "vault_telemetry": return "cluster=\(cluster.quotedAsInGo),node=\(short.quotedAsInGo)"
        case "postgres": return "cluster=\(cluster.quotedAsInGo),server=\(short.quotedAsInGo)"
        case "backup_set", "backup_content": return "backup_set=\(name.quotedAsInGo)"
        case "service", "service_mail": return "service=\(name.quotedAsInGo)"
        default: return "target=\(name.quotedAsInGo)"
        }
    }

    private func warnings(_ page: inout HTML) {
        let warnings = (target?.warnings ?? []).prefix(20)
        page.card("warnings", "Warnings") { page in
            guard !warnings.isEmpty else { return page.markup("<p class=quiet>None.</p>") }
            page.markup("<ul class=rows>")
            for warning in warnings {
                page.markup("<li>")
                page.mark(.warning)
                page.markup(" ")
                page.text(warning, limit: 300)
                page.markup("</li>")
            }
            page.markup("</ul>")
        }
    }

    // MARK: Incidents

    private func isAbout(_ record: IncidentRecord) -> Bool {
        record.members.contains { member in
            let labels = member.alert.labels
            let cluster = ClusterView.cluster(of: name)
            let names = [
                labels["node"], labels["server"], labels["backup_set"], labels["service"], labels["target"],
            ]
            return names.contains { $0 == short || $0 == name }
                && (labels["cluster"] == nil || !name.contains("/") || labels["cluster"] == cluster)
        }
    }

    private var open: [IncidentView] { snapshot.incidents.filter { isAbout($0.record) } }

    private func incidents(_ page: inout HTML) {
        let ended = snapshot.ended.lazy.filter(isAbout).prefix(8)
        page.card("incidents", "Incidents", "open, and of 90 days") { page in
            page.markup("<ul class=rows>")
            for view in open.prefix(20) {
                page.markup("<li><h3>")
                page.chip(view.gravity, view.record.severityWord)
                page.markup(" ")
                page.link(view.record.address, "#\(view.record.number)")
                page.markup(" ")
                page.text(view.record.sentence, limit: 160)
                page.markup("</h3><p class=quiet>since ")
                page.time(view.record.startsAt)
                page.markup("</p></li>")
            }
            var isNone = open.isEmpty
            for record in ended {
                isNone = false
                EndedRow(record: record).render(&page)
            }
            page.markup("</ul>")
            if isNone { page.markup("<p class=quiet>None.</p>") }
        }
    }
}

/// A resolved incident in a list.
struct EndedRow {
    let record: IncidentRecord

    func render(_ page: inout HTML) {
        page.markup("<li><h3>")
        page.link(record.address, "#\(record.number)")
        page.markup(" ")
        page.text(record.sentence, limit: 160)
        if let end = record.endedAt {
            page.text(", \(Words.duration((end - record.startsAt).seconds.rounded(.down)))")
        }
        page.markup("</h3><p class=quiet>")
        page.time(record.startsAt, .minute)
        let words = record.notes.last.map { ($0.by, $0.text) } ?? record.acknowledgement.map { ($0.by, $0.comment) }
        if let (by, text) = words {
            page.text(" · \(by)")
            if !text.isEmpty {
                page.markup(": “")
                page.text(text, limit: 120)
                page.markup("”")
            }
        }
        page.markup("</p></li>")
    }
}
