import Alerts
import Samples
import Text

/// An incident with consequences as shown in a message: what has happened, its effects, what to do, and a timeline.
/// Every part of it is bounded, since a fault may have any number of consequences.
struct IncidentText: Sendable {
    let cause: Alert
    /// The most severe first.
    let consequences: [Alert]
    let incident: Notification.Incident
    /// Whether all of its alerts were resolved when the message was decided.
    let isOver: Bool
    /// When the message was decided.
    let at: Timestamp
    let clock: MessageClock
    private let ids: Set<UInt64>
    /// Alerts of the same message that may be on the timeline too: those of it that were resolved before the others.
    private let others: [Alert]
    /// The causes of the message's other incidents.
    private let otherCauses: [Alert]

    /// Maximum number of incidents of a message that are shown individually.
    private static let incidentLimit = 5
    private static let lineLimit = 10
    private static let lineRunes = 250
    private static let textRunes = 1500
    private static let stepRunes = 700
    /// Target length of a headline: with the status in front of it, it still fits into the subject of a mail.
    private static let headlineRunes = 210
    private static let effectRunes = 40

    /// The incidents of a message that have consequences, the most severe first. A resolved message omits those that
    /// are still under way: they must not appear under the word "resolved".
    static func incidentTexts(of notification: Notification, clock: MessageClock = MessageClock()) -> [IncidentText] {
        let incidents = notification.incidents.filter { incident in
            !incident.consequences.isEmpty
                && (notification.status == .firing || isOver(incident, notification.decidedAt))
        }
        let isOnlyOne = notification.incidents.count == 1
        let causes = notification.incidents.map(\.cause)
        return incidents.prefix(incidentLimit).map { incident in
            IncidentText(
                incident, at: notification.decidedAt, others: isOnlyOne ? notification.alerts : [],
                otherCauses: causes.filter { $0.id != incident.cause.id }, clock: clock)
        }
    }

    private static func isOver(_ incident: Notification.Incident, _ at: Timestamp) -> Bool {
        ([incident.cause] + incident.consequences).allSatisfy { $0.status(at: at) == .resolved }
    }

