import Alerts
import Samples
import Text
import Web

/// The course of an incident in one list: states, alerts, messages, people and the agent.
struct Timeline {
    /// The filters of the list.
    enum Filter: String, CaseIterable, Sendable {
        case states, alerts, messages, people

        func admits(_ event: IncidentEvent) -> Bool {
            switch event.kind {
            case .state: self == .states
            case .alert: self == .alerts
            case .accepted, .refused, .dropped, .escalated, .held: self == .messages
            case .person, .agent: self == .people
            }
        }
    }

    let detail: IncidentDetail
    /// Nil for all.
    var filter: Filter?
    /// Maximum number of events shown, half of them the first ones and half the last ones, and their size.
    private static let limit = 60
    private static let shareBytes = 34 << 10

    private var record: IncidentRecord { detail.incident.record }

    func render(_ page: inout HTML) {
        page.card("timeline", "Timeline") { page in
            chips(&page)
            page.link(Address("incidents", "\(record.number).md"), "as Markdown", " class=r")
        } _: { page in
            let events = detail.events.filter { filter?.admits($0) ?? true }
            guard !events.isEmpty else {
                return page.markup(
                    "<p class=quiet>The history has nothing of it yet; it is written within a second.</p>")
            }
            page.markup("<ol class=tl>")
            let (half, share) = (Timeline.limit / 2, Timeline.shareBytes / 2)
            let isShort = events.count <= Timeline.limit
            let first = page.items(events, limit: isShort ? events.count : half, share: isShort ? 2 * share : share) {
                row($0, &$1)
            }
            if first < events.count {
                var last = HTML(page.context)
                let count = last.lastItems(events[first...], limit: half, share: share) { row($0, &$1) }
                let omitted = events.count - first - count
                if omitted > 0 {
                    page.element(
                        "<li><span class=tm></span><span class=ic></span><div><p class=quiet>",
                        "\(Words.count(omitted, "event")) between are left out here; the Markdown has all",
                        "</p></div></li>")
                }
                page.append(last)
            }
            page.markup("</ol>")
            if detail.isCut { page.markup("<p class=quiet>More happened than is listed; the history has all.</p>") }
        }
    }

    private func chips(_ page: inout HTML) {
        page.markup("<div class=chips role=group aria-label=Show>")
        chip("All", detail.events.count, isCurrent: filter == nil, "", &page)
        for choice in Filter.allCases {
            let count = detail.events.count { choice.admits($0) }
            chip(choice.rawValue.capitalised, count, isCurrent: choice == filter, choice.rawValue, &page)
        }
        page.markup("</div>")
    }

    private func chip(_ word: String, _ count: Int, isCurrent: Bool, _ value: String, _ page: inout HTML) {
        let address = Address("incidents", "\(record.number)", query: [("show", value)], fragment: "timeline")
        page.link(address, "\(word) \(count)", isCurrent ? " aria-current=true" : "")
    }

    private func row(_ event: IncidentEvent, _ page: inout HTML) {
        let isBig =
            event.kind == .alert && event.entry.kind == .firing && event.entry.subject.contains("VaultNoActiveNode")
        page.markup(isBig ? "<li class=big><span class=tm>" : "<li><span class=tm>")
        page.time(event.at, .tenth)
        page.element("<span class=off>", Timeline.offset(event.offset), "</span></span><span class=\"ic ")
        let (icon, gravity) = Timeline.icon(event)
        switch gravity {
        case .critical: page.markup("crit")
        case .warning: page.markup("warn")
        case .good: page.markup("ok")
        case .standby: page.markup("info")
        case .unknown: break
        }
        page.markup("\">")
        page.icon(icon)
        page.markup("</span><div><p>")
        page.text(Timeline.sentence(event), limit: 300)
        page.markup("</p>")
        let evidence = Timeline.evidence(event)
        if event.entry.kind == .note {
            page.markup("<p class=note>")
            page.text(evidence, limit: 2000)
            page.markup("</p>")
        } else if !evidence.isEmpty || event.count > 1 {
            page.markup("<small>")
            page.text(evidence, limit: 400)
            if event.count > 1 {
                page.text((evidence.isEmpty ? "" : "; ") + "\(event.count) times until ")
                page.time(event.until, .tenth)
            }
            page.markup("</small>")
        }
        page.markup("</div></li>")
    }

    // MARK: Words

    /// `0`, `+17 ms`, `−41 min`
    static func offset(_ offset: Duration) -> String {
        let seconds = offset.seconds
        if seconds == 0 { return "0" }
        return seconds < 0 ? Words.measured(seconds) : "+" + Words.measured(seconds)
    }

