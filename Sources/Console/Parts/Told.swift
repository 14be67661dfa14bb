import Alerts
import Samples
import Text
import Web

/// Who was notified of an incident: one row per integration.
struct Told {
    let told: [IncidentTold]

    /// Maximum number of rows.
    private static let limit = 30
    private static let shareBytes = 10 << 10

    func render(_ page: inout HTML) {
        guard !told.isEmpty else {
            return page.markup("<p class=quiet>Nobody yet: no message about it is due.</p>")
        }
        page.markup("<ul class=told>")
        let shown = page.items(told, limit: Told.limit, share: Told.shareBytes) { row($0, &$1) }
        page.markup("</ul>")
        if told.count > shown {
            page.element("<p class=quiet>", "and \(Words.count(told.count - shown, "integration")) more", "</p>")
        }
    }

    private func row(_ told: IncidentTold, _ page: inout HTML) {
        page.markup("<li><span class=t-")
        switch told.state {
        case .accepted: page.markup("ok")
        case .refused: page.markup("crit")
        case .waiting, .untold: page.markup("warn")
        }
        page.markup(">")
        page.icon(told.icon)
        page.markup("</span><b>")
        page.text(told.name, limit: 80)
        page.markup("</b>")
        switch told.state {
        case .refused: page.markup("<span class=\"chip crit\">refused</span>")
        case .waiting: page.markup("<span class=\"chip warn\">waiting</span>")
        case .untold: page.markup("<span class=chip>not told</span>")
        case .accepted: if let at = told.acceptedAt { page.time(at) } else { page.markup("<span></span>") }
        }
        page.markup("<span class=d>")
        switch told.state {
        case .accepted: page.markup("<span class=t-ok>accepted</span>; it knows of all that fires")
        case .refused:
            page.text(told.error.isEmpty ? "the last attempt failed" : told.error, limit: 240)
            page.markup("; the message is kept and tried again")
            since(told, &page)
        case .waiting:
            page.markup("a message waits")
            since(told, &page)
        case .untold:
            if let at = told.acceptedAt {
                page.markup("told last at ")
                page.time(at)
                page.markup("; held now")
            } else {
                page.markup("held by a silence, an inhibition or a wait")
            }
        }
        page.markup("</span></li>")
    }

    private func since(_ told: IncidentTold, _ page: inout HTML) {
        guard let since = told.waitingSince else { return }
        page.markup(", since ")
        page.time(since)
    }

    /// `PagerDuty ✓ Mail ✓ Slack ✕`: each integration kind once, with its worst state.
    static func line(_ told: [IncidentTold]) -> String {
        var order: [String] = []
        var signs: [String: String] = [:]
        let rank = ["✓", "–", "…", "✕"]
        for one in told {
            let name = one.integration.kind.displayName
            if signs[name] == nil { order.append(name) }
            let (old, new) = (rank.firstIndex(of: signs[name] ?? "✓") ?? 0, rank.firstIndex(of: one.sign) ?? 0)
            signs[name] = rank[max(old, new)]
        }
        return order.prefix(6).map { "\($0) \(signs[$0] ?? "")" }.joined(separator: " ")
    }
}