    init(
        _ incident: Notification.Incident, at: Timestamp, others: [Alert] = [], otherCauses: [Alert] = [],
        clock: MessageClock = MessageClock()
    ) {
        self.incident = incident
        self.at = at
        self.others = others
        self.otherCauses = otherCauses
        self.clock = clock
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

    /// `prod: PostgreSQL primary pg-1 is down; Vault serves nothing`, and for an end `prod: over after 9 min:
    /// PostgreSQL primary pg-1 is down; nothing was served for 8 min`. A long headline drops the effect, never the
    /// cause.
    var headline: String {
        var cause = Headline.summary(self.cause)
        var tail = ""
        // One fault with several causes: all nodes of a cluster.
        if otherCauses.allSatisfy({ $0.name == self.cause.name }) {
            cause += Headline.also(self.cause, otherCauses)
        } else {
            tail += " (and \(SpokenDuration.counted(Int64(otherCauses.count), "other incident")))"
        }
        let place = Headline.place(self.cause)
        if let endsAt {
            return place + "over after \(IncidentText.duration(endsAt - incident.startsAt)): " + cause + unserved("; ")
                + tail
        }
        let effect = impact.isEmpty ? consequences.first.map { Headline.summary($0) } ?? "" : impact
        if impact.isEmpty, consequences.count > 1 { tail = " and \(consequences.count - 1) more" + tail }
        guard !effect.isEmpty else { return place + cause + tail }
        let used = (place + cause + tail).unicodeScalars.count + 2
        let room = max(IncidentText.headlineRunes - used, IncidentText.effectRunes)
        return place + cause + "; " + effect.truncated(toRunes: room) + tail
    }

    /// That it is over, after how long, and for how long nothing was served; empty while it is under way.
    var ending: String {
        guard let endsAt else { return "" }
        return "over after \(IncidentText.duration(endsAt - incident.startsAt))" + unserved(", ")
    }

    private func unserved(_ separator: String) -> String {
        let time = unservedTime
        return time > .zero ? "\(separator)nothing was served for \(Words.duration(time))" : ""
    }

    /// A duration in words; a clock that was stepped makes none negative.
    static func duration(_ duration: Duration) -> String { Words.duration(max(duration, .zero)) }

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

    /// What users lose: the impact of the most severe alert whose rule states one; empty if none does, or if the
    /// incident is over, when it no longer holds.
    var impact: String {
        guard !isOver else { return "" }
        let text = Words.sentence(EmailHeaders.oneLine(gravest?.annotations["impact"] ?? ""))
        return text.dropLastStop.truncated(toRunes: IncidentText.lineRunes)
    }

    /// How many alerts are examined for their impact.
    private static let impactLimit = 60
    /// Rules may explain each other in a circle.
    private static let chainLimit = 10

    /// The alert whose impact counts. Of several that are as severe, the last link of the chain, as on the incident's
    /// page: a storage is far from users, and its rule was evaluated before Vault was out of service.
    private var gravest: Alert? {
        let examined = [cause] + consequences.prefix(IncidentText.impactLimit - 1)
        let stated = examined.filter { !($0.annotations["impact"] ?? "").isEmpty }
        guard let severity = stated.map(\.severity).max() else { return nil }
        let candidates = stated.filter { $0.severity == severity }
        if candidates.count == 1 { return candidates.first }
        let byName = Dictionary(grouping: examined, by: \.name)
        return candidates.map { ($0, depth($0, byName)) }.max { a, b in
            (a.1, a.0.startsAt) < (b.1, b.0.startsAt)
        }?.0
    }

    /// The number of links between an alert and the cause.
    private func depth(_ alert: Alert, _ byName: [String: [Alert]]) -> Int {
        var depth = 0
        var next = alert
        while next.id != cause.id, depth < IncidentText.chainLimit, let before = explainer(of: next, byName) {
            depth += 1
            next = before
        }
        return depth
    }

    private func explainer(of alert: Alert, _ byName: [String: [Alert]]) -> Alert? {
        for explanation in alert.explanations {
            let found = (byName[explanation.alertName] ?? []).filter {
                $0.id != alert.id && explanation.holds(between: $0.labels, and: alert.labels)
            }
            if let chosen = found.first(where: { $0.id == cause.id }) ?? found.first { return chosen }
        }
        return nil
    }

    /// Why, as the cause's rule says in `because`, else its description; empty if there is neither, or if the incident
    /// is over, when it no longer holds.
    var description: String {
        guard !isOver else { return "" }
        let texts = ["because", "description", "message"].lazy.compactMap { cause.annotations[$0] }
        return Words.sentence((texts.first { !$0.isEmpty } ?? "").truncated(toRunes: IncidentText.textRunes))
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

    private static let stepLimit = 3

    /// The first steps of those actions, three at most.
    var steps: [ActionStep] {
        actions.flatMap { ActionStep.steps(of: $0) }.prefix(IncidentText.stepLimit).map { step in
            ActionStep(
                title: step.title.truncated(toRunes: IncidentText.stepRunes),
                commands: step.commands.map { $0.truncated(toRunes: IncidentText.stepRunes) })
        }
    }

    private struct Event: Hashable {
        var id: UInt64
        var startsAt: Timestamp
    }

    /// The timeline, in this host's zone: `02:00:14 No node is active`. Of many lines only the first and the last.
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
        let dayOf = { (time: Timestamp) in clock.full(time).prefix(10) }
        let isOneDay = Set(events.map { dayOf($0.time) }).count <= 1
        let lines = events.map { event in
            let day = isOneDay ? "" : "\(dayOf(event.time).dropFirst(5)) "
            return "\(day)\(clock.time(event.time, on: event.time)) \(event.text)"
        }
        guard lines.count > IncidentText.lineLimit else { return lines }
        let kept = IncidentText.lineLimit / 2
        return lines.prefix(kept) + ["… \(lines.count - 2 * kept + 1) more …"] + lines.suffix(kept - 1)
    }

    /// What an alert says, in one line.
    static func line(_ alert: Alert) -> String { Headline.summary(alert).truncated(toRunes: lineRunes) }
}