    /// An event's icon, and its background colour; `standby` for actions of people.
    static func icon(_ event: IncidentEvent) -> (icon: Icon, gravity: Gravity) {
        switch event.kind {
        case .state:
            let detail = event.entry.detail
            return (
                .change,
                detail.hasSuffix("critical")
                    ? .critical : detail.hasSuffix("warning") ? .warning : detail.hasSuffix("ok") ? .good : .unknown
            )
        case .alert:
            switch event.entry.kind {
            case .ended: return (.good, .good)
            case .pending: return (.clock, .unknown)
            default: return (.critical, .critical)
            }
        case .held: return (.silenced, .unknown)
        case .accepted: return (channel(event.entry.integration), .good)
        case .refused: return (channel(event.entry.integration), .critical)
        case .dropped: return (channel(event.entry.integration), .warning)
        case .escalated: return (.pager, .warning)
        case .person:
            return (event.entry.kind == .silence ? .silenced : event.entry.kind == .note ? .note : .person, .standby)
        case .agent: return (.probe, .unknown)
        }
    }

    private static func channel(_ integration: String) -> Icon {
        if integration.hasPrefix("email") { return .mail }
        return integration.hasPrefix("slack") ? .slack : .pager
    }

    /// The event, as a sentence without a full stop.
    static func sentence(_ event: IncidentEvent) -> String {
        let entry = event.entry
        let channel = IntegrationID(entry.integration).map {
            IncidentTold(receiver: entry.receiver, integration: $0, state: .accepted).name
        }
        let to = channel ?? entry.receiver
        switch event.kind {
        case .state:
            let name = entry.subject.split(separator: " ").last.map { $0.split(separator: "/").last ?? $0 } ?? ""
            let kind =
                entry.subject.hasPrefix("vault_cluster") || entry.subject.hasPrefix("postgres_cluster")
                ? "cluster " : ""
            return "\(kind)\(name): \(change(entry.detail))"
        case .alert:
            guard entry.kind == .pending else {
                return "\(alert(entry)) \(entry.kind == .ended ? "ended" : "fires")"
            }
            // The line below says which of the two it is, in the words of the history.
            return "\(alert(entry)) \(entry.detail.hasPrefix("over ") ? "no longer waits" : "waits")"
        case .held: return "\(alert(entry)): \(entry.detail)"
        case .accepted: return "\(to) accepted"
        case .refused: return "\(to) refused"
        case .dropped: return "\(to): message given up"
        case .escalated: return "escalated to \(entry.receiver)"
        case .person:
            switch entry.kind {
            case .note:
                return
                    "\(entry.detail.firstRange(of: ": ").map { String(entry.detail[..<$0.lowerBound]) } ?? "somebody") wrote"
            case .silence: return "silence: \(entry.detail)"
            default: return entry.detail
            }
        case .agent: return "the agent: \(entry.subject)"
        }
    }

    /// `VaultSealed vault-2`
    private static func alert(_ entry: HistoryEntry) -> String {
        let name = label("alertname", of: entry.subject)
        let subject =
            ["node", "server", "backup_set", "service", "via", "target"].lazy
            .compactMap { label($0, of: entry.subject) }.first.map { " \($0)" } ?? ""
        return (name ?? "an alert") + subject
    }

    /// `standby → sealed` of `standby → sealed, critical`; if the state is the same, the new health.
    private static func change(_ detail: String) -> String {
        guard let comma = detail.lastIndex(of: ",") else { return detail.replacing("_", with: " ") }
        let states = detail[..<comma].replacing("_", with: " ")
        guard let arrow = states.firstRange(of: " → "), states[..<arrow.lowerBound] == states[arrow.upperBound...]
        else {
            return String(states)
        }
        return "still \(states[arrow.upperBound...]), now\(detail[comma...].dropFirst())"
    }

    /// One line of evidence in small print; empty if the sentence is complete.
    static func evidence(_ event: IncidentEvent) -> String {
        let entry = event.entry
        switch event.kind {
        case .state: return entry.subject.replacing("_", with: " ")
        case .alert, .accepted, .refused, .dropped, .escalated, .agent: return entry.detail
        case .held: return ""
        case .person:
            guard entry.kind == .note else { return entry.kind == .silence ? entry.subject : "" }
            return entry.detail.firstRange(of: ": ").map { String(entry.detail[$0.upperBound...]) } ?? entry.detail
        }
    }

    /// A label's value in `{alertname="A", node="b"}`; nil if absent.
    static func label(_ name: String, of labels: String) -> String? {
        for before in ["{", ", ", ","] {
            guard let found = labels.firstRange(of: "\(before)\(name)=\"") else { continue }
            return String(labels[found.upperBound...].prefix { $0 != "\"" })
        }
        return nil
    }
}
