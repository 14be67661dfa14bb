import Alerts
import Samples

/// An incident with consequences as shown in a message: what has happened, its effects, what to do, and a timeline.
/// Every part of it is bounded, since a fault may have any number of consequences.
struct IncidentText: Sendable {
    /// A link below the text.
    struct Link: Sendable, Hashable {
        var text: String
        var href: String
    }

    let cause: Alert
    /// The most severe first.
    let consequences: [Alert]
    let incident: Notification.Incident
    /// Whether all of its alerts were resolved when the message was decided.
    let isOver: Bool
    private let at: Timestamp
    private let ids: Set<UInt64>
    /// Alerts of the same message that may be on the timeline too: those of it that were resolved before the others.
    private let others: [Alert]
    /// The causes of the message's other incidents.
    private let otherCauses: [Alert]
    private let externalURL: String

    /// Maximum number of incidents of a message that are shown individually.
    private static let incidentLimit = 5
    private static let lineLimit = 10
    private static let lineRunes = 250
    private static let textRunes = 1500
    /// Target length of a headline: with the status in front of it, it still fits into the subject of a mail.
    private static let headlineRunes = 210
    private static let effectRunes = 40

    /// The incidents of a message that have consequences, the most severe first. A resolved message omits those that
    /// are still under way: they must not appear under the word "resolved".
    static func incidentTexts(of notification: Notification, externalURL: String) -> [IncidentText] {
        let incidents = notification.incidents.filter { incident in
            !incident.consequences.isEmpty
                && (notification.status == .firing || isOver(incident, notification.decidedAt))
        }
        let isOnlyOne = notification.incidents.count == 1
        let causes = notification.incidents.map(\.cause)
        return incidents.prefix(incidentLimit).map { incident in
            IncidentText(
                incident, at: notification.decidedAt, others: isOnlyOne ? notification.alerts : [],
                otherCauses: causes.filter { $0.id != incident.cause.id }, externalURL: externalURL)
        }
    }

    private static func isOver(_ incident: Notification.Incident, _ at: Timestamp) -> Bool {
        ([incident.cause] + incident.consequences).allSatisfy { $0.status(at: at) == .resolved }
    }

    init(
        _ incident: Notification.Incident, at: Timestamp, others: [Alert] = [], otherCauses: [Alert] = [],
        externalURL: String
    ) {
        self.incident = incident
        self.at = at
        self.others = others
        self.otherCauses = otherCauses
        self.externalURL = externalURL
        cause = incident.cause
        // Those with the same severity stay in order of arrival.
        consequences = incident.consequences.enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }.map(\.element)
        isOver = IncidentText.isOver(incident, at)
        ids = Set(([cause] + consequences).map(\.id))
    }

    private var alerts: [Alert] { [cause] + consequences }

    /// Whether an alert belongs to the incident.
    func tells(_ alert: Alert) -> Bool { ids.contains(alert.id) }

    /// The alerts that belong to none of the incidents.
    static func alerts(_ alerts: [Alert], outside incidentTexts: [IncidentText]) -> [Alert] {
        alerts.filter { alert in !incidentTexts.contains { $0.tells(alert) } }
    }

    // MARK: The headline

    /// `prod: PostgreSQL primary pg-1 is down; Vault serves nothing and 3 more`. A long headline drops the effect,
    /// never the cause.
    var headline: String {
        var root = place + Headline.summary(cause)
        var tail = consequences.count > 1 ? " and \(consequences.count - 1) more" : ""
        if !ending.isEmpty { tail += "; \(ending)" }
        // One fault with several causes: all nodes of a cluster.
        if otherCauses.allSatisfy({ $0.name == cause.name }) {
            root += Headline.also(cause, otherCauses)
        } else {
            tail += " (and \(SpokenDuration.counted(Int64(otherCauses.count), "other incident")))"
        }
        let room = IncidentText.headlineRunes - root.unicodeScalars.count - tail.unicodeScalars.count - 2
        let effect = consequences.first.map { Headline.summary($0) } ?? ""
        return root + "; " + effect.truncated(toRunes: max(room, IncidentText.effectRunes)) + tail
    }

    /// The cluster, unless the summary mentions it.
    private var place: String {
        guard let cluster = cause.labels["cluster"], !cluster.isEmpty,
            !IncidentText.names(Headline.summary(cause), cluster)
        else { return "" }
        return cluster + ": "
    }

    private static func names(_ text: String, _ word: String) -> Bool {
        let isPart = { (character: Character?) in character.map { $0.isLetter || $0.isNumber } ?? false }
        return text.ranges(of: word).contains { range in
            let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : nil
            let after = range.upperBound < text.endIndex ? text[range.upperBound] : nil
            return !isPart(before) && !isPart(after)
        }
    }

    /// That it is over, after how long, and for how long nothing was served; empty while it is under way.
    var ending: String {
        guard let endsAt else { return "" }
        let unserved = unservedTime
        let end = "over after \(SpokenDuration.text(endsAt - incident.startsAt))"
        return unserved > .zero ? "\(end), nothing was served for \(SpokenDuration.text(unserved))" : end
    }

    /// When the last of its alerts was resolved; nil while it is under way.
    var endsAt: Timestamp? { isOver ? alerts.compactMap(\.endsAt).max() : nil }

    /// Alerts that say that no node of a cluster serves requests.
    private static let outages: Set<String> = ["VaultNoActiveNode", "VaultActiveNodeLost"]

    /// How long at least one of those alerts fired.
    private var unservedTime: Duration {
        var total: Duration = .zero
        var reached: Timestamp?
        for alert in (alerts + incident.ended).filter({ IncidentText.outages.contains($0.name) }).sorted(by: {
            $0.startsAt < $1.startsAt
        }
        ) {
            guard let end = alert.endsAt else { continue }
            let start = max(alert.startsAt, reached ?? alert.startsAt)
            if end > start { total += end - start }
            reached = max(end, reached ?? end)
        }
        return total
    }

    // MARK: The body

    /// The cause in one line.
    var summary: String { IncidentText.line(cause) }

    /// The description of the cause's rule; empty if there is none, or if the incident is over, when it no longer
    /// holds.
    var description: String {
        guard !isOver else { return "" }
        return (cause.annotations["description"] ?? cause.annotations["message"] ?? "").truncated(
            toRunes: IncidentText.textRunes)
    }

    /// The consequences, the most severe first; those beyond the tenth are counted.
    var effects: [String] {
        let lines = consequences.prefix(IncidentText.lineLimit).map { IncidentText.line($0) }
        let left = consequences.count - lines.count
        return left > 0 ? lines + ["… and \(left) more"] : lines
    }

    /// What to do about the cause, then about the most severe consequence if that differs. Empty when the incident is
    /// over.
    var actions: [String] {
        guard !isOver else { return [] }
        let first = cause.annotations["action"] ?? ""
        let second = consequences.first?.annotations["action"] ?? ""
        return (first == second ? [first] : [first, second]).filter { !$0.isEmpty }.map {
            $0.truncated(toRunes: IncidentText.textRunes)
        }
    }

    private struct Event: Hashable {
        var id: UInt64
        var startsAt: Timestamp
    }

    /// The timeline in UTC: `02:00:14 No node is active`. Of many lines only the first and the last.
    var timeline: [String] {
        var events: [(time: Timestamp, text: String)] = []
        var seen: Set<Event> = []
        for alert in alerts + incident.ended + others.filter({ !tells($0) })
        where seen.insert(Event(id: alert.id, startsAt: alert.startsAt)).inserted {
            events.append((alert.startsAt, IncidentText.line(alert)))
            if let end = alert.endsAt, end <= at { events.append((end, "over: \(IncidentText.line(alert))")) }
        }
        events = events.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(
            \.element)
        let texts = events.map { ($0.time.rfc3339, $0.text) }
        let days = Set(texts.map { $0.0.prefix(10) })
        let lines = texts.map { time, text in
            (days.count > 1 ? "\(time.dropFirst(5).prefix(5)) " : "") + "\(time.dropFirst(11).prefix(8)) \(text)"
        }
        guard lines.count > IncidentText.lineLimit else { return lines }
        let kept = IncidentText.lineLimit / 2
        return lines.prefix(kept) + ["… \(lines.count - 2 * kept + 1) more …"] + lines.suffix(kept - 1)
    }

    /// The runbook of the cause, the expression that fired, and the incidents page.
    var links: [Link] {
        var links: [Link] = []
        if !isOver, let runbook = cause.annotations["runbook_url"] {
            links.append(Link(text: "Runbook", href: runbook))
        }
        links.append(Link(text: "Expression", href: cause.generatorURL))
        if !externalURL.isEmpty { links.append(Link(text: "Incidents", href: externalURL + "/incidents")) }
        return links.filter { SlackText.isLink($0.href) }
    }

    private static func line(_ alert: Alert) -> String { Headline.summary(alert).truncated(toRunes: lineRunes) }
}
